"""What runs have covered, and by whom: collected, put into a document, read again, added up.

An exploration that came to its fixpoint has killed at each instant that it passed, and gone on from there to a
verdict. Elsewhere a point counts where a daemon died in a run that was judged; an outcome, where it came up.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scenarios.coverage.seen import Passed
from scenarios.violation import SENTENCES

EXPLORE, FAULTS, SWARM = "explore", "faults", "swarm"


def is_position(what: str) -> bool:
    return what in {"before", "after"} or what.startswith("during:")


@dataclass(slots=True)
class Measured:
    """`covered`: by whom each name is. `met`: how often an invariant's precondition held.

    `open`: explorations that did not come to their end, which do not count; and runs that were stopped.
    """

    covered: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    met: Counter[str] = field(default_factory=Counter[str])
    open: list[str] = field(default_factory=list[str])

    def add(self, by: str, passed: Iterable[Passed], died_at: Iterable[Passed] = ()) -> None:
        """`by`: explore, faults or swarm. `died_at`: where a daemon did, if not at each of them."""
        for site, position in died_at:
            self._cover(site.named(position), by)
        for site, what in passed:
            if by == EXPLORE or not is_position(what):
                self._cover(site.named(what), by)

    def explored(
        self, story: str, passed: Iterable[Passed], met: Counter[str], *, is_whole: bool
    ) -> None:
        """One exploration. `is_whole`: it came to its fixpoint."""
        if not is_whole:
            self.open.append(story)
            return
        self.add(EXPLORE, passed)
        self.count(EXPLORE, met)

    def count(self, by: str, counted: Counter[str]) -> None:
        """What `scenarios.tally` has."""
        for name, count in counted.items():
            if name in SENTENCES:
                self.met[name] += count
            else:
                self._cover(name, by)

    def _cover(self, name: str, by: str) -> None:
        self.covered.setdefault(name, set()).add(by)

    def join(self, other: "Measured") -> None:
        for name, by in other.covered.items():
            self.covered.setdefault(name, set()).update(by)
        self.met += other.met
        self.open += other.open

    def as_result(self) -> dict[str, Any]:
        covered = {name: sorted(by) for name, by in sorted(self.covered.items())}
        return {"covered": covered, "met": dict(sorted(self.met.items())), "open": self.open}

    @staticmethod
    def of(result: Mapping[str, Any]) -> "Measured":
        """Raises what a document of something else gives: KeyError, TypeError, AttributeError, ValueError."""
        covered = {str(name): {str(one) for one in by} for name, by in result["covered"].items()}
        met = Counter({str(name): int(count) for name, count in result["met"].items()})
        return Measured(covered, met, [str(story) for story in result["open"]])
