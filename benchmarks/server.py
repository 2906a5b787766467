"""The daemon itself: its start, its answers, the memory of its shims, and the client's start."""

import time
from pathlib import Path

from conmand import Conmand, conmand, drawn
from figures import Figure, alternately, clocked, spread
from place import BIN, marked, proportional, python, run

from conman.core.model import Container, ContainerSpec, PutContainer, ReserveName, RootfsMode, State
from conman.host.database import Store

SHIMS = 10
RUNNING = 40
LISTED = 1_000


def server(top: Path, n: int) -> list[Figure]:
    with conmand(top) as ours:
        figures = [_memory(ours), _one_shot(ours, min(n, 15))]
    return [*figures, *_starts(top, min(n, 10)), _list(top, n)]


def _memory(ours: Conmand) -> Figure:
    for _ in range(SHIMS):
        ours.begin()
    sizes = [proportional(pid) for pid in marked(f"CONMAN_SHIM={ours.instance}/")]
    if len(sizes) != SHIMS:
        raise AssertionError(f"{len(sizes)} shims of {SHIMS} containers")
    return Figure(f"a shim's memory among {SHIMS}, PSS", spread(sizes), budget=2.0, unit="MiB")


def _one_shot(ours: Conmand, n: int) -> Figure:
    words = [f"{BIN}/conmanctl", "--address", f"{ours.place}/r/conmand.sock", "container", "list"]
    one, other = alternately(lambda: run(words), lambda: python("import grpc"), n)
    return Figure("conmanctl container list", one, "import grpc", other, 1.5)


def _starts(top: Path, n: int) -> list[Figure]:
    """From nothing to the first right answer, and the same beside running containers."""
    made = Conmand(top, "runc")
    empty, full, imports = [], [], []
    try:
        made.start()
        made.kill()
        for _ in range(n):
            empty.append(clocked(made.start))
            made.kill()
            imports.append(clocked(lambda: python("import grpc.aio")))
        made.start()
        for _ in range(RUNNING):
            made.begin()
        for _ in range(n):
            made.kill()
            full.append(clocked(made.start))
            if len(made.listed()) != RUNNING:
                raise AssertionError("a container is missing")
    finally:
        made.clear()
    started, bare = spread(empty), spread(imports)
    each = [max(0.0, one - started.median) / RUNNING for one in full]
    what = f"more per running container ({RUNNING})"
    return [
        Figure("conmand's start to its first answer", started, "import grpc.aio", bare, 2.0),
        Figure(what, spread(each), budget=0.6),
    ]


def _list(top: Path, n: int) -> Figure:
    """Of rows that nothing on the host belongs to; that no process is started is a test's business."""
    place = Conmand(top, "fakerunc")
    (place.place / "d").mkdir(exist_ok=True)
    store = Store.open(f"{place.place}/d/conman.db")
    rows = [_row(top, number) for number in range(LISTED)]
    store.commit([(ReserveName(row.name, row.id), PutContainer(row)) for row in rows])
    store.close()
    place.start()
    try:
        place.version()
        times = [(clocked(place.listed), clocked(place.version)) for _ in range(n)]
        if len(place.listed()) != LISTED:
            raise AssertionError("a container is missing")
    finally:
        place.kill()
        place.channel.close()
    lists, versions = (spread(list(side)) for side in zip(*times, strict=True))
    return Figure(f"list of {LISTED:,} containers", lists, "the Version call", versions, 8.0)


def _row(top: Path, number: int) -> Container:
    spec = ContainerSpec("/bin/sleep", ("1000",), f"{top}/rootfs")
    at = time.time_ns()
    mode, state = RootfsMode.COPY, State.EXITED
    return Container(drawn(), f"c{number}", spec, mode, state, 1, None, at, at, at, 0, "Completed")
