"""A run that is led somewhere: faults at places that are named, deaths at instants that are named.

Where `single_faults` tries each fault of an undisturbed life, this goes on from there: a fault in the recovery
from a death, a death while a fault is undone. A **way** is such a run, by names alone, so that it survives a
change of the code or leads nowhere. It must never do what a swarm's faults could not.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import cache

from conman.primitives import steps as s
from scenarios.choices import Recorded
from scenarios.coverage.seen import Passed
from scenarios.coverage.sites import Site, passed_of
from scenarios.crowd import Crowd, Member
from scenarios.faults import (
    AT_COMMIT,
    AT_EVENT,
    AT_STEP,
    DELETED,
    OOM_UNREAD,
    STAYS_SHUT,
    STEP_FAILS,
    UNTOLD,
    WAITING_DIES,
    Faults,
    may_fail,
    victims,
)
from scenarios.nodes import Node, initial
from scenarios.replay_ids import find_single
from scenarios.swarm import Result, Trial
from scenarios.violation import Violation
from scenarios.world import World

#: More instants than any life has: a daemon that is to come to rest.
NEVER = 1 << 30

_STRIKE = re.compile(r"([a-z-]+)(?: ([A-Z]+))?@([^/ ]+)/([^/ ]+) in ([^ ]+?)(?:#(\d+))?")


class Unreadable(Exception):
    """A line that is no way, in one sentence."""


@dataclass(frozen=True, slots=True)
class Strike:
    """`kind`: of `scenarios.faults`. At the `nth` step, commit or event of the effect at `site`, from 1."""

    kind: str
    site: Site
    error: str = ""
    nth: int = 1

    def __str__(self) -> str:
        error = f" {self.error}" if self.error else ""
        nth = f"#{self.nth}" if self.nth > 1 else ""
        return f"{self.kind}{error}@{self.site.saga}/{self.site.effect} in {self.site.place}{nth}"


@dataclass(frozen=True, slots=True)
class Way:
    """`story` undisturbed, but for the strikes, each once; and a daemon dies at each of `deaths`, in turn."""

    story: str
    strikes: tuple[Strike, ...] = ()
    deaths: tuple[Passed, ...] = ()

    def __str__(self) -> str:
        deaths = (f"crash@{site.named(position)}" for site, position in self.deaths)
        return ";".join((self.story, *map(str, self.strikes), *deaths))

    def __len__(self) -> int:
        return len(self.strikes) + len(self.deaths)

    def places(self) -> set[Site]:
        return {*(strike.site for strike in self.strikes), *(site for site, _ in self.deaths)}

    def struck(self, strike: Strike) -> "Way":
        return replace(self, strikes=(*self.strikes, strike))

    def dying(self, here: Passed) -> "Way":
        return replace(self, deaths=(*self.deaths, here))


def way(text: str) -> Way:
    """Of its own words. Raises Unreadable."""
    story, *others = text.split(";")
    found = Way(story)
    for word in others:
        if word.startswith("crash@"):
            found = found.dying(passed_of(word.removeprefix("crash@")))
        else:
            found = found.struck(_strike(word))
    return found


def _strike(text: str) -> Strike:
    match = _STRIKE.fullmatch(text)
    if match is None or match[1] not in {*_AT_EVENT, *AT_STEP, *AT_COMMIT}:
        raise Unreadable(f"{text!r} is no strike: KIND[ ERROR]@SAGA/EFFECT in PLACE[#n]")
    kind, error, saga, effect, place, nth = match.groups()
    return Strike(kind, Site(saga, effect, place), error or "", int(nth or 1))


_AT_EVENT = (*AT_EVENT, WAITING_DIES, DELETED, UNTOLD, OOM_UNREAD)

#: What may be refused before anything of it is done, for no descriptor is left, or as the kernel likes: a swarm has
#: those fail in their own ways only.
_REFUSED = s.SignalProcess | s.StopProcess | s.RunRuntime | s.CallShim | s.SpawnShim


def _may_fail(world: World, step: s.Step, kind: str) -> bool:
    refused = kind == STEP_FAILS and isinstance(step, _REFUSED)
    return refused or may_fail(world, step, kind)


@dataclass(slots=True)
class _Ahead:
    strike: Strike
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.strike.nth


class Aimed(Faults):
    """The strikes of a way. `ahead`: those that have not struck. `near`: what shims were about to do."""

    def __init__(self, strikes: Collection[Strike]) -> None:
        super().__init__(Recorded(()), Counter())
        self.ahead = [_Ahead(strike) for strike in strikes]
        self.near = set[Site]()
        self._error = ""

    def at_event(self, world: World) -> str:
        sites = self.seen.under_way(world.shims.values())
        self.near |= sites
        kind = self._due(_AT_EVENT, sites, lambda kind: bool(victims(world, kind)))
        if kind:
            self.befall(world, kind)
        return kind

    def at_step(self, step: s.Step, world: World) -> str:
        return self._due(AT_STEP, self.seen.latest(), lambda kind: _may_fail(world, step, kind))

    def at_commit(self) -> str:
        return self._due(AT_COMMIT, self.seen.latest(), lambda _kind: True)

    def at_reopening(self) -> bool:
        return bool(self._due((STAYS_SHUT,), self.seen.latest(), lambda _kind: True))

    def _due(
        self, kinds: Collection[str], sites: Collection[Site], can: Callable[[str], bool]
    ) -> str:
        for one in self.ahead:
            strike = one.strike
            if strike.kind in kinds and strike.site in sites and can(strike.kind):
                one.left -= 1
                if not one.left:
                    self.ahead.remove(one)
                    self._error = strike.error
                    return strike.kind
        return ""

    def failure(self, kind: str, step: s.Step) -> s.Result:
        if self._error:
            return s.Failed(self._error, "as the fault has it")
        return super().failure(kind, step)


@cache
def _initial(story: str) -> Node:
    return initial(find_single(story))


def go(one: Way) -> Result:
    """To the verdict."""
    story, start = find_single(one.story), _initial(one.story)
    crowd = Crowd(Recorded(()), (Member("client-1", story.asks),))
    crowd.remember(start.client.history)
    result, faults = Result(0), Aimed(one.strikes)
    trial = Trial(start.world.clone(), crowd, result)
    try:
        for here in one.deaths:
            trial.live(faults, NEVER, dies_at=here)
        if faults.ahead:
            trial.live(faults, NEVER)
        trial.judge()
    except Violation as violation:
        result.violation = (violation.invariant, violation.what)
    trial.close()
    result.near = faults.near
    return result
