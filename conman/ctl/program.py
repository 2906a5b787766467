"""Commands that are a session with a program: their options, and an exit code that is the program's.

It must never give one of conmanctl's own failures a code that docker's users would take for the program's.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from signal import Signals
from typing import TYPE_CHECKING, Any, TypeVar

import click

from conman.ctl import detach
from conman.ctl.failure import CommandFailed, Unreachable
from conman.ctl.lazy import Verb
from conman.ctl.output import complain, never_json
from conman.ctl.patience import Patience, new_request_id
from conman.ctl.settings import client_of
from conman.ctl.switches import Switch

if TYPE_CHECKING:
    from conman.ctl.address import Address
    from conman.ctl.client import Client
    from conman.ctl.session import Session
    from conman.wire.v1 import conman_pb2 as wire

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: As docker has them: it was not even begun; it cannot be run; there is no such program.
EXIT_NOT_BEGUN, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND = 125, 126, 127
#: How long a removal that is under way is watched.
_REMOVAL_S = 10.0
_BY_REASON = {"CommandNotExecutable": EXIT_NOT_EXECUTABLE, "CommandNotFound": EXIT_NOT_FOUND}


class NotBegun(click.UsageError):
    """Wrong usage, which is no code of a program either."""

    exit_code = EXIT_NOT_BEGUN


class ProgramVerb(Verb):
    """A command whose exit code is a program's, which it begins itself."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's
    ) -> click.Context:
        """Raises NotBegun for wrong usage."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            raise NotBegun(error.format_message(), error.ctx) from error

    def invoke(self, ctx: click.Context) -> object:
        """The program's code, or one that says why there is none."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise NotBegun(error.format_message(), error.ctx) from error
        except CommandFailed as failure:
            failure.exit_code = _BY_REASON.get(failure.reason, EXIT_NOT_BEGUN)
            raise
        except BrokenPipeError:
            # No failure, but a code that every command has.
            raise
        except OSError as error:
            failure = CommandFailed(f"the answer cannot be written: {error.strerror}")
            failure.exit_code = EXIT_NOT_BEGUN
            raise failure from error


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


@dataclass(frozen=True, slots=True)
class Leaving:
    """What ends a session but its program's end: keys, and signals that are not the program's."""

    keys: bytes
    sig_proxy: bool


keys_option = click.option(
    "--detach-keys",
    "keys",
    type=Keys(),
    default=detach.USUAL,
    metavar="KEYS",
    help=f"What leaves it and lets it go on, on a terminal [{detach.USUAL}].",
)


def needs_terminal() -> None:
    """Before anything is created for a session that cannot be. Raises click's UsageError."""
    if not os.isatty(0):
        raise click.UsageError("-t with -i needs a terminal, and this input is none: leave out -t")


def check_session(ctx: click.Context) -> None:
    """Before anything is created for a session that cannot be. Raises CommandFailed, and click's UsageError."""
    never_json(ctx, "a session shows what the program writes")
    address = client_of(ctx).address
    if address.socket_path is None:
        raise CommandFailed(
            f"a session is on conmand's own host, and {address.shown} is only a way to its calls:"
            " use conmanctl there, as in `ssh -t HOST conmanctl exec -it CONTAINER COMMAND`"
        )


def session_options(command: _Command) -> _Command:
    """How a session is left, and what becomes of signals."""
    proxy = click.option(
        "--sig-proxy/--no-sig-proxy",
        cls=Switch,
        default=True,
        help="Signals end the session; else they are the program's, unless it has this terminal.",
    )
    return keys_option(proxy(command))


def session_with(
    ctx: click.Context,
    container_id: str,
    *,
    name: str,
    stdin: bool,
    tty: bool,
    leaving: Leaving,
    removed: bool = False,
    stays: bool = True,
) -> "Session":
    """A session with a container's own program. `removed`: it ends when the container is gone; `stays`: that stays."""
    from conman.ctl.proxy import not_taken
    from conman.ctl.session import Session
    from conman.wire.v1 import conman_pb2 as wire

    client, endless = client_of(ctx), client_of(ctx, endless=True)
    request = wire.OpenStreamRequest(
        container_id=container_id, stdin=stdin, stdout=True, stderr=True
    )
    proxy = _proxy(client, container_id) if leaving.sig_proxy else not_taken
    gone = partial(_await_removal, client.address, container_id, name)
    return Session(
        client,
        endless,
        request,
        name,
        tty,
        leaving.keys,
        proxy,
        lambda: exit_code(endless, container_id, removed=removed),
        gone if removed else lambda: None,
        stays,
    )


def started(
    client: "Client", container: str, *, tty: bool = False
) -> "wire.StartContainerResponse":
    """Its program runs from here on. `tty`: it gets a terminal, which is shown in the window here."""
    from conman.ctl.terminal import console_size
    from conman.wire.v1 import conman_pb2 as wire

    request = wire.StartContainerRequest(
        request_id=new_request_id(), container_id=container, console_size=console_size(tty=tty)
    )
    return client.call("StartContainer", request, wire.StartContainerResponse)


def _proxy(client: "Client", container_id: str) -> Callable[[Signals], bool]:
    from conman.ctl.proxy import Proxy
    from conman.wire.v1 import conman_pb2 as wire

    def send(signal: str) -> None:
        request = wire.KillContainerRequest(
            request_id=new_request_id(), container_id=container_id, signal=signal
        )
        client.call("KillContainer", request, wire.KillContainerResponse)

    return Proxy(send)


def exit_code(client: "Client", container_id: str, *, removed: bool = False) -> int:
    """How the container's last run ended; waits for that. `removed`: until it is gone, too. Raises CommandFailed."""
    from conman.ctl.ended import code_of
    from conman.wire.v1 import conman_pb2 as wire

    request = wire.WaitContainerRequest(
        container_id=container_id,
        condition="CONDITION_REMOVED" if removed else "CONDITION_EXITED",
    )
    answer = client.call("WaitContainer", request, wire.WaitContainerResponse)
    return code_of(answer, container_id)


def _await_removal(address: "Address", container_id: str, name: str) -> None:
    """So that nothing is left when we are gone; conmand needs nobody to wait for it."""
    from conman.ctl.client import Client
    from conman.wire.v1 import conman_pb2 as wire

    client = Client(address, Patience(connect_s=0.0, deadline_s=_REMOVAL_S))
    request = wire.WaitContainerRequest(container_id=container_id, condition="CONDITION_REMOVED")
    try:
        client.call("WaitContainer", request, wire.WaitContainerResponse)
    except Unreachable:
        complain(f"conmand is away; it removes {name} when it is back")
    except CommandFailed as failure:
        if failure.code != "NOT_FOUND":
            complain(f"{name} is not removed yet; conmand goes on with it: {failure}")
