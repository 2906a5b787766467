"""Shims outlive the conmand that began them: an older one is asked by a newer conmand, and a newer one by an older.

Neither may be asked for ever what the other does not know.
"""

import json

import pytest

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Effect, Outcome
from conman.core.model import Container, ContainerSpec, Init, RootfsMode, State
from conman.core.requests import Streams
from conman.core.sagas.log import reopen_container_log
from conman.core.shim_call import stream_body
from conman.errors import Code, Refusal
from conman.primitives.steps import Absent, ProcessId, ShimAnswer
from conman.shim import machine, task
from tests.unit.played import played

ID = "a" * 32
INIT = Init(ProcessId("boot", 7, 70), 1, 2, "sleep")
ROW = Container(ID, "web", ContainerSpec("sleep"), RootfsMode.OVERLAY, State.RUNNING, 2, INIT)
CALLED = machine.CallEnded(0, "", "", task.Init("boot", 7, 70, 1, 2, "sleep"))


def without(key: str, body: str) -> str:
    raw = json.loads(body)
    del raw[key]
    return json.dumps(raw)


def of_older(state: machine.State) -> ShimAnswer:
    """As it answers what it does not know: with what it knows, and that has no log."""
    return ShimAnswer(without("log", machine.describe(state)))


def asked_to_reopen(answer: Outcome) -> Refusal:
    def told(effect: Effect) -> Outcome:
        assert isinstance(effect, v.ReopenLog)
        return answer

    refusal = played(reopen_container_log(ROW), told)[1]
    assert isinstance(refusal, Refusal)
    return refusal


@pytest.mark.parametrize(
    "state",
    [
        machine.State(machine.Phase.HOLDING, call=CALLED, init=CALLED.init),
        machine.State(machine.Phase.SUCCEEDING),
    ],
)
def test_an_older_shim_never_reopens_a_log_and_that_is_said(state: machine.State) -> None:
    refusal = asked_to_reopen(of_older(state))
    assert (refusal.code, refusal.reason) == (Code.FAILED_PRECONDITION, "LogNotReopened")
    assert "of an older conmand" in refusal.what
    assert "next run" in refusal.hint


@pytest.mark.parametrize(
    "answer",
    [
        Absent(),
        ShimAnswer("{}"),
        of_older(machine.State()),
        ShimAnswer(machine.describe(machine.State(machine.Phase.CREATING))),
    ],
)
def test_whoever_may_answer_otherwise_is_asked_again(answer: Outcome) -> None:
    refusal = asked_to_reopen(answer)
    assert (refusal.code, refusal.reason) == (Code.UNAVAILABLE, "HostFailed")


def test_an_offer_of_an_older_conmand_has_no_size() -> None:
    body = stream_body(v.OfferStream(ID, 2, "t" * 32, "", Streams(stdout=True)))
    assert task.parse_offer(without("size", body)) == task.parse_offer(body)
