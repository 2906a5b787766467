"""What a dead daemon leaves on its host, in words that are the same on every stage.

A real death must leave what some simulated death leaves, else the simulated world is not true. Half-written files
are left out: how far a shim has come when it is killed is explored, but not played here.
"""

import os
import re
from collections.abc import Iterable
from functools import cache

from conman.core.admission import Setting
from conman.core.model import Container
from scenarios.stages.simulated import INITS_FIRST, LAZY, NEVER, Simulated
from scenarios.story import Befalls, Story

#: What a census found, ids and pids left out.
Left = tuple[str, ...]
_FILES = ("temporary file", "stray file", "run record")
_ID = re.compile(r"[0-9a-f]{32}")


def named(things: Iterable[str], rows: Iterable[Container]) -> Left:
    """Containers by their names; "?" are those that have no row. Two locks of one run's calls are one word."""
    names = {row.id: row.name for row in rows}

    def words(thing: str) -> str:
        if thing.startswith("stray process"):
            return "stray process"
        return _ID.sub(lambda found: names.get(found[0], "?"), thing)

    return tuple(sorted(words(one) for one in {*things} if not one.startswith(_FILES)))


def is_simulated(left: Left, story: Story, like: Setting) -> bool:
    """Whether some simulated death leaves that.

    fakerunc has the names of its cgroups in RUN: of runs from before somebody removed it there are none.
    """
    known = _by_any_death(story, like)
    if Befalls.RUN_REMOVED in story.befalls and os.path.basename(like.runtime) == "fakerunc":
        return _without_cgroups(left) in map(_without_cgroups, known)
    return left in known


def _without_cgroups(left: Left) -> Left:
    return tuple(one for one in left if not one.startswith("cgroup"))


@cache
def _by_any_death(story: Story, like: Setting) -> frozenset[Left]:
    """After a death at any point, and any number of steps that others make then."""
    found = set[Left]()
    for turn, order in ((NEVER, LAZY), (NEVER, INITS_FIRST), (0, LAZY)):
        undisturbed = Simulated(story, like, turn, order)
        undisturbed.live("")
        for point in undisturbed.passed:
            play = Simulated(story, like, turn, order)
            play.live(point)
            found.add(named(play.found(), play.rows()))
            while play.go_on():
                found.add(named(play.found(), play.rows()))
    return frozenset(found)
