"""Runs whose shim has died: when a successor may be begun, and what is told meanwhile.

A first death is followed at once. Shims that die young, or do not come up, are followed ever later, up to
once a minute, so that a broken host is not kept busy by them. Pure; clocks are given.
"""

from dataclasses import dataclass

from conman.core.ledger import Ledger
from conman.core.model import SHIM_LOST, Container, Note
from conman.core.sagas.succession import Fate

_SECOND = 1_000_000_000
_FIRST_DELAY, _LONGEST = 1 * _SECOND, 60 * _SECOND

#: A shim that lived this long did not die young.
_LIVED = 60 * _SECOND


@dataclass(slots=True)
class _Orphan:
    """`failures`: deaths and failed tries in a row. `due`, `since`: monotonic ns; 0: never."""

    run: int
    failures: int = 0
    due: int = 0
    since: int = 0
    is_orphaned: bool = False
    why: str = ""


class Orphans:
    """By object id."""

    def __init__(self) -> None:
        self._known: dict[str, _Orphan] = {}

    def died(self, object_id: str, run: int, now: int) -> None:
        """Its shim has ended, or was not there."""
        one = self._known.get(object_id)
        if one is not None and one.run > run:
            return
        if one is None or one.run != run:
            one = self._known[object_id] = _Orphan(run)
        if one.since and now - one.since >= _LIVED:
            one.failures = 0
        self._failed(one, "", now)

    def due(self, row: Container | None, object_id: str, boot_id: str) -> int | None:
        """When a successor may be begun (monotonic ns); None: there is no orphan."""
        one = self._known.get(object_id)
        if one is None:
            return None
        if row is None or row.run != one.run or not row.is_prepared(boot_id):
            del self._known[object_id]
            return None
        return one.due if one.is_orphaned else None

    def tried(self, object_id: str) -> None:
        """A try begins. A death that is seen from now on is the new shim's, and is not forgotten with this one."""
        self._known[object_id].is_orphaned = False

    def conclude(self, object_id: str, fate: Fate, why: str, ledger: Ledger, now: int) -> None:
        """A try is over; from now on this is told of the run."""
        one = self._known[object_id]
        match fate:
            case Fate.LOGGED:
                one.since = now
                ledger.note(object_id, None)
            case Fate.LOST:
                one.is_orphaned = False
                ledger.note(object_id, _lost(one.run))
            case Fate.AGAIN:
                self._failed(one, why, now)

    def waiting(self, object_id: str) -> Note:
        """What is told of a run until its next successor is due."""
        one = self._known[object_id]
        delay = _delay(one.failures) // _SECOND
        because = f" ({one.why})" if one.why else ""
        text = (
            f"its shim died or did not come up {one.failures} times in a row{because}; the next is "
            f"tried {delay} s after the last, and what the container writes waits until then"
        )
        return Note(one.run, "ShimDied", text)

    @staticmethod
    def _failed(one: _Orphan, why: str, now: int) -> None:
        one.is_orphaned, one.why = True, why
        one.failures += 1
        one.due = now + _delay(one.failures)


def _delay(failures: int) -> int:
    """0 after the first, then 1 s, 2 s, 4 s ... 60 s."""
    return 0 if failures <= 1 else min(_FIRST_DELAY << min(failures - 2, 10), _LONGEST)


def _lost(run: int) -> Note:
    text = (
        "its directory below the run directory was removed: its shim is out of reach, and what it "
        "writes may be neither read nor logged; stop, kill and remove work"
    )
    return Note(run, SHIM_LOST, text)
