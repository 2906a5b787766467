"""`conmanctl exec`: one more program in a container that runs, and a session with it.

It must never judge whether the container can have one, nor what the program may: conmand does.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from conman.ctl import create_words as words
from conman.ctl.create import program_of
from conman.ctl.names import one
from conman.ctl.output import say
from conman.ctl.patience import new_request_id
from conman.ctl.program import (
    Leaving,
    ProgramVerb,
    check_session,
    needs_terminal,
    session_options,
)
from conman.ctl.settings import Seconds, client_of, common_options
from conman.ctl.terminal import console_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conman.ctl.client import Client
    from conman.ctl.session import Session
    from conman.wire.v1 import conman_pb2 as wire


@click.command(
    "exec",
    cls=ProgramVerb,
    context_settings={"allow_interspersed_args": False},
    example="-it web -- sh",
)
@click.option("--interactive", "-i", "stdin", is_flag=True, help="Its input can be typed to.")
@click.option("--tty", "-t", is_flag=True, help="Its streams are a terminal.")
@click.option("--detach", "-d", is_flag=True, help="Let it go on by itself.")
@click.option("--env", "-e", multiple=True, metavar="KEY[=VALUE]", help="KEY alone: as it is here.")
@click.option("--env-file", multiple=True, metavar="FILE", help="Lines of KEY=VALUE; -e overrides.")
@click.option("--workdir", "-w", "cwd", default="", metavar="DIR", help="[the container's]")
@click.option("--user", "-u", default="", metavar="USER[:GROUP]", help="[the container's]")
@click.option("--privileged", is_flag=True, help="All capabilities.")
@click.option("--timeout", type=Seconds(), default=0, help="Then it is killed; 0: never [0].")
@session_options
@one
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[--] COMMAND [ARG]...")
@common_options
@click.pass_context
def execute(
    ctx: click.Context,
    container: str,
    command: tuple[str, ...],
    *,
    detach: bool,
    keys: bytes,
    sig_proxy: bool,
    **given: Any,  # noqa: ANN401 - click's
) -> int | None:
    """Run a program in a running container, show what it writes and type to it.

    Ends with the program's exit code; else 125: conman could not begin it, 126: it cannot
    be run, 127: there is no such program. Goes on when conmand is killed.
    """
    from conman.wire.v1 import conman_pb2 as wire

    request = _request(container, program_of(command), given)
    if not detach:
        check_session(ctx)
    if request.tty and request.stdin and not detach:
        needs_terminal()
    # Nobody reads along: so nothing is to be opened before it begins.
    request.start = detach
    client = client_of(ctx)
    made = client.call("CreateExec", request, wire.CreateExecResponse)
    if not detach:
        created = _Exec(
            client,
            client_of(ctx, endless=True),
            container,
            made.container_id or container,
            made.exec_id,
        )
        return _held(created, request, Leaving(keys, sig_proxy))
    # As docker: nothing, for people.
    say(ctx, made, lambda: "")
    return None


def _request(
    container: str, program: "Sequence[str]", given: dict[str, Any]
) -> "wire.CreateExecRequest":
    from conman.wire.v1 import conman_pb2 as wire

    if not program:
        raise click.UsageError("what should it run? Give COMMAND after CONTAINER")
    request = wire.CreateExecRequest(
        request_id=new_request_id(),
        container_id=container,
        command=program[0],
        args=program[1:],
        timeout_ms=round(given["timeout"] * 1000),
        **{name: given[name] for name in ("stdin", "tty", "cwd", "user", "privileged")},
    )
    for path in given["env_file"]:
        try:
            words.env_file(request, path)
        except OSError as error:
            raise click.UsageError(f"--env-file {path}: {error.strerror}") from error
        except ValueError as error:
            raise click.UsageError(f"--env-file {error}") from error
    for text in given["env"]:
        words.env(request, text)
    return request


@dataclass(frozen=True, slots=True)
class _Exec:
    """One that was created. `endless`: a client that waits for ever. `container`: as a person calls it."""

    client: "Client"
    endless: "Client"
    container: str
    container_id: str
    exec_id: str

    def start(self, *, tty: bool) -> None:
        from conman.wire.v1 import conman_pb2 as wire

        request = wire.StartExecRequest(
            request_id=new_request_id(),
            container_id=self.container_id,
            exec_id=self.exec_id,
            console_size=console_size(tty=tty),
        )
        self.client.call("StartExec", request, wire.StartExecResponse)

    def kill(self, signal: str) -> None:
        from conman.wire.v1 import conman_pb2 as wire

        request = wire.KillExecRequest(
            request_id=new_request_id(),
            container_id=self.container_id,
            exec_id=self.exec_id,
            signal=signal,
        )
        self.client.call("KillExec", request, wire.KillExecResponse)

    def exit_code(self) -> int:
        """How it ended; waits for that."""
        from conman.wire.v1 import conman_pb2 as wire

        request = wire.WaitExecRequest(container_id=self.container_id, exec_id=self.exec_id)
        return self.endless.call("WaitExec", request, wire.WaitExecResponse).exec.exit_code


def _held(created: _Exec, request: "wire.CreateExecRequest", leaving: Leaving) -> int:
    session = _session(created, request, leaving)
    link = session.open()
    created.start(tty=request.tty)
    return session.hold(link)


def _session(created: _Exec, request: "wire.CreateExecRequest", leaving: Leaving) -> "Session":
    from conman.ctl.proxy import Proxy, not_taken
    from conman.ctl.session import Session
    from conman.wire.v1 import conman_pb2 as wire

    opened = wire.OpenStreamRequest(
        container_id=created.container_id,
        exec_id=created.exec_id,
        stdin=request.stdin,
        stdout=True,
        stderr=True,
    )
    name = f"{request.command} in {created.container}"
    proxy = Proxy(created.kill) if leaving.sig_proxy else not_taken
    return Session(
        created.client,
        created.endless,
        opened,
        name,
        request.tty,
        leaving.keys,
        proxy,
        created.exit_code,
    )
