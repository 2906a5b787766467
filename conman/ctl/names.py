"""CONTAINER arguments, and how a shell completes them: by asking conmand, quickly or not at all.

It must never say anything, nor hold a prompt up, when conmand is not there.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from conman.ctl.settings import address_of, connect_timeout_of

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire

_PATIENCE_S = 0.5

#: Of which states containers are offered, by command; all by the others.
_OFFERED = {
    "start": ("CREATED", "EXITED"),
    "attach": ("RUNNING", "PAUSED"),
    "exec": ("RUNNING",),
    "stop": ("RUNNING", "PAUSED"),
    "kill": ("RUNNING", "PAUSED"),
    "pause": ("RUNNING",),
    "unpause": ("PAUSED",),
    "reopen-log": ("CREATED", "RUNNING", "PAUSED"),
    "top": ("RUNNING", "PAUSED"),
    "stats": ("RUNNING", "PAUSED"),
}


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names that begin so and were not given yet; ids where no name does."""
    given: Sequence[str] = ctx.params.get(param.name or "") or ()
    try:
        listed = _listed(ctx)
    except Exception:  # noqa: BLE001 - whatever it is, a prompt is no place to say it
        return []
    left = [each for each in listed if each.name not in given and each.id not in given]
    names = [each.name for each in left if each.name.startswith(incomplete)]
    return names or [each.id for each in left if incomplete and each.id.startswith(incomplete)]


def _listed(ctx: click.Context) -> "Sequence[wire.ContainerSummary]":
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    import grpc

    from conman.ctl.client import CHANNEL_OPTIONS, SERVICE
    from conman.wire.v1 import conman_pb2 as wire

    chosen = wire.ContainerFilter(states=_OFFERED.get(ctx.info_name or "", ()))
    with grpc.insecure_channel(address_of(ctx).target, options=CHANNEL_OPTIONS) as channel:
        ask = channel.unary_unary(
            f"/{SERVICE}/ListContainers",
            request_serializer=wire.ListContainersRequest.SerializeToString,
            response_deserializer=wire.ListContainersResponse.FromString,
        )
        timeout_s = connect_timeout_of(ctx, _PATIENCE_S)
        answer = ask(wire.ListContainersRequest(filter=chosen), timeout=timeout_s)
    return answer.containers


many = click.argument(
    "containers", metavar="CONTAINER...", nargs=-1, required=True, shell_complete=complete
)
one = click.argument("container", metavar="CONTAINER", shell_complete=complete)
