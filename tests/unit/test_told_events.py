"""I21 finds a history in which events are missing, doubled or in the wrong order, and nothing else does."""

from dataclasses import replace

import pytest

from conman.core.events import Numbered, Page
from conman.core.execs import Exec, ExecSpec, ExecState
from conman.core.model import (
    AppendEvent,
    Change,
    Container,
    ContainerSpec,
    DropContainer,
    Event,
    Intent,
    PutContainer,
    RootfsMode,
    State,
)
from conman.core.sagas import settle
from conman.core.sagas.commits import closing
from conman.core.shim_call import Exit
from conman.core.spec import Resolved
from scenarios import told_events
from scenarios.explore import Explorer
from scenarios.storage import Storage
from scenarios.stories.single_client import STORIES
from scenarios.violation import Violation
from scenarios.world import World

ID = "a" * 32
CREATED = Container(ID, "web", ContainerSpec("sh"), RootfsMode.COPY, State.CREATED, 1)
RUNNING = replace(CREATED, state=State.RUNNING)
PAUSED = replace(CREATED, state=State.PAUSED)
EXITED = replace(CREATED, state=State.EXITED, exit_code=1)


def says(*kinds: str) -> tuple[Change, ...]:
    return tuple(AppendEvent(Event(1, ID, kind, 1)) for kind in kinds)


HISTORIES = [
    (None, PutContainer(CREATED), ["created"]),
    (CREATED, PutContainer(RUNNING), ["started"]),
    (RUNNING, PutContainer(EXITED), ["exited"]),
    (RUNNING, PutContainer(replace(EXITED, oom_killed=True)), ["oom", "exited"]),
    (EXITED, PutContainer(replace(RUNNING, run=2)), ["started"]),
    (EXITED, PutContainer(replace(EXITED, run=2)), ["exited"]),
    (RUNNING, PutContainer(PAUSED), ["paused"]),
    (PAUSED, PutContainer(RUNNING), ["unpaused"]),
    (RUNNING, PutContainer(replace(RUNNING, name="db")), ["renamed"]),
    (RUNNING, PutContainer(replace(RUNNING, spec=ContainerSpec("sh", ("x",)))), ["updated"]),
    (CREATED, PutContainer(replace(CREATED, init=None)), []),
    (EXITED, DropContainer(ID), ["removed"]),
]

EXEC = Exec("e" * 32, 1, ExecSpec("sh"), Resolved())
RUNS = replace(EXEC, state=ExecState.RUNNING)
OVER = replace(EXEC, state=ExecState.EXITED, exit_code=0)


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ((), (EXEC,), ["exec_created"]),
        ((EXEC,), (RUNS,), ["exec_started"]),
        ((RUNS,), (OVER,), ["exec_exited"]),
        ((EXEC,), (OVER,), ["exec_exited"]),
        ((EXEC,), (EXEC,), []),
        ((EXEC, OVER), (), []),
    ],
)
def test_what_a_change_of_an_exec_must_have(
    before: tuple[Exec, ...], after: tuple[Exec, ...], kinds: list[str]
) -> None:
    change = PutContainer(replace(RUNNING, execs=after))

    def commit(kinds: list[str], exec_id: str = EXEC.id) -> None:
        told = (AppendEvent(Event(1, ID, kind, 1, exec_id=exec_id)) for kind in kinds)
        told_events.committed({ID: replace(RUNNING, execs=before)}, (change, *told))

    commit(kinds)
    for wrong in ([*kinds, "exec_started"], kinds[:-1] if kinds else ["exec_exited"]):
        with pytest.raises(Violation, match="I21"):
            commit(wrong)
    if kinds:
        with pytest.raises(Violation, match="I21"):
            commit(kinds, "f" * 32)


@pytest.mark.parametrize(("before", "change", "kinds"), HISTORIES)
def test_what_a_change_must_have(
    before: Container | None, change: Change, kinds: list[str]
) -> None:
    rows = {ID: before} if before else {}
    told_events.committed(rows, (change, *says(*kinds)))
    for wrong in ([*kinds, "started"], kinds[:-1] if kinds else ["exited"], ["removed", *kinds]):
        with pytest.raises(Violation, match="I21"):
            told_events.committed(rows, (change, *says(*wrong)))


def followed(*sequences: int) -> World:
    """A world with three events, and a follower who was told these."""
    world = World()
    there = tuple(Event(n, ID, "started", n) for n in (1, 2, 3))
    world.storage.events = there
    world.followed = tuple(Numbered(n, there[n - 1]) for n in sequences)
    return world


@pytest.mark.parametrize("told", [(1, 2), (1, 3), (1, 2, 2, 3), (2, 1, 3), ()])
def test_a_follower_who_heard_it_otherwise(told: tuple[int, ...]) -> None:
    with pytest.raises(Violation, match="I21"):
        told_events.at_rest(followed(*told))


def test_a_follower_goes_on_after_what_he_has_seen() -> None:
    for told in ((), (1,), (1, 2), (1, 2, 3)):
        world = followed(*told)
        told_events.follow(world)
        told_events.at_rest(world)


def violated(story: str) -> set[str]:
    report = Explorer(next(one for one in STORIES if one.name == story)).explore()
    return {invariant for invariant, _, _ in report.violations}


def test_an_exit_without_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(row: Container, intent: Intent, ended: Exit) -> tuple[Change, ...]:
        over = replace(
            row,
            state=State.EXITED,
            init=None,
            finished_at=max(ended.at, row.started_at),
            exit_code=ended.code,
            reason=settle._reason(ended),
        )
        return (PutContainer(over), *closing(intent))

    monkeypatch.setattr(settle, "exited", silent)
    assert violated("stop-obedient") == {"I21"}


def test_a_page_that_passes_over_what_came_while_nobody_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A follower who comes back is told from one too late: as if `since` were included."""
    honest = told_events.page

    def hasty(storage: Storage, seen: int) -> Page:
        return honest(storage, seen + 1 if seen else 0)

    monkeypatch.setattr(told_events, "page", hasty)
    assert violated("whole-life") == {"I21"}
