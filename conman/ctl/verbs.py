"""stop, kill, remove: in `conmanctl container` for scripts, and by themselves for people.

Each command builds a request, asks, and prints what it is told. It must never decide
anything that conmand decides: names, states, directories are conmand's to judge.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from conman.ctl.failure import EXIT_OK, CommandFailed, Unreachable
from conman.ctl.lazy import Verb
from conman.ctl.names import many
from conman.ctl.output import complain, is_for_scripts, say
from conman.ctl.patience import new_request_id
from conman.ctl.settings import Seconds, client_of, common_options

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from conman.ctl.client import Client
    from conman.wire.v1 import conman_pb2 as wire

_Command = TypeVar("_Command", bound=Callable[..., Any])
Answer = TypeVar("Answer", bound="Message")


def for_each(
    ctx: click.Context,
    containers: Sequence[str],
    ask: Callable[[str], Answer],
    words: Callable[[str, Answer], str] = lambda name, _answer: name,
    *,
    at_once: bool = False,
) -> int:
    """Ask for each, print each answer; the first failure's exit code. `words`: what people read.

    `at_once`: for people side by side; answers are printed in the order of the containers.
    """
    if at_once and not is_for_scripts(ctx):
        return _side_by_side(ctx, containers, ask, words)
    exit_code = EXIT_OK
    for each in containers:
        failed = _one(ctx, each, partial(ask, each), words)
        exit_code = exit_code or failed
    return exit_code


def _one(
    ctx: click.Context,
    name: str,
    ask: Callable[[], Answer],
    words: Callable[[str, Answer], str],
) -> int:
    try:
        answer = ask()
        say(ctx, answer, lambda: words(name, answer))
    except Unreachable:
        raise
    except CommandFailed as failure:
        complain(str(failure))
        return failure.exit_code
    return EXIT_OK


def _side_by_side(
    ctx: click.Context,
    containers: Sequence[str],
    ask: Callable[[str], Answer],
    words: Callable[[str, Answer], str],
) -> int:
    """Whom nobody answered is said at the end, once: others may have been."""
    from conman.ctl.side_by_side import begun

    exit_code, away = EXIT_OK, None
    with begun(ask, containers) as answers:
        for each, answered in zip(containers, answers, strict=True):
            try:
                failed = _one(ctx, each, answered, words)
                exit_code = exit_code or failed
            except Unreachable as failure:
                away = away or failure
    if away is not None:
        raise away
    return exit_code


def stop_time(command: _Command) -> _Command:
    """How long a stop waits."""
    return click.option(
        "--timeout",
        "--time",
        "-t",
        type=Seconds(),
        help="From the stop signal to KILL; 0 = KILL at once [the container's own, else 10].",
    )(command)


def stopped(
    client: "Client", container: str, timeout: float | None
) -> "wire.StopContainerResponse":
    """Its program does not run from here on. `timeout`: seconds, None: as it was created."""
    from conman.wire.v1 import conman_pb2 as wire

    request = wire.StopContainerRequest(
        request_id=new_request_id(),
        container_id=container,
        timeout_ms=None if timeout is None else round(timeout * 1000),
    )
    return client.call("StopContainer", request, wire.StopContainerResponse)


@click.command(cls=Verb, example="--timeout 2.5 web")
@stop_time
@many
@common_options
@click.pass_context
def stop(ctx: click.Context, timeout: float | None, containers: tuple[str, ...]) -> int:
    """End the programs of containers: their stop signal, then KILL."""
    # How long the container's own time is, only conmand knows.
    client = client_of(ctx, allowance_s=timeout)
    return for_each(ctx, containers, lambda name: stopped(client, name, timeout), at_once=True)


@click.command(cls=Verb, example="--signal HUP web")
@click.option(
    "--signal",
    "-s",
    metavar="NAME|NUMBER",
    default="KILL",
    show_default=True,
    help="As in HUP, SIGHUP, 1, RTMIN+3.",
)
@many
@common_options
@click.pass_context
def kill(ctx: click.Context, signal: str, containers: tuple[str, ...]) -> int:
    """Send one signal to the programs of running containers."""
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx)

    def ask(name: str) -> "Message":
        request = wire.KillContainerRequest(
            request_id=new_request_id(), container_id=name, signal=signal
        )
        return client.call("KillContainer", request, wire.KillContainerResponse)

    return for_each(ctx, containers, ask)


@click.command(cls=Verb, example="--force web")
@click.option(
    "--force",
    "-f",
    is_flag=True,
    help="Kill what still runs; UNKNOWN records too. What is not there is no failure.",
)
@click.option(
    "--volumes", "-v", is_flag=True, expose_value=False, help="As docker has it; there are none."
)
@many
@common_options
@click.pass_context
def remove(ctx: click.Context, *, force: bool, containers: tuple[str, ...]) -> int:
    """Remove containers and all that belongs to them."""
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx)

    def ask(name: str) -> "Message":
        request = wire.RemoveContainerRequest(
            request_id=new_request_id(), container_id=name, force=force
        )
        try:
            return client.call("RemoveContainer", request, wire.RemoveContainerResponse)
        except CommandFailed as failure:
            if force and failure.code == "NOT_FOUND":
                failure.exit_code = EXIT_OK
            raise

    return for_each(ctx, containers, ask, at_once=True)
