"""I19 has histories that it alone finds bad: rows that the real core made, and one thing changed by hand."""

from dataclasses import replace

import pytest

from conman.core import restarts
from conman.core.model import (
    Answer,
    Change,
    Container,
    DropAnswer,
    DropContainer,
    DropIntent,
    Intent,
    Operation,
    PutAnswer,
    PutContainer,
    State,
)
from conman.core.restart import RestartName, RestartPolicy
from conman.errors import Code, Refusal
from scenarios import restarting
from scenarios.clients import Ask, Told
from scenarios.nodes import initial
from scenarios.stories.restarts import create
from scenarios.stories.single_client import START
from scenarios.story import Story
from scenarios.world import SECOND, World
from tests.unit.accusing import found

THREE = RestartPolicy(RestartName.ON_FAILURE, 3)


@pytest.fixture
def world() -> World:
    """One container, whose program runs; its daemon has died since."""
    return initial(Story("running", "", "", (), given=(create(THREE), START))).world


def only(world: World) -> Container:
    return next(iter(world.storage.containers.values()))


def over(world: World) -> Container:
    """Its row, once it was killed a second later."""
    row = only(world)
    at = row.started_at + SECOND
    ended = replace(row, state=State.EXITED, init=None, exit_code=137, finished_at=at)
    return restarts.judged(ended)


def committed(
    world: World, row: Container, *, by: Operation | None = None, at: int = 0
) -> list[str]:
    """It is, by an intent of that operation."""
    before = dict(world.storage.containers)
    intents = {row.id: Intent(row.id, by, row.run, "", at)} if by else {}
    answer = PutAnswer(Answer("r", "", 0))
    changes: tuple[Change, ...] = (PutContainer(row), DropIntent(row.id), answer)
    accused = found(lambda: restarting.committed(world, before, intents, changes))
    world.storage.containers[row.id] = row
    return accused


def test_an_end_that_is_followed(world: World) -> None:
    assert committed(world, over(world)) == []


@pytest.mark.parametrize(
    "spoilt",
    [
        {"next_restart_at": 0},
        {"exit_code": 0},
        {"restart_count": 3},
        {"next_restart_at": 1},
        {"next_restart_at": 2**62},
        # It was a healthy one, which begins the back-off anew.
        {"started_at": 1, "finished_at": 20 * SECOND, "next_restart_at": 21 * SECOND},
    ],
)
def test_an_end_that_is_judged_wrongly(world: World, spoilt: dict[str, int]) -> None:
    assert committed(world, replace(over(world), **spoilt)) == ["I19"]


def test_an_end_that_was_asked_for(world: World) -> None:
    assert committed(world, over(world), by=Operation.STOP) == ["I19"]


@pytest.mark.parametrize(
    ("signal", "reason", "accused"),
    [(9, "", ["I19"]), (15, "SignalMayBeSent", ["I19"]), (10, "", []), (9, "NotRunning", [])],
)
def test_an_end_that_a_kill_asked_for(
    world: World, signal: int, reason: str, accused: list[str]
) -> None:
    _killed(world, signal, reason)
    assert committed(world, over(world)) == accused


def test_a_kill_that_was_taken_back(world: World) -> None:
    _killed(world, 9, "SignalMayBeSent")
    restarting.committed(world, world.storage.containers, {}, (DropAnswer("k"),))
    assert committed(world, over(world)) == []


def _killed(world: World, signal: int, reason: str) -> None:
    refusal = Refusal(Code.ABORTED, reason, "") if reason else None
    answer = Answer("k", f"kill web {signal}", 0, only(world).id, refusal)
    restarting.committed(world, world.storage.containers, {}, (PutAnswer(answer),))


def begun(row: Container) -> Container:
    at = row.next_restart_at
    count = row.restart_count + 1
    again = replace(row, state=State.RUNNING, run=row.run + 1, started_at=at, restart_count=count)
    return replace(again, next_restart_at=0, exit_code=None)


def test_a_restart(world: World) -> None:
    ended = over(world)
    assert committed(world, ended) == []
    at = ended.next_restart_at
    assert committed(world, begun(ended), by=Operation.RESTART, at=at) == []


@pytest.mark.parametrize(
    ("early", "count", "by"),
    [(1, 1, Operation.RESTART), (0, 0, Operation.RESTART), (0, 1, Operation.START), (0, 1, None)],
)
def test_a_restart_that_is_wrong(
    world: World, early: int, count: int, by: Operation | None
) -> None:
    """Before its time, not counted, by another's name, by nobody's."""
    ended = over(world)
    assert committed(world, ended) == []
    row = replace(begun(ended), restart_count=count)
    assert committed(world, row, by=by, at=ended.next_restart_at - early) == ["I19"]


def test_a_restart_that_is_not_owed(world: World) -> None:
    ended = replace(over(world), exit_code=0, next_restart_at=0)
    assert committed(world, ended) == []
    assert committed(world, begun(ended), by=Operation.RESTART, at=2**62) == ["I19"]


def test_a_restart_after_a_stop_was_answered(world: World) -> None:
    ended = over(world)
    assert committed(world, ended) == []
    restarting.answered(world, Told(Ask("stop", "web"), "ok"))
    at = ended.next_restart_at
    assert committed(world, begun(ended), by=Operation.RESTART, at=at) == ["I19"]


def test_a_restart_that_nothing_has_caused(world: World) -> None:
    assert committed(world, replace(only(world), next_restart_at=1)) == ["I19"]


def test_a_restart_that_never_comes(world: World) -> None:
    assert found(lambda: restarting.at_rest(world)) == []
    world.storage.containers[only(world).id] = over(world)
    assert found(lambda: restarting.at_rest(world)) == ["I19"]


def test_who_is_gone_is_forgotten(world: World) -> None:
    restarting.committed(world, {}, {}, (DropContainer(only(world).id),))
    assert (world.restarts, world.asked_to_end) == ({}, {})


def test_a_restart_that_is_under_way_has_begun(world: World) -> None:
    row = only(world)
    assert restarting.restarts_begun(world) == 0
    world.storage.intents[row.id] = Intent(row.id, Operation.START, row.run + 1, "", 0)
    assert restarting.restarts_begun(world) == 0
    world.storage.intents[row.id] = Intent(row.id, Operation.RESTART, row.run + 1, "", 0)
    assert restarting.restarts_begun(world) == 1
    del world.storage.intents[row.id]
    world.restarts[row.id] = 2
    assert restarting.restarts_begun(world) == 2
