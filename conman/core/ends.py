"""Whose ends were seen and are not committed yet. A part of the machine's memory.

An end is of one run. Word of an earlier run's may come late: it must never be taken for this one's, nor be kept.
"""

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Effect, Outcome
from conman.core.ledger import Ledger
from conman.core.model import Container
from conman.primitives.steps import Gone


class Ends:
    """`seen`: each (id, run)."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int]] = set()

    def add(self, object_id: str, run: int) -> None:
        self.seen.add((object_id, run))

    def note(self, key: str, effect: Effect, outcome: Outcome, ledger: Ledger) -> None:
        """Of whom an effect on its init found gone."""
        match effect, outcome:
            case v.WatchInit(object_id, run), Gone():
                self.add(object_id, run)
            case v.SignalInit(process=process) | v.Freeze(process=process), Gone():
                self.seen |= ledger.run_of(key, process)
            case _:
                pass

    def has(self, row: Container | None) -> bool:
        """Whether the run that this row has prepared or started has ended."""
        return row is not None and row.init is not None and (row.id, row.run) in self.seen

    def keep(self, object_id: str, row: Container | None) -> None:
        """Nothing is under way: of this object only the end of its present run is still to be committed."""
        run = row.run if row is not None and row.init is not None else None
        self.seen = {end for end in self.seen if end[0] != object_id or end[1] == run}
