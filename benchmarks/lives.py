"""A container's life on conman's socket against the bare runtime: cold (after idle time) and warm."""

import shutil
import time
from pathlib import Path

import grpc
from bare import Bare
from conmand import Conmand, conmand
from figures import Figure, Samples
from place import IDLE_S, warm_up

#: create + start cold, warm; stop; run to its end. Of crun only the first is promised.
BUDGETS = {"runc": (1.2, 1.5, 1.5, 1.4), "crun": (1.8, None, None, None)}

#: Before anything counts: file caches, the zygote, the server's first calls.
_WARM_UP_ROUNDS = 3


def unusable(runtime: str, top: Path) -> str | None:
    """Why nothing can be measured with it here; None: it can."""
    if shutil.which(runtime) is None:
        return "it is not installed"
    with conmand(top, runtime) as ours:
        try:
            ours.run()
        except grpc.RpcError as error:
            return str(error.details())
    return None


def lives(top: Path, runtime: str, n: int) -> list[Figure]:
    with conmand(top, runtime) as ours:
        bare = Bare(top, runtime, ours.config())
        try:
            return [*_begins_and_ends(ours, bare, n), _runs(ours, bare, n)]
        finally:
            bare.clear()


def _begins_and_ends(ours: Conmand, bare: Bare, n: int) -> list[Figure]:
    sides: list[Conmand | Bare] = [ours, bare]
    cold, warm, ends = (Samples() for _ in range(3))
    for side in sides * _WARM_UP_ROUNDS:
        side.begin()
        side.end()
        side.forget()
    for _ in range(n):
        for side in sides:
            time.sleep(IDLE_S)
            cold.take(side, side.begin)
            time.sleep(IDLE_S)
            ends.take(side, side.end)
            side.forget()
        for side in sides:
            time.sleep(IDLE_S)
            warm_up()
            warm.take(side, side.begin)
            side.end()
            side.forget()
        sides.reverse()
    name = bare.runtime
    begun, ended = f"{name} create + start", f"{name} kill + delete"
    budgets = BUDGETS[name]
    return [
        Figure("create + start, cold", cold.of(ours), begun, cold.of(bare), budgets[0]),
        Figure("create + start, warm", warm.of(ours), begun, warm.of(bare), budgets[1]),
        Figure("stop (KILL)", ends.of(ours), ended, ends.of(bare), budgets[2]),
    ]


def _runs(ours: Conmand, bare: Bare, n: int) -> Figure:
    bare.sleeps(["/bin/true"])
    sides: list[Conmand | Bare] = [ours, bare]
    runs = Samples()
    for _ in range(n):
        for side in sides:
            time.sleep(IDLE_S)
            runs.take(side, side.run)
            side.forget()
        sides.reverse()
    name = bare.runtime
    what = "run /bin/true to its exit code"
    return Figure(what, runs.of(ours), f"{name} run", runs.of(bare), BUDGETS[name][3])
