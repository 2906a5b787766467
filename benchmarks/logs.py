"""A container that writes as fast as it can, and who reads its log along: is he there when it ends?

One side is read by nobody, the other followed to its last byte. A byte that is missing is an error, not a figure.
"""

from pathlib import Path

from conmand import PATIENCE_S, Conmand, conmand
from figures import Figure, alternately

from conman.wire.v1 import conman_pb2 as pb

MEGABYTES = 64
_LINE = "x" * 99
_WRITES = ("/bin/sh", "-c", f"yes {_LINE} | head -c {MEGABYTES}000000")


def logs(top: Path, n: int) -> list[Figure]:
    with conmand(top) as ours:
        followed, unread = alternately(lambda: _followed(ours), lambda: _unread(ours), n)
    what = f"{MEGABYTES} MB of output, logs -f to the last byte"
    return [Figure(what, followed, "read by nobody", unread)]


def _unread(ours: Conmand) -> None:
    ours.begin(*_WRITES)
    asked = pb.WaitContainerRequest(container_id=ours.container_id)
    ours.stub.WaitContainer(asked, timeout=PATIENCE_S)
    ours.forget()


def _followed(ours: Conmand) -> None:
    ours.begin(*_WRITES)
    asked = pb.LogsRequest(container_id=ours.container_id, follow=True)
    read = sum(
        len(chunk.content)
        for told in ours.stub.Logs(asked, timeout=PATIENCE_S)
        for chunk in told.chunks
    )
    if read != MEGABYTES * 1_000_000:
        raise AssertionError(f"{read} bytes of {MEGABYTES} MB were told")
    ours.forget()
