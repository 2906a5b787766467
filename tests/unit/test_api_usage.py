"""Stats and Top over real gRPC: whom they are about, what is told of whom, and who is refused."""

from dataclasses import replace

import pytest

from conman.core import requests
from conman.core.model import State
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.api_lab import GONE, ID, ROW, Reply, Submit, ask, error_of, on, saying, view

USED = wire.ContainerStats(
    container_id=ID,
    name="web",
    state=wire.RUNNING,
    run=2,
    usage=wire.Usage(
        at=1,
        cpu_ns=2,
        memory_bytes=3,
        memory_limit_bytes=4,
        pids=5,
        pids_limit=6,
        read_bytes=7,
        written_bytes=8,
        received_bytes=9,
        sent_bytes=10,
    ),
)


def listing(*views: Reply) -> tuple[Submit, list[requests.Request]]:
    asked: list[requests.Request] = []

    async def submit(request: requests.Request) -> Reply:
        asked.append(request)
        found = tuple(each for each in views if isinstance(each, requests.ContainerView))
        return requests.ContainerList(found)

    return submit, asked


def test_all_that_run() -> None:
    submit, asked = listing(view(State.RUNNING))
    assert ask(submit, "Stats", wire.StatsRequest()) == wire.StatsResponse(containers=[USED])
    chosen = requests.Selection(states=(State.RUNNING, State.PAUSED))
    assert asked == [requests.ListContainers(chosen)]


def test_all() -> None:
    submit, asked = listing(view(State.EXITED), view(State.PAUSED))
    told = ask(submit, "Stats", wire.StatsRequest(all=True))
    assert isinstance(told, wire.StatsResponse)
    assert asked == [requests.ListContainers()]
    assert [each.HasField("usage") for each in told.containers] == [False, True]


def test_by_name() -> None:
    told = ask(saying(view(State.RUNNING)), "Stats", wire.StatsRequest(container_ids=["a", "b"]))
    assert told == wire.StatsResponse(containers=[USED, USED])


def test_one_that_has_just_ended_has_no_numbers() -> None:
    over = view(State.RUNNING, row=replace(ROW, run=3))
    told = ask(saying(over), "Stats", wire.StatsRequest(container_ids=["a"]))
    assert isinstance(told, wire.StatsResponse)
    assert [(each.run, each.HasField("usage")) for each in told.containers] == [(3, False)]


def test_top() -> None:
    assert ask(saying(view(State.PAUSED)), "Top", on("Top")) == wire.TopResponse(
        processes=[
            wire.Process(
                pid=42, ppid=1, state="S", started_at=1, cpu_ns=2, memory_bytes=3, command="sh -c x"
            )
        ]
    )


@pytest.mark.parametrize("state", [State.CREATED, State.EXITED, State.UNKNOWN])
def test_who_does_not_run_has_no_processes(state: State) -> None:
    code, message, info = error_of(saying(view(state)), "Top", on("Top"))
    assert (code, info.reason) == ("FAILED_PRECONDITION", "NotRunning")
    assert message.startswith(f"container web is {state.value}, so it has no processes")


def test_nobody() -> None:
    assert error_of(saying(GONE), "Top", on("Top"))[0] == "NOT_FOUND"
    named = wire.StatsRequest(container_ids=["x"])
    assert error_of(saying(GONE), "Stats", named)[0] == "NOT_FOUND"


def test_what_makes_no_sense() -> None:
    nobody = wire.StatsRequest(container_ids=[""])
    code, _, info = error_of(saying(view(State.RUNNING)), "Stats", nobody)
    assert (code, info.metadata["field"]) == ("INVALID_ARGUMENT", "container_ids")
    many = wire.StatsRequest(container_ids=["x"] * 1025)
    assert error_of(saying(view(State.RUNNING)), "Stats", many)[0] == "INVALID_ARGUMENT"
