"""Which syscall points a story passes on a real stage: told by plays without a death.

Whether the same points come again in the next play is said, not assumed.
"""

import re
from dataclasses import dataclass

from scenarios.stages.play import RUNTIMES
from scenarios.stages.real import Real
from scenarios.story import Story
from scenarios.syscalls import preload
from scenarios.syscalls.preload import Passed

DRY_RUNS = 3
_CHANCE = re.compile(r"[0-9a-f]{32}|/tmp/cs[^/]*|conman-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Points:
    """`alike`: those of `passed` that were the same call in every dry run. Only they can be aimed at."""

    passed: list[Passed]
    alike: list[Passed]

    def __str__(self) -> str:
        many, alike = len(self.passed), len(self.alike)
        return f"{many} syscall points, {alike} alike in {DRY_RUNS} of {DRY_RUNS} plays"


def points(story: Story, stage: str) -> Points:
    """Of the daemon that the story's client asks, its zygote and its shims; in the order of the first play."""
    plays = [_passed(story, stage) for _ in range(DRY_RUNS)]
    others = [{_plain(one) for one in play} for play in plays[1:]]
    alike = [one for one in plays[0] if all(_plain(one) in other for other in others)]
    return Points(plays[0], alike)


def _passed(story: Story, stage: str) -> list[Passed]:
    on = Real(story, RUNTIMES[stage])
    try:
        on.given()
        log = on.count_calls()
        on.live("")
        return preload.passed(log)
    finally:
        on.close()


def _plain(one: Passed) -> tuple[str, str, str]:
    return one.point, one.call, _CHANCE.sub("", one.what)


def chosen(points: Points, *, has_new_store: bool) -> list[Passed]:
    """What a daemon does to begin is left out where the store is not new: it is another story's."""
    return [one for one in points.alike if has_new_store or one.comm != "conmand"]
