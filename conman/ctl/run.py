"""`conmanctl run`: a container that is created, started and held a session with, in one command.

The session is there before the program is, so nothing that it writes is missed. It must never end with a
code that the program did not give, nor leave behind what it was told to remove.
"""

from typing import TYPE_CHECKING

import click

from conman.ctl.create_options import create_options, request_of
from conman.ctl.drawn_name import drawn_name
from conman.ctl.failure import CommandFailed
from conman.ctl.output import complain, say
from conman.ctl.patience import Patience, new_request_id
from conman.ctl.program import (
    Leaving,
    ProgramVerb,
    check_session,
    needs_terminal,
    session_options,
    session_with,
    started,
)
from conman.ctl.settings import client_of, common_options

if TYPE_CHECKING:
    from conman.ctl.client import Client
    from conman.ctl.session import Session
    from conman.wire.v1 import conman_pb2 as wire

#: So many names are drawn, the later ones with a number, before somebody else's luck is believed.
_DRAWS = 8
#: How long a create is waited for whose container is to be removed.
_JOIN_S = 10.0
_TOO_LATE = "DEADLINE_EXCEEDED"


@click.command(
    cls=ProgramVerb,
    # -h is the host name, as docker has it.
    context_settings={"allow_interspersed_args": False, "help_option_names": ["--help"]},
    example="-it --rootfs ./rootfs -- sh",
)
@click.option("--name", metavar="NAME", help="[two words are drawn]")
@click.option("--detach", "-d", is_flag=True, help="Print its id, and let it go on by itself.")
@session_options
@create_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[--] COMMAND [ARG]...")
@common_options
@click.pass_context
def run(
    ctx: click.Context,
    *,
    name: str | None,
    detach: bool,
    keys: bytes,
    sig_proxy: bool,
    command: tuple[str, ...],
) -> int | None:
    """Create a container, start it, show what it writes and type to it.

    Ends with the program's exit code; else 125: conman could not begin it, 126: it cannot
    be run, 127: there is no such program. -it is a terminal; it is left by ctrl-p ctrl-q.
    Goes on when conmand is killed.
    """
    from conman.ctl.proxy import not_taken, passed_on
    from conman.wire.v1 import conman_pb2 as wire

    request = request_of(ctx, name, command, unnamed=(drawn := drawn_name()))
    if not detach:
        check_session(ctx)
        _check(request)
    client = client_of(ctx)
    # Until there is a program, a signal ends this command.
    with passed_on(not_taken):
        created = wire.CreateContainerResponse()
        try:
            _create(client, request, created, drawn=request.name == drawn)
            for warning in created.warnings:
                complain(f"warning: {warning}")
            session = None if detach else _session(ctx, created, request, Leaving(keys, sig_proxy))
            link = session.open() if session else None
            started(client, created.container_id)
        except (CommandFailed, click.exceptions.Exit) as failure:
            # conmand removes what has run, not what never did.
            if request.auto_remove:
                _undo(client, request, created, failure)
            raise
        if session and link:
            return session.hold(link)
    say(ctx, created, lambda: created.container_id)
    return None


def _check(request: "wire.CreateContainerRequest") -> None:
    """Nothing is created for a session that cannot be; of one on pipes, the input's end is to arrive."""
    if request.stdin and request.tty:
        needs_terminal()
    if request.stdin and not request.tty:
        request.stdin_once = True


def _create(
    client: "Client",
    request: "wire.CreateContainerRequest",
    created: "wire.CreateContainerResponse",
    *,
    drawn: bool,
) -> None:
    """Fills `created`, and a signal may come at any moment: what is not in there may have been created yet."""
    for draw in range(1, _DRAWS):
        request.request_id = new_request_id()
        try:
            created.CopyFrom(client.call("CreateContainer", request, type(created)))
        except CommandFailed as failure:
            if not drawn or failure.code != "ALREADY_EXISTS":
                raise
        else:
            return
        request.name = drawn_name(draw)
    request.request_id = new_request_id()
    created.CopyFrom(client.call("CreateContainer", request, type(created)))


def _session(
    ctx: click.Context,
    created: "wire.CreateContainerResponse",
    request: "wire.CreateContainerRequest",
    leaving: Leaving,
) -> "Session":
    return session_with(
        ctx,
        created.container_id,
        name=request.name,
        stdin=request.stdin,
        tty=request.tty,
        leaving=leaving,
        removed=request.auto_remove,
        stays=not request.auto_remove,
    )


# ---- what never ran


def _undo(
    client: "Client",
    request: "wire.CreateContainerRequest",
    created: "wire.CreateContainerResponse",
    failure: CommandFailed | click.exceptions.Exit,
) -> None:
    """A refusal has left nothing; who was not told what came of it asks for the same once more.

    Raises CommandFailed where what `failure` says is true no more.
    """
    is_open = isinstance(failure, click.exceptions.Exit) or failure.code == _TOO_LATE
    if not created.container_id and request.request_id and is_open:
        _join(client, request, created)
    is_gone = bool(created.container_id) and _remove(client, created.container_id)
    # By conmand's own clock another thing was late: it has words for it.
    if is_gone and isinstance(failure, CommandFailed) and not failure.reason and is_open:
        raise CommandFailed(
            f"{request.name} did not begin in time, and is removed; give it longer with --deadline",
            failure.code,
        ) from failure


def _join(
    client: "Client",
    request: "wire.CreateContainerRequest",
    created: "wire.CreateContainerResponse",
) -> None:
    from conman.ctl.client import Client

    joining = Client(client.address, Patience(connect_s=0.0, deadline_s=_JOIN_S))
    try:
        created.CopyFrom(joining.call("CreateContainer", request, type(created)))
    except (CommandFailed, click.exceptions.Exit) as failure:
        # Else it is refused: there is none.
        if isinstance(failure, click.exceptions.Exit) or failure.code in ("", _TOO_LATE):
            complain(
                f"whether {request.name} was created is not known, and nothing will remove it:"
                " `conmanctl ps -a` tells"
            )


def _remove(client: "Client", container_id: str) -> bool:
    """Whether it is gone."""
    from conman.wire.v1 import conman_pb2 as wire

    request = wire.RemoveContainerRequest(
        request_id=new_request_id(), container_id=container_id, force=True
    )
    try:
        client.call("RemoveContainer", request, wire.RemoveContainerResponse)
    except CommandFailed as failure:
        if failure.code != "NOT_FOUND":
            complain(f"it was not removed: {failure}")
            return False
    return True
