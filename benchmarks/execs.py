"""A further program in a container that runs, to its exit code: on conman's socket against the bare runtime's exec."""

import time
from pathlib import Path

from bare import Bare
from conmand import Conmand, conmand
from figures import Figure, Samples
from place import IDLE_S

_BUDGET = 1.35
_WARM_UP_ROUNDS = 3


def execs(top: Path, n: int) -> list[Figure]:
    with conmand(top) as ours:
        bare = Bare(top, "runc", ours.config())
        try:
            return [_to_their_exit_codes(ours, bare, n)]
        finally:
            bare.clear()


def _to_their_exit_codes(ours: Conmand, bare: Bare, n: int) -> Figure:
    sides: list[Conmand | Bare] = [ours, bare]
    samples = Samples()
    for side in sides:
        side.begin()
    for side in sides * _WARM_UP_ROUNDS:
        side.exec()
    for _ in range(n):
        for side in sides:
            time.sleep(IDLE_S)
            samples.take(side, side.exec)
        sides.reverse()
    what = "exec /bin/true to its exit code"
    return Figure(what, samples.of(ours), "runc exec", samples.of(bare), _BUDGET)
