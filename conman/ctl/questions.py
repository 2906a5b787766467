"""list, status, wait: what conmand is asked and does nothing for."""

from typing import TYPE_CHECKING

import click

from conman.ctl.lazy import Verb
from conman.ctl.names import many
from conman.ctl.output import facts, say
from conman.ctl.settings import client_of, common_options
from conman.ctl.verbs import for_each

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire


@click.command("list", cls=Verb, example="| jq -r '.containers[].name'")
@common_options
@click.pass_context
def list_containers(ctx: click.Context) -> None:
    """All containers, oldest first."""
    from conman.ctl.output import wants_json
    from conman.wire.v1 import conman_pb2 as wire

    request = wire.ListContainersRequest(detailed=not wants_json(ctx))
    answer = client_of(ctx).call("ListContainers", request, wire.ListContainersResponse)
    say(ctx, answer, lambda: _table(answer))


def _table(answer: "wire.ListContainersResponse") -> str:
    import time

    from conman.ctl.rows import container_table

    return "\n".join(container_table(answer.containers, time.time_ns()))


@click.command(cls=Verb, example="web | jq .status.exitCode")
@many
@common_options
@click.pass_context
def status(ctx: click.Context, containers: tuple[str, ...]) -> int:
    """What conmand knows about containers."""
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx)

    def ask(name: str) -> wire.ContainerStatusResponse:
        request = wire.ContainerStatusRequest(container_id=name)
        return client.call("ContainerStatus", request, wire.ContainerStatusResponse)

    return for_each(ctx, containers, ask, lambda _name, answer: facts(answer.status))


@click.command(cls=Verb, example="web")
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
    """Wait for the end of containers, then print their exit code (in `container`: their status).

    Goes on through a restart of conmand. This command's own exit code says whether waiting
    worked.
    """
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx, endless=True)

    def ask(name: str) -> wire.WaitContainerResponse:
        request = wire.WaitContainerRequest(
            container_id=name, condition=f"CONDITION_{condition.upper()}"
        )
        return client.call("WaitContainer", request, wire.WaitContainerResponse)

    return for_each(ctx, containers, ask, _code)


def _code(name: str, answer: "wire.WaitContainerResponse") -> str:
    """Of a container that was removed: its name. Raises CommandFailed."""
    from conman.ctl.ended import code_of

    return str(code_of(answer, name)) if answer.HasField("status") else name
