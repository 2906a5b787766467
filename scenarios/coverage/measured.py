"""What runs have covered, and by whom: collected, written to a file, read again, added up.

An exploration that came to its fixpoint has killed at each instant that it passed, and gone on from there to a
verdict. Elsewhere a point counts where a daemon died in a run that was judged; an outcome, where it came up.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from scenarios.coverage.seen import Passed
from scenarios.violation import SENTENCES

EXPLORE, FAULTS, SWARM = "explore", "faults", "swarm"


COVERAGE_HELP = "write there what was covered, for `coverage --from FILE`"


class Unfit(Exception):
    """A file that holds no coverage, in one sentence."""


def _is_position(what: str) -> bool:
    return what in {"before", "after"} or what.startswith("during:")


@dataclass(slots=True)
class Measured:
    """`covered`: by whom each name is. `met`: how often an invariant's precondition held.

    `open`: explorations that did not come to their end; their points do not count.
    """

    covered: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    met: Counter[str] = field(default_factory=Counter[str])
    open: list[str] = field(default_factory=list[str])

    def add(self, by: str, passed: Iterable[Passed], died_at: Iterable[Passed] = ()) -> None:
        """`by`: explore, faults or swarm. `died_at`: where a daemon did, if not at each of them."""
        for site, position in died_at:
            self._cover(site.named(position), by)
        for site, what in passed:
            if by == EXPLORE or not _is_position(what):
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

    def write(self, path: str) -> None:
        covered = {name: sorted(by) for name, by in sorted(self.covered.items())}
        held = {"covered": covered, "met": dict(sorted(self.met.items())), "open": self.open}
        Path(path).write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")


def read(path: str) -> Measured:
    """Raises Unfit."""
    try:
        held = json.loads(Path(path).read_text(encoding="utf-8"))
        covered = {str(name): {str(one) for one in by} for name, by in held["covered"].items()}
        met = Counter({str(name): int(count) for name, count in held["met"].items()})
        return Measured(covered, met, [str(story) for story in held["open"]])
    except OSError as error:
        raise Unfit(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unfit(
            f"{path} holds no coverage: explore --coverage FILE writes such a file"
        ) from error
