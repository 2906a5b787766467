"""`conmanctl start`: by itself for many containers, with -a or -i a session with one.

A container that never ran has a shim, so the session is there before the program and misses nothing. One
that has run, or was created before a reboot, gets its shim with the start: what it writes is then read from
its log, from where that ended. It must never fail because the program was quicker than its session.
"""

import time
from typing import TYPE_CHECKING

import click

from conman.ctl.failure import CommandFailed
from conman.ctl.lazy import Verb
from conman.ctl.names import many
from conman.ctl.program import (
    Leaving,
    check_session,
    exit_code,
    session_options,
    session_with,
    started,
)
from conman.ctl.settings import client_of, common_options
from conman.ctl.verbs import for_each

if TYPE_CHECKING:
    from conman.ctl.client import Client
    from conman.ctl.pump import Link
    from conman.ctl.session import Session


@click.command(cls=Verb, example="--attach web")
@click.option("--attach", "-a", is_flag=True, help="Show what it writes; end with its exit code.")
@click.option("--interactive", "-i", is_flag=True, help="Type to it, too, if it takes any input.")
@session_options
@many
@common_options
@click.pass_context
def start(
    ctx: click.Context,
    containers: tuple[str, ...],
    *,
    attach: bool,
    interactive: bool,
    keys: bytes,
    sig_proxy: bool,
) -> int:
    """Run the programs of CREATED or EXITED containers.

    With -a or -i as `attach`. Of an EXITED container with a terminal or an input the session
    begins just after its program; what it wrote before is in its log.
    """
    client = client_of(ctx)
    if not (attach or interactive):
        return for_each(ctx, containers, lambda name: started(client, name))
    name, *others = containers
    if others:
        raise click.UsageError("-a and -i are for one container: a session is with one program")
    return _attached(ctx, client, name, Leaving(keys, sig_proxy), interactive=interactive)


def _attached(
    ctx: click.Context, client: "Client", name: str, leaving: Leaving, *, interactive: bool
) -> int:
    from conman.wire.v1 import conman_pb2 as wire

    check_session(ctx)
    request = wire.InspectContainerRequest(container_id=name)
    found = client.call("InspectContainer", request, wire.InspectContainerResponse)
    stdin = interactive and found.config.stdin
    container_id = found.status.container_id
    tty = found.config.tty
    session = session_with(
        ctx,
        container_id,
        name=name,
        stdin=stdin,
        tty=tty,
        # As `attach`.
        leaving=Leaving(leaving.keys, leaving.sig_proxy and not tty),
        stays=not found.config.auto_remove,
    )
    link = _before_it(session) if found.status.state != wire.EXITED else None
    if link is not None:
        started(client, container_id)
        return session.hold(link)
    if stdin or tty:
        since = time.time_ns()
        started(client, container_id, tty=tty)
        return session.hold_begun(since)
    return _read(client_of(ctx, endless=True), client, session)


def _before_it(session: "Session") -> "Link | None":
    """None: it gets its shim with the start only, as after a reboot; else that says what forbids it."""
    try:
        return session.open()
    except CommandFailed as failure:
        if failure.code != "FAILED_PRECONDITION":
            raise
        return None


def _read(endless: "Client", client: "Client", session: "Session") -> int:
    """What the next run writes, to its end."""
    from conman.ctl.logs import Printer, print_log
    from conman.ctl.proxy import passed_on
    from conman.wire.v1 import conman_pb2 as wire

    container_id = session.request.container_id
    # Its last line is what goes before.
    request = wire.LogsRequest(container_id=container_id, tail=1)
    for answer in client.stream("Logs", request, wire.LogsResponse):
        request.position = answer.position
    started(client, container_id)
    request.ClearField("tail")
    request.follow = True
    try:
        with passed_on(session.proxy):
            print_log(endless, request, Printer(timestamps=False))
            return exit_code(endless, container_id)
    except click.exceptions.Exit:
        session.say_left()
        raise
