"""`conmanctl container ...`: the verbs for scripts, one protobuf JSON answer a line.

Each command builds a request, asks, and prints what it is told. It must never decide
anything that conmand decides: names, states, directories are conmand's to judge.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from conman.ctl.create import create
from conman.ctl.failure import EXIT_OK, CommandFailed, Unreachable
from conman.ctl.output import complain, print_answer
from conman.ctl.patience import new_request_id
from conman.ctl.settings import Seconds, client_of, common_options

if TYPE_CHECKING:
    from google.protobuf.message import Message

ALIASES = {"state": "status", "delete": "remove", "rm": "remove", "ls": "list"}
STOP_TIMEOUT_S = 10.0


class AliasedGroup(click.Group):
    """A group that knows some of its commands by a second name."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command by either name."""
        return super().get_command(ctx, ALIASES.get(cmd_name, cmd_name))


@click.group(cls=AliasedGroup)
def container() -> None:
    """Create, run and remove containers.

    Answers are protobuf JSON, one line each.

    CONTAINER is an id, a name, or a unique beginning of an id. Given several, each is
    tried, in order; the exit code is that of the first that failed.

    Aliases: state = status, ls = list, delete and rm = remove.
    """


container.add_command(create)

many = click.argument("containers", metavar="CONTAINER...", nargs=-1, required=True)


def for_each(containers: Sequence[str], ask: Callable[[str], "Message"]) -> int:
    """Ask for each, print each answer; the first failure's exit code."""
    exit_code = EXIT_OK
    for each in containers:
        try:
            print_answer(ask(each))
        except Unreachable:
            raise
        except CommandFailed as failure:
            complain(str(failure))
            exit_code = exit_code or failure.exit_code
    return exit_code


@container.command(epilog="Example: conmanctl container start web")
@many
@common_options
@click.pass_context
def start(ctx: click.Context, containers: tuple[str, ...]) -> int:
    """Run the programs of CREATED or EXITED containers."""
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx)

    def ask(name: str) -> "Message":
        request = wire.StartContainerRequest(request_id=new_request_id(), container_id=name)
        return client.call("StartContainer", request, wire.StartContainerResponse)

    return for_each(containers, ask)


@container.command(epilog="Example: conmanctl container stop --timeout 2.5 web")
@click.option(
    "--timeout",
    "-t",
    type=Seconds(),
    default=STOP_TIMEOUT_S,
    show_default=True,
    help="From the stop signal to KILL; 0 = KILL at once.",
)
@many
@common_options
@click.pass_context
def stop(ctx: click.Context, timeout: float, containers: tuple[str, ...]) -> int:
    """End the programs of containers: their stop signal, then KILL."""
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx, allowance_s=timeout)

    def ask(name: str) -> "Message":
        request = wire.StopContainerRequest(
            request_id=new_request_id(), container_id=name, timeout_ms=round(timeout * 1000)
        )
        return client.call("StopContainer", request, wire.StopContainerResponse)

    return for_each(containers, ask)


@container.command(epilog="Example: conmanctl container kill --signal HUP web")
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

    return for_each(containers, ask)


@container.command(epilog="Example: conmanctl container rm --force web")
@click.option("--force", "-f", is_flag=True, help="Kill what still runs; UNKNOWN records too.")
@many
@common_options
@click.pass_context
def remove(ctx: click.Context, *, force: bool, containers: tuple[str, ...]) -> int:
    """Remove containers and all that belongs to them. Aliases: rm, delete."""
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx)

    def ask(name: str) -> "Message":
        request = wire.RemoveContainerRequest(
            request_id=new_request_id(), container_id=name, force=force
        )
        return client.call("RemoveContainer", request, wire.RemoveContainerResponse)

    return for_each(containers, ask)


@container.command("list", epilog="Example: conmanctl container list | jq -r '.containers[].name'")
@common_options
@click.pass_context
def list_containers(ctx: click.Context) -> None:
    """All containers, oldest first. Alias: ls."""
    from conman.wire.v1 import conman_pb2 as wire

    request = wire.ListContainersRequest()
    client = client_of(ctx)
    print_answer(client.call("ListContainers", request, wire.ListContainersResponse))


@container.command(epilog="Example: conmanctl container status web | jq .status.exitCode")
@many
@common_options
@click.pass_context
def status(ctx: click.Context, containers: tuple[str, ...]) -> int:
    """What conman knows about containers. Alias: state."""
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx)

    def ask(name: str) -> "Message":
        request = wire.ContainerStatusRequest(container_id=name)
        return client.call("ContainerStatus", request, wire.ContainerStatusResponse)

    return for_each(containers, ask)


@container.command(epilog="Example: conmanctl container wait web | jq .status.exitCode")
@click.option(
    "--condition",
    type=click.Choice(["exited", "removed"]),
    default="exited",
    show_default=True,
    help="What to wait for.",
)
@many
@common_options
@click.pass_context
def wait(ctx: click.Context, condition: str, containers: tuple[str, ...]) -> int:
    """Wait for the end of containers, then print their status.

    Goes on through a restart of conmand. The exit code says whether waiting worked, the
    container's own is `exitCode` in what is printed.
    """
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx, endless=True)

    def ask(name: str) -> "Message":
        request = wire.WaitContainerRequest(
            container_id=name, condition=f"CONDITION_{condition.upper()}"
        )
        return client.call("WaitContainer", request, wire.WaitContainerResponse)

    return for_each(containers, ask)
