"""Whether events say what was committed, and a follower hears each of them once: invariant I21.

The follower goes on after every death of the daemon with the last number that it has seen. Which events a
change must have is said here a second time, from the rows alone.
"""

from conman.core import events
from conman.core.events import Numbered, Page
from conman.core.execs import Execs, ExecState, found
from conman.core.model import AppendEvent, Change, Container, DropContainer, PutContainer, State
from conman.errors import Refusal
from scenarios.storage import Storage
from scenarios.tally import met
from scenarios.violation import Violation
from scenarios.world import World

#: So few at a time that most are told over several pages.
PAGE = 2


def due(before: dict[str, Container], changes: tuple[Change, ...]) -> list[tuple[str, str]]:
    """(kind, id of the container or of its exec) of the events that these changes must have, in order."""
    told: list[tuple[str, str]] = []
    for change in changes:
        match change:
            case PutContainer(row):
                old = before.get(row.id)
                told += [(kind, row.id) for kind in _kinds(old, row)]
                told += _of_execs(old.execs if old else (), row.execs)
            case DropContainer(object_id):
                told.append(("removed", object_id))
            case _:
                pass
    return told


def _kinds(old: Container | None, new: Container) -> list[str]:
    if old is None:
        return ["created"]
    kinds: list[str] = []
    if old.name != new.name:
        kinds.append("renamed")
    if old.spec != new.spec:
        kinds.append("updated")
    if (old.state, old.run) != (new.state, new.run):
        kinds += _of_state(old, new)
    return kinds


def _of_execs(old: Execs, new: Execs) -> list[tuple[str, str]]:
    """Those that are forgotten have none: of an end that was told, or of a beginning that never was."""
    told: list[tuple[str, str]] = []
    for one in new:
        was = found(old, one.id)
        if was is None:
            told.append(("exec_created", one.id))
        if one.state is not (was.state if was else ExecState.CREATED):
            kind = "exec_started" if one.state is ExecState.RUNNING else "exec_exited"
            told.append((kind, one.id))
    return told


def _of_state(old: Container, new: Container) -> list[str]:
    match new.state:
        case State.RUNNING:
            return _of_running(old, new)
        case State.PAUSED:
            return ["paused"]
        case State.EXITED:
            return ["oom", "exited"] if new.oom_killed else ["exited"]
        case _:
            return []


def _of_running(old: Container, new: Container) -> list[str]:
    if old.state is State.PAUSED:
        return ["unpaused"]
    return ["started", "restarted"] if new.restart_count > old.restart_count else ["started"]


def committed(before: dict[str, Container], changes: tuple[Change, ...]) -> None:
    """A transaction is durable; `before`: the rows as they were."""
    events = [change.event for change in changes if isinstance(change, AppendEvent)]
    told = [(one.kind, one.exec_id or one.container_id) for one in events]
    # An update to what was there already may be told, too.
    rows = [c.container for c in changes if isinstance(c, PutContainer)]
    same = [("updated", row.id) for row in rows if before.get(row.id) == row]
    told = [one for one in told if one[0] != "collected" and one not in same]
    expected = due(before, changes)
    if expected:
        met("I21")
    if told != expected:
        raise Violation("I21", f"the events of a commit are {told}, its changes say {expected}")


def follow(world: World) -> None:
    """The follower takes all that there is, page by page, and asks until there is nothing more."""
    seen = world.followed[-1].sequence if world.followed else 0
    if seen == len(world.storage.events):
        return
    while told := _told(world.storage, seen):
        world.followed = (*world.followed, *told)
        seen = told[-1].sequence


def _told(storage: Storage, seen: int) -> tuple[Numbered, ...]:
    told = events.after(seen, page(storage, seen))
    if isinstance(told, Refusal):
        raise Violation("I21", f"the follower was refused: {told.sentence()}")
    return told


def page(storage: Storage, seen: int) -> Page:
    next_ones = enumerate(storage.events[seen : seen + PAGE], seen + 1)
    return Page(tuple(Numbered(n, event) for n, event in next_ones), 1, len(storage.events))


def at_rest(world: World) -> None:
    """The follower has heard everything, once."""
    told = [(one.sequence, one.event) for one in world.followed]
    there = list(enumerate(world.storage.events, 1))
    if told != there:
        raise Violation("I21", f"the follower was told {told}, and there were {there}")
