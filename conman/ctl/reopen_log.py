"""`conmanctl container reopen-log`: for logrotate and the like, when they have moved a log away.

It must never say that it is done before conmand says so: what follows it may compress what was moved.
"""

from typing import TYPE_CHECKING

import click

from conman.ctl.lazy import Verb
from conman.ctl.names import many
from conman.ctl.settings import client_of, common_options
from conman.ctl.verbs import for_each

if TYPE_CHECKING:
    from google.protobuf.message import Message


@click.command(cls=Verb, example="web")
@many
@common_options
@click.pass_context
def reopen_log(ctx: click.Context, containers: tuple[str, ...]) -> int:
    """Go on logging in a new file, when the log was moved away: after logrotate, say."""
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx)

    def ask(name: str) -> "Message":
        request = wire.ReopenContainerLogRequest(container_id=name)
        return client.call("ReopenContainerLog", request, wire.ReopenContainerLogResponse)

    return for_each(ctx, containers, ask)
