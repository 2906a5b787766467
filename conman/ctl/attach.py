"""`conmanctl attach`: this terminal, and a program that runs already.

It must never decide whether a container can be attached to: conmand does.
"""

import click

from conman.ctl.lazy import Verb
from conman.ctl.names import one
from conman.ctl.program import Leaving, check_session, session_options, session_with
from conman.ctl.settings import client_of, common_options


@click.command(cls=Verb, example="--detach-keys ctrl-x web")
@click.option("--no-stdin", is_flag=True, help="What is typed here is not for it.")
@session_options
@one
@common_options
@click.pass_context
def attach(
    ctx: click.Context, container: str, *, no_stdin: bool, keys: bytes, sig_proxy: bool
) -> int:
    """Show what a running container's program writes, and type to it.

    Ends with the program, and with its exit code; goes on when conmand is killed. What it
    wrote before is in its log.
    """
    from conman.wire.v1 import conman_pb2 as wire

    check_session(ctx)
    request = wire.InspectContainerRequest(container_id=container)
    found = client_of(ctx).call("InspectContainer", request, wire.InspectContainerResponse)
    session = session_with(
        ctx,
        found.status.container_id,
        name=container,
        stdin=found.config.stdin and not no_stdin,
        tty=found.config.tty,
        # As docker: what has a terminal is told by keys, whoever types them, and a ^C here leaves it.
        leaving=Leaving(keys, sig_proxy and not found.config.tty),
        stays=not found.config.auto_remove,
    )
    return session.hold(session.open())
