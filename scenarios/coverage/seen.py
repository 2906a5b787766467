"""What of the denominator a run comes to: at each site the instants that it passes, and outcomes.

The simulator tells it; who makes the run decides what that is worth (`explore` has each of these instants as
a death, `faults` and `swarm` only have the outcomes). Nothing that happens may depend on it. It costs a tenth of
a run's time, and the source of a planted or a changed conman need not be readable: so it sees only where it
was asked to.
"""

from collections.abc import Callable, Iterable
from typing import Any, cast

from conman.core.effects.effect import DeadlinePassed, Effect, Ended, Outcome
from conman.core.machine import Machine
from scenarios.coverage import shim_sites
from scenarios.coverage.sites import Site
from scenarios.coverage.standing import Saga, standing
from scenarios.shims import Shim

#: (site, position or outcome).
Passed = tuple[Site, str]


_asked: list[bool] = []


def ask() -> None:
    """From now on, in this process and those that it forks."""
    _asked[:] = [True]


def is_asked() -> bool:
    return bool(_asked)


def killed(one: Shim) -> set[Passed]:
    """What it is for the denominator that a shim is killed now."""
    site = shim_sites.standing(one) if _asked else None
    return set() if site is None else {(site, "before")}


class Seen:
    """Of one life. `into`: where it is collected. `counts`: whether an instant does; an outcome always."""

    def __init__(self, into: set[Passed]) -> None:
        self._into = into
        self.counts: Callable[[], bool] = lambda: True
        #: Before what of theirs shims were killed.
        self.killed: set[Passed] = set()
        #: The instant of an effect that is announced just now.
        self.here: Passed | None = None
        self._latest: Passed | None = None
        self._sites: dict[int, Site] = {}

    def begins(self, machine: Machine, ticket: int) -> None:
        """Something of a saga is under way; other tickets are the machine's own."""
        waiting = cast("dict[int, tuple[Any, Effect]]", vars(machine)["_waiting"])
        if not _asked or ticket not in waiting:
            return
        task, effect = waiting[ticket]
        site = standing(task.name, cast("Saga", task.saga), type(effect).__name__)
        if site is not None:
            self._sites[ticket] = site

    def at(self, ticket: int, position: str) -> None:
        site = self._sites.get(ticket)
        if site is not None:
            self.here = self._latest = (site, position)
            if self.counts():
                self._into.add(self.here)

    def leaves(self) -> None:
        self.here = None

    def ends(self, ticket: int, outcome: Outcome) -> None:
        """Once: a deadline that passes later is of nobody."""
        site = self._sites.pop(ticket, None)
        if site is not None:
            self._latest = (site, type(outcome).__name__)
            self._into.add(self._latest)
        self.leaves()

    def kills(self, one: Shim) -> None:
        self.killed |= killed(one)
        self._into |= self.killed

    def latest(self) -> set[Site]:
        """Where the last instant of an effect was."""
        return {self._latest[0]} if self._latest else set()

    def under_way(self, shims: Iterable[Shim]) -> set[Site]:
        """Of which effects something is under way, and what shims do next."""
        sites = {*self._sites.values()}
        for one in shims if _asked else ():
            ahead = shim_sites.standing(one)
            sites |= set() if ahead is None else {ahead}
        return sites

    def ended(self, waiting: "dict[int, object]", alarms: "dict[int, int]") -> None:
        """An end was seen: who waited for it, and waits no more?"""
        for ticket in [one for one in alarms if one in self._sites and one not in waiting]:
            self.ends(ticket, Ended())

    def passes(self, ticket: int) -> None:
        self.ends(ticket, DeadlinePassed())
