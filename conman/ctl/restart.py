"""`conmanctl restart`: a stop, then a start, of each container.

These are two calls: conmand knows of no restart, and does the second for nobody who has gone. It must never
stop what would not be there to be started.
"""

from typing import TYPE_CHECKING

import click

from conman.ctl.failure import CommandFailed
from conman.ctl.lazy import Verb
from conman.ctl.names import many
from conman.ctl.program import started
from conman.ctl.settings import client_of, common_options
from conman.ctl.verbs import for_each, stop_time, stopped

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from conman.ctl.client import Client


@click.command(cls=Verb, example="--time 2.5 web")
@stop_time
@many
@common_options
@click.pass_context
def restart(ctx: click.Context, timeout: float | None, containers: tuple[str, ...]) -> int:
    """Stop containers and start them again; what does not run is started.

    Who is interrupted between the two leaves the container stopped: `conmanctl start` goes on.
    """
    # How long the container's own time is, only conmand knows.
    client = client_of(ctx, allowance_s=timeout)

    def ask(name: str) -> "Message":
        # By its id from here on: another may have its name by then.
        container_id = _to_be_stopped(client, name)
        stopped(client, container_id, timeout)
        return started(client, container_id)

    return for_each(ctx, containers, ask, at_once=True)


def _to_be_stopped(client: "Client", name: str) -> str:
    """Its id. Raises CommandFailed for one that a stop would remove."""
    from conman.wire.v1 import conman_pb2 as wire

    request = wire.InspectContainerRequest(container_id=name)
    found = client.call("InspectContainer", request, wire.InspectContainerResponse)
    if found.config.auto_remove and found.status.state in (wire.RUNNING, wire.PAUSED):
        raise CommandFailed(
            f"{name} cannot be restarted: it was created with --rm, so conmand removes it when it is"
            " stopped; create it without"
        )
    return found.status.container_id
