"""pause, unpause, rename, update: what changes a container that stays.

It must never judge a limit or a policy: it reads sizes as people write them, conmand and the kernel say no.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from conman.ctl import sizes
from conman.ctl.create_words import restart_policy
from conman.ctl.lazy import Verb
from conman.ctl.names import many, one
from conman.ctl.output import complain, say
from conman.ctl.patience import new_request_id
from conman.ctl.settings import client_of, common_options
from conman.ctl.verbs import for_each

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from conman.wire.v1 import conman_pb2 as wire

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.command(cls=Verb, example="web")
@many
@common_options
@click.pass_context
def pause(ctx: click.Context, containers: tuple[str, ...]) -> int:
    """Freeze the programs of running containers."""
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx)

    def ask(name: str) -> "Message":
        request = wire.PauseContainerRequest(request_id=new_request_id(), container_id=name)
        return client.call("PauseContainer", request, wire.PauseContainerResponse)

    return for_each(ctx, containers, ask)


@click.command(cls=Verb, example="web")
@many
@common_options
@click.pass_context
def unpause(ctx: click.Context, containers: tuple[str, ...]) -> int:
    """Let the programs of paused containers go on."""
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx)

    def ask(name: str) -> "Message":
        request = wire.UnpauseContainerRequest(request_id=new_request_id(), container_id=name)
        return client.call("UnpauseContainer", request, wire.UnpauseContainerResponse)

    return for_each(ctx, containers, ask)


@click.command(cls=Verb, example="web web-old")
@one
@click.argument("new_name")
@common_options
@click.pass_context
def rename(ctx: click.Context, container: str, new_name: str) -> None:
    """Give a container another name."""
    from conman.wire.v1 import conman_pb2 as wire

    request = wire.RenameContainerRequest(
        request_id=new_request_id(), container_id=container, new_name=new_name
    )
    say(ctx, client_of(ctx).call("RenameContainer", request, wire.RenameContainerResponse), str)


class _Read(click.ParamType[int]):
    """A limit as `read` reads it."""

    def __init__(self, name: str, read: Callable[[str], int]) -> None:
        self.name, self._read = name, read

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if isinstance(value, int):
            return value
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


_SIZE, _INTEGER = _Read("SIZE", sizes.size), _Read("N", sizes.integer)
_LIMITS: tuple[tuple[tuple[str, ...], str, Any, str], ...] = (
    (("--memory", "-m"), "memory_bytes", _SIZE, "As 64m, 1g; 0: no limit."),
    (
        ("--memory-swap",),
        "memory_swap_bytes",
        _Read("SIZE", sizes.size_or_unlimited),
        "Memory and swap together; -1: any swap.",
    ),
    (
        ("--memory-reservation",),
        "memory_reservation_bytes",
        _SIZE,
        "What the kernel tries to come down to.",
    ),
    (("--cpus",), "nano_cpus", _Read("N", sizes.nano_cpus), "Processors: 0.5, 2; 0: no limit."),
    (("--cpu-shares", "-c"), "cpu_shares", _INTEGER, "Weight among others."),
    (("--cpu-period",), "cpu_period_us", _INTEGER, "Microseconds."),
    (("--cpu-quota",), "cpu_quota_us", _INTEGER, "Microseconds a period."),
    (("--cpuset-cpus",), "cpuset_cpus", str, "As 0-2,7."),
    (("--cpuset-mems",), "cpuset_mems", str, "As 0-1."),
    (("--pids-limit",), "pids_limit", _INTEGER, "Processes and threads; -1: any."),
    (("--restart",), "restart", str, "no, on-failure[:N], always or unless-stopped."),
)


def _limits(command: _Command) -> _Command:
    for flags, field, kind, text in reversed(_LIMITS):
        command = click.option(*flags, field, type=kind, help=text)(command)
    return command


def _policy(text: str | None) -> "wire.RestartPolicy | None":
    try:
        return None if text is None else restart_policy(text)
    except ValueError as error:
        raise click.UsageError(f"--restart {error}") from error


@click.command(cls=Verb, example="--memory 256m --cpus 1.5 web")
@_limits
@many
@common_options
@click.pass_context
def update(ctx: click.Context, containers: tuple[str, ...], **limits: str | int | None) -> int:
    """Change what containers may use, now and in every later run, or when they are restarted."""
    from conman.wire.v1 import conman_pb2 as wire

    named: dict[str, Any] = {field: limit for field, limit in limits.items() if limit is not None}
    if not named:
        raise click.UsageError("what is to change? Give at least one limit, or --restart")
    policy = _policy(named.pop("restart", None))
    client = client_of(ctx)

    def ask(name: str) -> "Message":
        request = wire.UpdateContainerRequest(
            request_id=new_request_id(),
            container_id=name,
            resources=wire.Resources(**named) if named else None,
            restart_policy=policy,
        )
        answer = client.call("UpdateContainer", request, wire.UpdateContainerResponse)
        for warning in answer.warnings:
            complain(f"warning: {warning}")
        return answer

    return for_each(ctx, containers, ask)
