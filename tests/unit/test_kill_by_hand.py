"""A kill, played by hand: what is durable before its signal, and what stays of one that was not sent."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from conman.core import restarts
from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, Effect, Outcome
from conman.core.execs import Exec, ExecSpec, ExecState
from conman.core.layout import Layout
from conman.core.model import (
    Answer,
    Container,
    ContainerSpec,
    DropAnswer,
    DropIntent,
    Init,
    Intent,
    Operation,
    PutAnswer,
    PutContainer,
    RootfsMode,
    State,
)
from conman.core.requests import Okay, Reply
from conman.core.sagas import kill
from conman.core.sagas.recovery import recover
from conman.core.spec import Resolved
from conman.errors import Refusal
from conman.primitives.steps import Done, Failed, Gone, ProcessId
from tests.unit.played import played

ID = "a" * 32
SETTING = Setting(Layout("/data", "/run", "0" * 8, "boot"), "runc")
INIT = Init(ProcessId("boot", 7, 70), 1, 2, "sleep")
EXEC = Exec(
    *("e" * 32, 2, ExecSpec("sleep"), Resolved()),
    state=ExecState.RUNNING,
    process=ProcessId("boot", 8, 80),
)
ROW = Container(
    ID, "web", ContainerSpec("sleep"), RootfsMode.OVERLAY, State.RUNNING, 2, INIT, execs=(EXEC,)
)
STOPPED = PutContainer(restarts.left_alone(ROW))
ANSWER = PutAnswer(Answer("r", "d", 9, ID))
OF_EXEC = PutAnswer(replace(ANSWER.answer, exec_id=EXEC.id))


def killed(signal: int, sent: Outcome, *, request_id: str = "r") -> tuple[list[Effect], Reply]:
    intent = Intent(ID, Operation.KILL, 2, "boot", 9, request_id, "d", signal=signal)
    return played(kill.kill_container(ROW, intent, is_still=False), _answering(sent))


def killed_exec(sent: Outcome) -> tuple[list[Effect], Reply]:
    intent = Intent(ID, Operation.KILL_EXEC, 2, "boot", 9, "r", "d", signal=9, exec_id=EXEC.id)
    return played(kill.kill_exec(ROW, intent), _answering(sent))


def _answering(sent: Outcome) -> Callable[[Effect], Outcome]:
    return lambda effect: Committed() if isinstance(effect, v.Commit) else sent


def may_be_sent(effect: Effect) -> tuple[object, ...]:
    """What is recorded beside the answer that holds for the time being."""
    assert isinstance(effect, v.RecordSignal)
    first, *others = effect.changes
    assert isinstance(first, PutAnswer)
    assert first.answer.refusal is not None
    assert first.answer.refusal.reason == "SignalMayBeSent"
    return (first.answer.request_id, first.answer.digest, *others)


def test_that_it_may_be_sent_is_durable_before_it_is() -> None:
    (recorded, *rest), reply = killed(9, Done())
    assert may_be_sent(recorded) == ("r", "d", STOPPED)
    assert rest == [v.SignalInit(INIT.process, 9), v.CommitAnswer((ANSWER,))]
    assert reply == Okay()


def test_so_it_is_of_an_exec_whose_container_is_not_told_to_end() -> None:
    assert EXEC.process is not None
    (recorded, *rest), reply = killed_exec(Done())
    assert may_be_sent(recorded) == ("r", "d")
    assert rest == [v.SignalExec(EXEC.process, 9), v.CommitAnswer((OF_EXEC,))]
    assert reply == Okay()


@pytest.mark.parametrize(
    ("sent", "reason"), [(Gone(), "NotRunning"), (Failed("EPERM", "no"), "HostFailed")]
)
def test_what_was_not_sent_leaves_nothing(sent: Outcome, reason: str) -> None:
    for played_, undone in (
        (killed(15, sent), (DropAnswer("r"), PutContainer(ROW))),
        (killed(10, sent), (DropAnswer("r"),)),
        (killed(9, sent, request_id=""), (PutContainer(ROW),)),
        (killed_exec(sent), (DropAnswer("r"),)),
    ):
        effects, reply = played_
        assert effects[-1] == v.CommitUndone(undone)
        assert isinstance(reply, Refusal)
        assert reply.reason == reason


def test_of_what_nobody_can_ask_again_nothing_is_recorded() -> None:
    signal = v.SignalInit(INIT.process, 10)
    assert killed(10, Done(), request_id="") == ([signal], Okay())
    effects, reply = killed(10, Gone(), request_id="")
    assert effects == [signal]
    assert isinstance(reply, Refusal)


@pytest.mark.parametrize("operation", [Operation.KILL, Operation.KILL_EXEC])
def test_one_that_an_older_conmand_began_has_that_answer(operation: Operation) -> None:
    """Nothing of its container is touched."""
    exec_id = EXEC.id if operation is Operation.KILL_EXEC else ""
    intent = Intent(ID, operation, 2, "boot", 9, "r", "d", signal=9, exec_id=exec_id)
    effects, refusal = played(recover(ROW, intent, SETTING, Now(9, 9)), _answering(Done()))
    [committed] = [one for one in effects if isinstance(one, v.Commit)]
    dropped, answer, *others = committed.changes
    assert dropped == DropIntent(ID)
    assert isinstance(refusal, Refusal)
    assert answer == PutAnswer(replace(ANSWER.answer, refusal=refusal, exec_id=exec_id))
    assert others == ([] if exec_id else [STOPPED])
    assert v.WatchInit(ID, 2, INIT.process) in effects
    assert not any(isinstance(one, v.EndMembers | v.SignalInit) for one in effects)
