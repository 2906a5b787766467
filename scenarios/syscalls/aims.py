"""What a sweep can be of: whatever strikes a story on a real stage, once at each place where it can.

Where those places are is told by plays in which nothing strikes. It must never aim at what has not come again in
each of them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from scenarios.stages import recovery_places
from scenarios.stages.all_stages import cannot, tail
from scenarios.stages.deaths import By, Death, With
from scenarios.stages.runtime_places import places
from scenarios.stages.simulated import points as crash_points
from scenarios.story import Story
from scenarios.syscalls import failing
from scenarios.syscalls.preload import Passed
from scenarios.syscalls.sweep import Deaths, Points, aimed_at, deaths, points

#: Where a story can be struck, and how it is to be.
Aimed = tuple[Points, list[Deaths]]


def _calls(company: With, story: Story, stage: str, conmand: str) -> Aimed:
    found = points(story, stage, conmand)
    return found, [(one,) for one in deaths(story, found, company)]


def _runtimes(story: Story, stage: str, conmand: str) -> Aimed:
    found = places(story, stage, conmand)
    return _named(found), [(Death(place, By.RUNTIME),) for place in found]


def _failing(
    choice: Callable[[list[Passed]], list[Death]], story: Story, stage: str, conmand: str
) -> Aimed:
    found = points(story, stage, conmand)
    return found, [(one,) for one in choice(aimed_at(story, found))]


def _instants(company: With, story: Story, stage: str, _conmand: str) -> Aimed:
    """By name: the simulated play tells them, so that nothing has to be played before."""
    why = cannot()
    found = [one for one in crash_points(story) if (tail(one), stage) not in why]
    return _named(found), [(Death(one, company=company),) for one in found]


def _recoveries(story: Story, stage: str, conmand: str) -> Aimed:
    """After a death at each crash point one more, at each of those that its recovery passes."""
    found, pairs = recovery_places.places(story, stage, conmand)
    return _named(found), [(Death(one), Death(again)) for one, again in pairs]


def _named(found: Iterable[str]) -> Points:
    passed = [Passed(one, "", "") for one in found]
    return Points(passed, passed)


@dataclass(frozen=True, slots=True)
class Kind:
    """`sample`: one of its deaths, for what it needs of a stage. `aims`: at all of a story's, by a conmand ("": ours)."""

    sample: Death
    aims: Callable[[Story, str, str], Aimed]


def _at_calls(company: With) -> Kind:
    return Kind(Death("store@1", By.CALL, company), partial(_calls, company))


def _at_points(company: With) -> Kind:
    return Kind(Death("recover/HelloShim/before", company=company), partial(_instants, company))


#: By the words of `--of`.
KINDS: Mapping[str, Kind] = {
    "calls": _at_calls(With.NOTHING),
    "cuts": _at_calls(With.CUT),
    "points": _at_points(With.NOTHING),
    "point-cuts": _at_points(With.CUT),
    "group": _at_calls(With.GROUP),
    "all": _at_calls(With.ALL),
    "runtime": Kind(Death("", By.RUNTIME), _runtimes),
    "errors": Kind(Death("store@1", By.ERROR, what="EIO"), partial(_failing, failing.errors)),
    "full": Kind(Death("store@1", By.FULL, what="ext4"), partial(_failing, failing.full)),
    "recovery": Kind(Death("recover/HelloShim/before"), _recoveries),
}
