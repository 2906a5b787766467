"""A run's name: its story and the explorer's choices, by names that survive a change of the code.

    create;crash@create-container/CommitCreated/after;power-cut@keep={};violates@I9
    start-stop;preempted@start-container/RecordIntent/after~2,by=client-2;violates@I9

A daemon that lives as it does by default (`lazy`) is not written. `~n` after a name: its n-th passing in
that life. What follows `violates@` was found; the run itself does not depend on it. Reading an id must
never guess: a name that this version cannot have is refused, with the nearest that it has.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conman.core.points import CrashPointNames
from scenarios.schedule import STRIKES
from scenarios.stories.all_stories import EVERY
from scenarios.story import AnyStory, Story
from scenarios.violation import SENTENCES

DEFAULT = "lazy"
SCHEDULES = ("lazy", "eager")
CRASH, GOES_ON, SHIM_KILLED, POWER_CUT, VIOLATES = (
    "crash",
    "goes-on",
    "shim-killed",
    "power-cut",
    "violates",
)
PREEMPTED = "preempted"
#: Of several clients: what a life of a daemon is, and how it ends.
TOGETHER = (PREEMPTED, CRASH, VIOLATES)
BETWEEN = (GOES_ON, SHIM_KILLED, POWER_CUT)
ACTORS = ("call", "shim", "program")
KINDS = ("daemon", "store", "notice", "due", *ACTORS)
_STRANDS = ("client-1", *(f"{kind}#1" for kind in KINDS))
_APART = ("boot", "rest", *(f"while/{actor}" for actor in ACTORS))


class BadId(ValueError):
    """One sentence: what is wrong with it, and what is nearest."""


@dataclass(frozen=True, slots=True)
class ReplayId:
    """`path`: the story's name, then every choice, the defaults too. `expects`: an invariant, or "".

    `plant`: the file of a bug that was in place; it is no part of the id.
    """

    story: AnyStory
    path: tuple[str, ...]
    expects: str = ""
    plant: str = ""


def read(text: str) -> ReplayId:
    """Raises BadId."""
    name, *choices = text.strip().split(";")
    story = find_story(name)
    if not isinstance(story, Story):
        return _of_several(story, choices)
    expects = [c.partition("@")[2] for c in choices if kind_of(c) == VIOLATES]
    for choice in choices:
        _check(choice)
    path = [choice for choice in choices if kind_of(choice) != VIOLATES]
    return ReplayId(story, (story.name, *_with_defaults(path)), *expects[-1:])


def write(path: Iterable[str], invariant: str = "") -> str:
    """What `read` understands, as short as it can be."""
    found = (f"{VIOLATES}@{invariant}",) if invariant else ()
    return ";".join((*(choice for choice in path if choice != DEFAULT), *found))


def find_story(name: str) -> AnyStory:
    for story in EVERY:
        if story.name == name:
            return story
    names = [story.name for story in EVERY]
    raise BadId(f"there is no story {name!r}{nearest(name, names)} (python -m scenarios list)")


def find_single(name: str) -> Story:
    """One of one client. Raises BadId."""
    story = find_story(name)
    if isinstance(story, Story):
        return story
    raise BadId(f"{name} is a story of several clients: explore it, or name one of one client")


def _of_several(story: AnyStory, choices: list[str]) -> ReplayId:
    """There are preemptions and deaths. How a daemon lives need not be said: there is one way."""
    for choice in choices:
        _one_of("choice of several clients", kind_of(choice), TOGETHER)
        _check(choice)
    expects = [c.partition("@")[2] for c in choices if kind_of(c) == VIOLATES]
    path = (choice for choice in choices if kind_of(choice) != VIOLATES)
    return ReplayId(story, (story.name, *path), *expects[-1:])


def kind_of(choice: str) -> str:
    """`crash` of crash@..., `lazy` of lazy,shim-dies@3, `shim-killed` of shim-killed#2."""
    return re.split("[@,#]", choice, maxsplit=1)[0]


def is_life(choice: str) -> bool:
    return kind_of(choice) in SCHEDULES


def _with_defaults(choices: list[str]) -> Iterator[str]:
    """Who dies has lived, and at the end somebody lives to be judged."""
    before = ""
    for choice in choices:
        if kind_of(choice) == CRASH and not is_life(before):
            yield DEFAULT
        yield (before := choice)
    if not is_life(before):
        yield DEFAULT


# ---- what can be meant ---------------------------------------------------------------------------


def _check(choice: str) -> None:
    kind, name = kind_of(choice), choice.partition("@")[2]
    match kind:
        case "crash":
            _check_point(re.sub(r"~\d+$", "", name))
        case "lazy" | "eager":
            _check_strike(choice)
        case "goes-on":
            _one_of("actor", re.sub(r"#\d+$", "", name), ACTORS)
        case "preempted":
            _check_preemption(choice)
        case "violates":
            _one_of("invariant", name, SENTENCES)
        case _:
            _one_of("choice", kind, (CRASH, *SCHEDULES, *BETWEEN, VIOLATES))


def _check_point(point: str) -> None:
    names = CrashPointNames()
    plain = re.sub(r":(torn|half|partly|visible)$", "", point)
    if plain not in names and point not in _APART:
        _one_of("point", plain, (*names, *_APART))


def _check_preemption(choice: str) -> None:
    found = re.fullmatch(r"preempted@(.+?)(?:~\d+)?,by=(.+)", choice)
    if found is None:
        raise BadId(f"{choice!r} does not say who goes first: write preempted@MOVE,by=STRAND")
    move, by = found[1], found[2]
    if not _is_strand(move):
        _check_point(move)
    if not _is_strand(by):
        raise BadId(f"there is no {by!r} that could go first; there are {', '.join(_STRANDS)}")


def _is_strand(name: str) -> bool:
    return re.fullmatch(rf"client-\d+|({'|'.join(KINDS)})#\d+", name) is not None


def _check_strike(choice: str) -> None:
    _, comma, strike = choice.partition(",")
    kind, _, event = strike.partition("@")
    if comma:
        _one_of("strike", kind, STRIKES)
    if comma and not event.isdecimal():
        raise BadId(f"{choice!r} does not say when: write {kind}@N")


def _one_of(what: str, name: str, names: Iterable[str]) -> None:
    known = list(names)
    if name not in known:
        raise BadId(f"there is no {what} {name!r}{nearest(name, known)}")


def nearest(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(names[:8])}"
