"""Which syscall points a story passes on a real stage: told by plays without a death. And which of them are swept.

Whether the same points come again in the next play is said, not assumed.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scenarios.outcomes import Result
from scenarios.stages import simulated
from scenarios.stages.all_stages import RUNTIMES
from scenarios.stages.deaths import By, Death, With, death
from scenarios.stages.play import Played
from scenarios.stages.real import Real
from scenarios.story import Story
from scenarios.syscalls import preload
from scenarios.syscalls.preload import Passed

#: One for each life but the last.
Deaths = tuple[Death, ...]
DRY_RUNS = 3
#: Stories of which a daemon's start is swept, too: in a new place, and beside a container that goes on.
_BEGINNINGS = ("create", "goes-on")
_EIGHTHS = tuple(slice(first, None, 8) for first in (0, 4, 2, 6, 1, 5, 3, 7))
_CHANCE = re.compile(r"[0-9a-f]{32}|/tmp/cs[^/]*|conman-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Points:
    """`alike`: those of `passed` that were the same call in every dry run. Only they can be aimed at."""

    passed: list[Passed]
    alike: list[Passed]


def points(story: Story, stage: str, conmand: str = "") -> Points:
    """Of the daemon that the story's client asks, its zygote and its shims; in the order of the first play."""
    plays = [_passed(story, stage, conmand) for _ in range(DRY_RUNS)]
    others = [{_plain(one) for one in play} for play in plays[1:]]
    alike = [one for one in plays[0] if all(_plain(one) in other for other in others)]
    return Points(plays[0], alike)


def _passed(story: Story, stage: str, conmand: str) -> list[Passed]:
    on = Real(story, RUNTIMES[stage], conmand=conmand)
    try:
        on.given()
        log = on.count_calls()
        on.live("")
        return preload.passed(log)
    finally:
        on.close()


def _plain(one: Passed) -> tuple[str, str, str]:
    return one.point, one.call, _CHANCE.sub("", one.what)


def aimed_at(story: Story, points: Points) -> list[Passed]:
    """What can be.

    What a daemon and its zygote do to begin is alike in most stories: it is left out but in `_BEGINNINGS`.
    """
    begins = story.name in _BEGINNINGS
    return [one for one in points.alike if begins or not _is_a_beginning(one)]


def deaths(story: Story, points: Points, company: With = With.NOTHING) -> list[Death]:
    """Before each call that can be aimed at, in order. In company only daemons die; with the power once after all, too."""
    every = [Death(one.point, By.CALL, company) for one in aimed_at(story, points)]
    if company is With.NOTHING:
        return every
    end = simulated.points(story)[-1:] if company is With.CUT else ()
    last = [Death(point, company=company) for point in end]
    return [*last, *(one for one in every if one.is_the_daemons)]


def _is_a_beginning(one: Passed) -> bool:
    """A zygote goes into its cgroup."""
    is_zygotes = one.comm == "conman-zygote" and one.what.startswith("/sys/fs/cgroup/")
    return is_zygotes or one.comm == "conmand"


@dataclass(slots=True)
class Swept:
    """How far a story has come. `deaths`: all that are to be. `killed`: who was, by now. `seconds`: of all plays.

    `missed`: deaths that never came, for this once it went otherwise than in all the plays before.
    """

    story: Story
    points: Points
    deaths: list[Deaths]
    killed: Counter[str] = field(default_factory=Counter[str])
    problems: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    missed: int = 0
    seconds: float = 0.0

    @property
    def played(self) -> int:
        return self.killed.total() + self.missed

    def add(self, played: Played, took: float) -> None:
        self.seconds += took
        if played.is_missed:
            self.missed += 1
            return
        self.killed[death(played.crashes[0]).whose] += 1
        if played.problem:
            self.problems.append((" ".join(played.crashes), played.problem))

    def result(self) -> Result:
        return {
            "story": self.story.name,
            "points": len(self.points.passed),
            "alike": len(self.points.alike),
            "deaths": len(self.deaths),
            "killed": dict(self.killed),
            "missed": self.missed,
            "problems": self.problems,
            "seconds": self.seconds,
        }


def in_order(every: Sequence[Swept], *, spread: bool) -> Iterator[tuple[Swept, Deaths]]:
    """Story by story; `spread`: an eighth of each in turn, so that all have come about as far at any time."""
    for eighth in _EIGHTHS if spread else (slice(None),):
        for one in every:
            yield from ((one, how) for how in one.deaths[eighth])
