"""A container's life on conman's socket against a peer's, in turn; and lists of containers that run."""

import time
from pathlib import Path

from conmand import Conmand, conmand
from figures import Figure, Samples
from place import IDLE_S, warm_up

from benchmarks.peers.stage import Peer, peer

#: conman's promise: less than half of containerd's create + start.
BUDGETS = {"containerd": 0.5}
LISTS = (100, 200)
_WARM_UP_ROUNDS = 3

Side = Conmand | Peer


def compared(name: str, top: Path, n: int) -> list[Figure]:
    with conmand(top) as ours, peer(name, top, ours.config()) as client:
        theirs = client()
        try:
            return [*_lives(ours, theirs, name, n), *_lists(ours, theirs, name, n)]
        finally:
            theirs.close()


def _lives(ours: Conmand, theirs: Peer, name: str, n: int) -> list[Figure]:
    sides: list[Side] = [ours, theirs]
    cold, warm, ends, runs = (Samples() for _ in range(4))
    for side in sides * _WARM_UP_ROUNDS:
        _whole(side)
    for _ in range(n):
        for side in sides:
            time.sleep(IDLE_S)
            cold.take(side, side.begin)
            time.sleep(IDLE_S)
            ends.take(side, side.end)
            side.forget()
            time.sleep(IDLE_S)
            warm_up()
            warm.take(side, side.begin)
            side.end()
            side.forget()
            time.sleep(IDLE_S)
            runs.take(side, side.run)
            side.forget()
        sides.reverse()
    told = (
        ("create + start, cold", cold, BUDGETS.get(name)),
        ("create + start, warm", warm, None),
        ("stop (KILL)", ends, None),
        ("run /bin/true to its exit code", runs, None),
    )
    return [Figure(what, s.of(ours), name, s.of(theirs), budget) for what, s, budget in told]


def _whole(side: Side) -> None:
    side.begin()
    side.end()
    side.forget()


def _lists(ours: Conmand, theirs: Peer, name: str, n: int) -> list[Figure]:
    sides: list[Side] = [ours, theirs]
    figures: list[Figure] = []
    for wanted in LISTS:
        for side in sides:
            while len(side.listed()) < wanted:
                side.begin()
        samples = Samples()
        for _ in range(n):
            for side in sides:
                samples.take(side, side.listed)
        what = f"list of {wanted} that run"
        figures.append(Figure(what, samples.of(ours), name, samples.of(theirs)))
    return figures
