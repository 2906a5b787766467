"""The daemon itself: its start, its answers, the memory of its shims, and the client's start."""

import time
from pathlib import Path

from conmand import Conmand, conmand, drawn
from figures import Figure, Samples, Spread, alternately, clocked, spread
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
    """From nothing to the first right answer, alone and beside running containers, in turn."""
    places = [top / name for name in ("alone", "full")]
    for place in places:
        place.mkdir()
        (place / "rootfs").symlink_to(top / "rootfs")
    alone, full = (Conmand(place) for place in places)
    samples = Samples()
    try:
        for each in (alone, full):
            each.start()
        for _ in range(RUNNING):
            full.begin()
        for _ in range(n):
            for each in (alone, full):
                each.kill()
                samples.take(each, each.start)
            samples.take("import", lambda: python("import grpc.aio"))
        if len(full.listed()) != RUNNING:
            raise AssertionError("a container is missing")
    finally:
        for each in (alone, full):
            each.clear()
    return [
        Figure(
            "conmand's start to its first answer",
            samples.of(alone),
            "import grpc.aio",
            samples.of("import"),
            2.0,
        ),
        Figure(f"more per running container ({RUNNING})", _each(samples, alone, full), budget=0.6),
    ]


def _each(samples: Samples, alone: Conmand, full: Conmand) -> Spread:
    base, more = samples.of(alone).median, samples.of(full)
    return Spread(
        *(max(0.0, x - base) / RUNNING for x in (more.median, more.low, more.high)), more.n
    )


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
