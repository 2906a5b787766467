"""Named crash points of real processes: SIGKILL at the n-th passing, once.

    CONMAN_CRASH_AT, CONMAN_SHIM_CRASH_AT   NAME[@n][,NAME[@n]...]; n counts from 1
    CONMAN_CRASH_DISARM                     the directory of the marker files (the shim's default:
                                            its own directory, so every shim has its own crash)

Before it kills, a point leaves the marker file `crashed-NAME@n` (a slash is written as a dot); a point
whose marker exists is disarmed, so whatever is started again lives. With one directory for several
processes, one of them is killed. It must never let an unknown name pass: a point that is never reached
would look like a system that survives it.
"""

import os
from _collections_abc import Collection, Iterator
from itertools import count

from conman.primitives.light import signal


class UnknownCrashPoint(ValueError):
    """The process must not start: it would not crash where somebody wants it to."""


class CrashPoints:
    """The points of one process. `reached` is cheap when nothing is armed; any thread may ask."""

    __slots__ = ("_armed", "_directory", "_passings")

    def __init__(self, text: str, known: Collection[str], directory: str) -> None:
        self._directory = directory
        self._armed: dict[str, set[int]] = {}
        for name, number in _parse(text, known):
            if not os.path.exists(self._marker(name, number)):
                self._armed.setdefault(name, set()).add(number)
        self._passings = {name: count(1) for name in self._armed}

    def reached(self, name: str) -> bool:
        """Count one passing of `name`. True: this is the one, and the caller must now `crash`."""
        if name not in self._armed:
            return False
        number = next(self._passings[name])  # atomic: two threads never get the same number
        return number in self._armed[name] and self._claim(name, number)

    def passes(self, name: str) -> None:
        """Count one passing of `name`, and crash if this is the one."""
        if self.reached(name):
            crash()

    def _claim(self, name: str, number: int) -> bool:
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            os.close(os.open(self._marker(name, number), flags, 0o600))
        except FileExistsError:
            return False
        return True

    def _marker(self, name: str, number: int) -> str:
        return f"{self._directory}/crashed-{name.replace('/', '.')}@{number}"


def crash() -> None:
    """As sudden as it gets: nothing is flushed, closed or told."""
    os.kill(os.getpid(), signal.SIGKILL)


def _parse(text: str, known: Collection[str]) -> Iterator[tuple[str, int]]:
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, at, number = item.partition("@")
        if name not in known:
            raise UnknownCrashPoint(_unknown(name, known))
        if at and not (number.isdecimal() and int(number) > 0):
            raise UnknownCrashPoint(f"{item!r}: what follows @ is a number from 1 on")
        yield name, int(number) if at else 1


def _unknown(name: str, known: Collection[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - costs every shim 2 ms, needed by none

    nearest = get_close_matches(name, sorted(known), n=1, cutoff=0.0)
    hint = f"; the nearest is {nearest[0]!r}" if nearest else ""
    return f"there is no crash point {name!r}{hint}"
