"""Ways to what nothing covers yet, sought: one fault or one death more, wherever a run comes near.

A search, not a proof: what it does not find may be there. What it finds is kept (`coverage.ways`) and gone
each time, so that nobody has to search again. It takes many minutes, and is for whoever changes a saga.
"""

from collections import Counter
from collections.abc import Iterator

from conman.core.effects import vocabulary as v
from scenarios.aimed import Strike, Way, go
from scenarios.coverage.measured import FAULTS, Measured, is_position
from scenarios.coverage.seen import Passed
from scenarios.coverage.shim_sites import SHIM
from scenarios.coverage.sites import Site, passed_of
from scenarios.coverage.ways import of
from scenarios.faults import (
    AT_COMMIT,
    AT_STEP,
    CALL_HANGS,
    DELETED,
    FAILS_AFTER,
    INIT_DIES,
    NOT_COMMITTED,
    OOM_UNREAD,
    RECORD_FAILS,
    SHIM_DIES,
    SLOW,
    STAYS_SHUT,
    STEP_FAILS,
    STEP_HANGS,
    UNKNOWN_KEPT,
    UNKNOWN_LOST,
    UNTOLD,
    WAITING_DIES,
)
from scenarios.swarm import Result
from scenarios.tally import taken

#: Where runs came near and did not get there, so often: enough.
TRIES = 6
#: Moves in one way.
LONGEST = 6

#: By which strikes an outcome may come: (kind, error, up to which n).
_BY: dict[str, tuple[tuple[str, str, int], ...]] = {
    "Failed": (
        (STEP_FAILS, "EIO", 3),
        (FAILS_AFTER, "EIO", 1),
        (RECORD_FAILS, "", 3),
        (OOM_UNREAD, "", 1),
    ),
    "Remaining": ((STEP_HANGS, "", 2),),
    "TimedOut": ((STEP_HANGS, "", 1), (CALL_HANGS, "", 4), (SLOW, "", 4)),
    "Absent": ((SHIM_DIES, "", 6), (INIT_DIES, "", 6), (DELETED, "", 3), (UNTOLD, "", 1)),
    "Gone": ((INIT_DIES, "", 8), (WAITING_DIES, "", 4), (SHIM_DIES, "", 2)),
    "Ended": ((INIT_DIES, "", 4),),
    "DeadlinePassed": ((SLOW, "", 3),),
    "NotCommitted": ((NOT_COMMITTED, "", 1),),
    "Unknown": ((UNKNOWN_KEPT, "", 1), (UNKNOWN_LOST, "", 1), (STAYS_SHUT, "", 1)),
}
_OTHERS = ((SHIM_DIES, "", 4), (INIT_DIES, "", 4), (SLOW, "", 2), (CALL_HANGS, "", 2))


class Seeker:
    """`left`: names that nobody covers; what is found is taken from it, and its way is in `ways`."""

    def __init__(self, left: set[str], tries: int = TRIES) -> None:
        self.left, self.ways = left, list[Way]()
        self._at_most = tries
        #: (way, invariant, what): bugs, or faults that no host has.
        self.violations = list[tuple[Way, str, str]]()
        self.runs = 0
        self._tries = Counter[str]()

    def seek(self, story: str) -> None:
        """From one story: undisturbed, on each known way, with each death, with each fault."""
        plain = self._follow(Way(story))
        for one in of(story):
            self._follow(one)
        for one in self._bases(Way(story), plain):
            if not self.left:
                return
            self._follow(one)

    def _bases(self, plain: Way, result: Result) -> Iterator[Way]:
        sites = _sites(result)
        for here in sorted(result.passed | result.passed_last, key=_name):
            if is_position(here[1]) and here[0].saga != SHIM:
                yield plain.dying(here)
        for site in sorted(sites):
            yield from (plain.struck(strike) for strike in _all_strikes(site))

    def _follow(self, one: Way) -> Result:
        """Go it; where it comes near something that is missing, go on."""
        result = self._gone(one)
        if len(one) < LONGEST:
            for name in self._near(result):
                self._approach(one, name)
        return result

    def _gone(self, one: Way) -> Result:
        self.runs += 1
        taken()
        result = go(one)
        if result.violation:
            self.violations.append((one, *result.violation))
            return Result(0)
        found = (covered_by(result) | {*taken()}) & self.left
        if found:
            self.left -= found
            self.ways.append(one)
        return result

    def _near(self, result: Result) -> list[str]:
        sites, here = _sites(result), result.passed | result.passed_last
        near = list[str]()
        for name in self.left:
            site, what = passed_of(name)
            is_instant = is_position(what) and site.saga != SHIM
            if (site, what) in here if is_instant else site in sites:
                near.append(name)
        return sorted(name for name in near if self._tries[name] < self._at_most)

    def _approach(self, one: Way, name: str) -> None:
        if name not in self.left:
            return
        self._tries[name] += 1
        for further in _further(one, name):
            before = len(self.ways)
            reached = self._gone(further)
            if len(self.ways) > before and len(further) < LONGEST:
                for other in self._near(reached):
                    self._approach(further, other)
            if name not in self.left:
                return


def _further(one: Way, name: str) -> Iterator[Way]:
    site, what = passed_of(name)
    if is_position(what) and site.saga != SHIM:
        yield one.dying((site, what))
        return
    strikes = _strikes(site, ((SHIM_DIES, "", 3),)) if is_position(what) else _giving(site, what)
    for strike in strikes:
        yield one.struck(strike)


def _giving(site: Site, outcome: str) -> Iterator[Strike]:
    kinds = _BY.get(outcome, _OTHERS)
    if site.effect == v.ReopenStore.__name__:
        kinds = ((STAYS_SHUT, "", 1),)
    return _strikes(site, kinds)


def _all_strikes(site: Site) -> Iterator[Strike]:
    kinds = {(kind, error, 1): None for some in _BY.values() for kind, error, _ in some}
    return _strikes(site, tuple(kinds))


def _strikes(site: Site, kinds: tuple[tuple[str, str, int], ...]) -> Iterator[Strike]:
    for kind, error, up_to in kinds:
        if _fits(kind, site):
            yield from (Strike(kind, site, error, nth) for nth in range(1, up_to + 1))


def _fits(kind: str, site: Site) -> bool:
    """Whether it could ever strike there."""
    if site.saga == SHIM:
        return kind in {SHIM_DIES, RECORD_FAILS, OOM_UNREAD}
    effect = getattr(v, site.effect)
    if kind in AT_STEP:
        return issubclass(effect, v.HostEffect)
    return kind not in AT_COMMIT or issubclass(effect, v.Commit | v.ReopenStore)


def _sites(result: Result) -> set[Site]:
    return result.near | {site for site, _ in result.passed | result.passed_last}


def _name(here: Passed) -> str:
    return here[0].named(here[1])


def covered_by(result: Result) -> set[str]:
    """Names, by the same rule as everywhere."""
    measured = Measured()
    measured.add(FAULTS, result.passed | result.passed_last, result.died_at)
    return set(measured.covered)
