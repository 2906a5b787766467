"""How each life of a daemon is to go in a soak, drawn: how it ends, and what befalls the others meanwhile.

The n-th life of a seed is always the same; which instant it is that its end comes at is up to timing. It must
never draw what this machine cannot do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from random import Random

from conman.core.points import CrashPointNames, effects
from conman.engine.thread_names import COMM_BYTES

_POINTS_AT_ONCE = 40
_OTHERS = ("store", "conmand", "conman-zygote", "conman-shim")
_CALLS = 40
#: Seconds from a daemon's start; some are longer than its recovery.
_IN_RECOVERY_S = 1.2


class Ends(StrEnum):
    """What a life ends of."""

    INSTANT = "at an instant"
    RECOVERY = "in its recovery"
    CRASH_POINT = "at a crash point"
    SYSCALL_POINT = "at a syscall point"
    TOGETHER = "together with its shims and zygote"


class Kills(StrEnum):
    """Who is killed while the daemon lives."""

    SHIM = "shim"
    PROGRAM = "program"
    CALL = "runtime call"
    ZYGOTE = "zygote"


class Round(StrEnum):
    """What may happen between two rests. Where only daemons die, clients' histories are held to the letter."""

    DAEMONS = "daemons"
    EVERYBODY = "everybody"
    POWER = "power"


@dataclass(frozen=True, slots=True)
class Means:
    """What this machine has."""

    syscall_points: bool
    power_cuts: bool


@dataclass(frozen=True, slots=True)
class Life:
    """`answers`: so many, then `seconds`, then its end, if a `point` has not come first.

    `kills`: each after one more answer. `is_cut`: the power goes with it.
    """

    ends: Ends
    answers: int
    seconds: float
    point: str = ""
    kills: tuple[Kills, ...] = ()
    is_cut: bool = False

    def __str__(self) -> str:
        others = "".join(f", after a {one}" for one in self.kills)
        at = f" {self.point[:60]}" if self.point else ""
        cut = ", with the power" if self.is_cut else ""
        return f"dies {self.ends}{at}{others}{cut} ({self.answers} answers, {self.seconds:.3f} s)"


def kind_of(seed: int, number: int, means: Means) -> Round:
    """Of the round of this number: each in turn, from where the seed begins."""
    kinds = (Round.DAEMONS, Round.EVERYBODY, *(Round.POWER,) * means.power_cuts)
    return kinds[(seed + number) % len(kinds)]


def life(seed: int, number: int, kind: Round, means: Means) -> Life:
    """The life of this number."""
    chance = Random(f"{seed}/life/{number}")
    ends = chance.choice(_ends(kind, means))
    return Life(
        ends,
        chance.randint(0, 4),
        chance.uniform(0, _IN_RECOVERY_S if ends is Ends.RECOVERY else 0.1),
        _point(chance, ends, kind),
        _kills(chance) if kind is Round.EVERYBODY else (),
        kind is Round.POWER and chance.random() < 0.75,
    )


def _ends(kind: Round, means: Means) -> Sequence[Ends]:
    ends = [Ends.INSTANT, Ends.RECOVERY, Ends.RECOVERY, Ends.CRASH_POINT]
    if means.syscall_points:
        ends.append(Ends.SYSCALL_POINT)
    if kind is not Round.DAEMONS:
        ends.append(Ends.TOGETHER)
    return ends


def _point(chance: Random, ends: Ends, kind: Round) -> str:
    if ends is Ends.CRASH_POINT:
        return ",".join(chance.sample(_names(), _POINTS_AT_ONCE))
    if ends is Ends.SYSCALL_POINT:
        comms = [one[:COMM_BYTES] for one in effects() if not one.startswith("Commit")]
        others = _OTHERS[:2] if kind is Round.DAEMONS else _OTHERS
        comm = chance.choice([*others, chance.choice(comms)])
        return f"{comm}@{chance.randint(1, _CALLS)}"
    return ""


def _kills(chance: Random) -> tuple[Kills, ...]:
    return tuple(chance.choice(list(Kills)) for _ in range(chance.randint(1, 4)))


@cache
def _names() -> Sequence[str]:
    return list(CrashPointNames())
