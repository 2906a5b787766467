"""What conmand takes while nothing happens: a hundred containers run, a hundred wait for their restart.

The processor's time of all its threads and of all shims, as the kernel counts it, beside that of a conmand
without containers, in the same seconds: gRPC's own threads wake now and then. Nobody of conman's may poll, so
the two are alike. It must never call idle what did something meanwhile.
"""

import os
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from conmand import Conmand, drawn
from figures import Figure, spread
from place import marked

from conman.core.model import Container, ContainerSpec, PutContainer, ReserveName, RootfsMode, State
from conman.core.restart import LONGEST_DELAY, RestartName, RestartPolicy
from conman.host.database import Store

RUNNING = WAITING = 100
#: All of them within the longest back-off, which begins with the daemon.
WINDOWS, WINDOW_S, CALM_S = 4, 8.0, 4.0


def idle(top: Path) -> list[Figure]:
    alone, full = (_conmand(top, name) for name in ("idle-alone", "idle-full"))
    try:
        alone.start()
        full.start()
        for _ in range(RUNNING):
            full.begin(restart_policy=RestartName.ALWAYS.value)
        full.kill()
        _let_wait(full)
        full.start()
        ours, theirs = _windows(full, alone)
        _hold(full)
    finally:
        for each in (alone, full):
            each.clear()
    what = f"idle, {RUNNING} run, {WAITING} to be restarted"
    return [
        Figure(what, spread(ours), "none", spread(theirs), budget=1.5, unit="ms a minute"),
    ]


def _conmand(top: Path, name: str) -> Conmand:
    (top / name).mkdir()
    (top / name / "rootfs").symlink_to(top / "rootfs")
    return Conmand(top / name, "fakerunc")


def _let_wait(full: Conmand) -> None:
    """Rows as failing programs leave them after many restarts: the longest back-off has just begun."""
    store = Store.open(f"{full.place}/d/conman.db")
    rows = [_failed(full.top, number, time.time_ns()) for number in range(WAITING)]
    store.commit([(ReserveName(row.name, row.id), PutContainer(row)) for row in rows])
    store.close()


def _failed(top: Path, number: int, at: int) -> Container:
    policy = RestartPolicy(RestartName.ALWAYS)
    spec = ContainerSpec("/bin/false", (), f"{top}/rootfs", restart=policy)
    return Container(
        id=drawn(),
        name=f"w{number}",
        spec=spec,
        rootfs_mode=RootfsMode.COPY,
        state=State.EXITED,
        run=11,
        created_at=at,
        started_at=at,
        finished_at=at,
        exit_code=1,
        reason="Error",
        restart_count=10,
        short_runs=11,
        next_restart_at=at + LONGEST_DELAY,
    )


def _windows(full: Conmand, alone: Conmand) -> tuple[list[float], list[float]]:
    """Of each, per window, in ms a minute."""
    sides = [_processes(each) for each in (full, alone)]
    if len(sides[0]) != RUNNING + 1:
        raise AssertionError(f"{len(sides[0]) - 1} shims of {RUNNING} containers")
    time.sleep(CALM_S)
    seen = [[_cpu_ms(side) for side in sides]]
    for _ in range(WINDOWS):
        time.sleep(WINDOW_S)
        seen.append([_cpu_ms(side) for side in sides])
    ours, theirs = (
        [(after - before) * 60 / WINDOW_S for before, after in pairwise(times)]
        for times in zip(*seen, strict=True)
    )
    return ours, theirs


def _processes(ours: Conmand) -> list[int]:
    if ours.process is None:
        raise AssertionError("conmand does not run")
    return [ours.process.pid, *marked(f"CONMAN_SHIM={ours.instance}/")]


def _cpu_ms(pids: Iterable[int]) -> float:
    """A thread that ends takes its time with it: conmand's live as long as it does."""
    threads = (
        Path(f"/proc/{pid}/task") / tid for pid in pids for tid in os.listdir(f"/proc/{pid}/task")
    )
    return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e6


def _hold(full: Conmand) -> None:
    """That it was idle: each as it was."""
    found = full.restarts()
    if sorted(found) != sorted([("RUNNING", 0)] * RUNNING + [("EXITED", 10)] * WAITING):
        raise AssertionError(f"something happened meanwhile: {found}")
