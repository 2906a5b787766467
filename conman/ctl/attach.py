"""`conmanctl attach`: this terminal, and a program that runs already.

Options of sessions that several commands have are here, too. It must never decide whether a container can be
attached to: conmand does.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from conman.ctl import detach
from conman.ctl.lazy import Verb
from conman.ctl.names import one
from conman.ctl.patience import new_request_id
from conman.ctl.settings import client_of, common_options

if TYPE_CHECKING:
    from conman.ctl.client import Client

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Keys(click.ParamType[bytes]):
    """Keys that leave a session."""

    name = "keys"

    def convert(
        self, value: str | bytes, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        """Raises click's usage error that says which is none."""
        if isinstance(value, bytes):
            return value
        try:
            return detach.keys(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def session_options(command: _Command) -> _Command:
    """How a session is left, and what becomes of signals."""
    for option in (
        click.option(
            "--sig-proxy/--no-sig-proxy",
            default=True,
            help="Signals are for the program, where it has no terminal [default].",
        ),
        click.option(
            "--detach-keys",
            type=Keys(),
            default=detach.USUAL,
            metavar="KEYS",
            help=f"What leaves it and lets it go on, on a terminal [{detach.USUAL}].",
        ),
    ):
        command = option(command)
    return command


@click.command(cls=Verb, example="--detach-keys ctrl-x web")
@click.option("--no-stdin", is_flag=True, help="What is typed here is not for it.")
@session_options
@one
@common_options
@click.pass_context
def attach(
    ctx: click.Context, container: str, *, no_stdin: bool, detach_keys: bytes, sig_proxy: bool
) -> int:
    """Show what a running container's program writes, and type to it.

    Ends with the program, and with its exit code; goes on when conmand is killed. What it
    wrote before is in its log.
    """
    from conman.ctl.session import Session
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx)
    found = client.call(
        "InspectContainer",
        wire.InspectContainerRequest(container_id=container),
        wire.InspectContainerResponse,
    )
    container_id = found.status.container_id
    request = wire.OpenStreamRequest(
        container_id=container_id,
        stdin=found.config.stdin and not no_stdin,
        stdout=True,
        stderr=True,
    )
    session = Session(
        client,
        request,
        container,
        detach_keys,
        proxy_of(client, container_id) if sig_proxy else None,
        partial(exit_code, client_of(ctx, endless=True), container_id),
    )
    return session.hold(session.open())


def proxy_of(client: "Client", container_id: str) -> Callable[[Any], None]:
    """What sends signals to a container's program."""
    from conman.ctl.proxy import Proxy
    from conman.wire.v1 import conman_pb2 as wire

    def send(signal: str) -> None:
        request = wire.KillContainerRequest(
            request_id=new_request_id(), container_id=container_id, signal=signal
        )
        client.call("KillContainer", request, wire.KillContainerResponse)

    return Proxy(send)


def exit_code(client: "Client", container_id: str) -> int:
    """How the container's last run ended; waits for it."""
    from conman.wire.v1 import conman_pb2 as wire

    request = wire.WaitContainerRequest(container_id=container_id)
    return client.call("WaitContainer", request, wire.WaitContainerResponse).status.exit_code
