"""A shim that hangs and has an exec, played by hand: it is ended, and what only it knew is said to be unknown.

What it is asked is asked again where it could not be asked at all; and one that answers is never ended.
"""

from collections.abc import Callable
from typing import Any

import pytest

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, Effect, Outcome
from conman.core.effects.inner import Mark, Tell
from conman.core.execs import Exec, ExecSpec, ExecState
from conman.core.layout import Layout
from conman.core.model import (
    Container,
    ContainerSpec,
    Init,
    Intent,
    Operation,
    PutContainer,
    RootfsMode,
    State,
)
from conman.core.sagas.execs import end_execs, recover_exec, settle_execs, start_exec
from conman.core.spec import Resolved
from conman.errors import Refusal
from conman.frozen import replace
from conman.primitives.steps import Absent, Done, Failed, ProcessId, ShimAnswer, TimedOut
from conman.shim import machine as shim
from conman.shim.execs import Exec as KnownExec
from conman.shim.execs import ExecEnd, ExecProcess, ExecTask
from conman.shim.words import describe
from tests.unit.played import played

ID, EXEC, OTHER = "a" * 32, "e" * 32, "f" * 32
INIT = Init(ProcessId("boot", 7, 70), 1, 2, "sleep")
NEW = Exec(EXEC, 2, ExecSpec("/bin/true"), Resolved())
RUNS = replace(NEW, state=ExecState.RUNNING, process=ProcessId("boot", 8, 80), started_at=1)
ROW = Container(ID, "web", ContainerSpec("sleep"), RootfsMode.OVERLAY, State.RUNNING, 2, INIT)
INTENT = Intent(ID, Operation.START_EXEC, 2, "boot", 1, exec_id=EXEC)
SETTING = Setting(Layout("/d", "/r", "0" * 8, "boot"), "runc")
TASK = ExecTask(EXEC, (), "", "", "", "", "boot", 0, stdin=False, tty=False, known=())
KNOWN = KnownExec(TASK, 0, "", ExecProcess("boot", 8, 80), ExecEnd(7, 0, 5))
TOLD = ShimAnswer(describe(shim.State(phase=shim.Phase.HOLDING, execs=(KNOWN,))))
ASKED = (v.RuntimeExec, v.HelloShim, v.AwaitExecExit)


def hanging(effect: Effect) -> Outcome:
    """Silent until it is fenced, then dead. Nothing waits for it to come to itself."""
    assert not isinstance(effect, v.WaitFor), "it is waited for"
    if isinstance(effect, v.Commit):
        return Committed()
    return TimedOut() if isinstance(effect, ASKED) else Done()


def dies_when_fenced() -> Callable[[Effect], Outcome]:
    fenced = list[Effect]()

    def answer(effect: Effect) -> Outcome:
        if isinstance(effect, v.FenceShim):
            fenced.append(effect)
        return Absent() if fenced and isinstance(effect, ASKED) else hanging(effect)

    return answer


def kinds(effects: list[Effect]) -> list[str]:
    return [type(one).__name__ for one in effects]


def committed(effects: list[Effect]) -> list[tuple[int | None, str]]:
    """How the execs of the last commit ended."""
    changes: list[Any] = [
        c for e in effects if isinstance(e, v.CommitExecExited) for c in e.changes
    ]
    [row] = [one.container for one in changes if isinstance(one, PutContainer)]
    return [(one.exit_code, one.reason) for one in row.execs]


def test_one_that_is_begun_is_refused_and_left_nowhere() -> None:
    row = replace(ROW, execs=(NEW,))
    effects, told = played(start_exec(row, INTENT, SETTING), dies_when_fenced())
    assert isinstance(told, Refusal)
    assert (told.reason, "did not answer, and was ended" in told.what) == ("ShimDied", True)
    assert committed(effects) == [(128, "ShimDied")]
    fences = ["HelloShim"] * 3 + ["FenceShim", "FenceCall", "EndExec", "RemoveExec"]
    assert kinds(effects)[2:-1] == fences


def test_one_whose_start_was_interrupted_is_refused_so() -> None:
    row = replace(ROW, execs=(NEW,))
    effects, (_, told) = played(recover_exec(row, INTENT, SETTING), dies_when_fenced())
    assert isinstance(told, Refusal)
    assert told.reason == "ExecInterrupted"
    assert committed(effects) == [(128, "ExecInterrupted")]
    assert "FenceShim" in kinds(effects)


def test_how_those_ended_that_it_had_begun_is_unknown() -> None:
    row = replace(ROW, execs=(RUNS, replace(RUNS, id=OTHER)))
    effects, _ = played(settle_execs(row, (EXEC, OTHER), Now(9, 9)), dies_when_fenced())
    assert committed(effects) == [(255, "Unknown")] * 2
    assert kinds(effects).count("FenceShim") == 1


def test_nor_is_a_stop_held_up() -> None:
    effects, told = played(end_execs(replace(ROW, execs=(RUNS,)), 9), dies_when_fenced())
    assert [(one.exit_code, one.reason) for one in told] == [(255, "Unknown")]
    assert kinds(effects) == ["AwaitExecExit", "HelloShim", "FenceShim", "AwaitExecExit"]


@pytest.mark.parametrize("slow", [1, 2])
def test_one_that_says_hello_in_time_begins_it(slow: int) -> None:
    hellos = iter([TimedOut()] * slow)

    def answer(effect: Effect) -> Outcome:
        return next(hellos, TOLD) if isinstance(effect, v.HelloShim) else hanging(effect)

    effects, told = played(start_exec(replace(ROW, execs=(NEW,)), INTENT, SETTING), answer)
    assert not isinstance(told, Refusal)
    assert "FenceShim" not in kinds(effects)


def test_where_an_exec_does_not_die_its_shim_is_asked_on_and_that_is_said() -> None:
    exits = iter([TimedOut(), TimedOut()])

    def answer(effect: Effect) -> Outcome:
        if isinstance(effect, v.AwaitExecExit):
            return next(exits, TOLD)
        return TOLD if isinstance(effect, v.HelloShim) else hanging(effect)

    effects, told = played(end_execs(replace(ROW, execs=(RUNS,)), 9), answer)
    assert [one.exit_code for one in told] == [7]
    assert "FenceShim" not in kinds(effects)
    [first, last] = [one.refusal for one in effects if isinstance(one, Tell)]
    assert (first.reason, "process 8" in first.what) == ("RemovePending", True)
    assert last == first
    marks = [one.reason for one in effects if isinstance(one, Mark)]
    assert marks == ["RemovePending", "RemovePending", ""]


def test_one_that_could_not_be_asked_is_asked_again() -> None:
    exits = iter([Failed("EMFILE", "too many")])

    def answer(effect: Effect) -> Outcome:
        if isinstance(effect, v.AwaitExecExit):
            return next(exits, TOLD)
        return Done() if isinstance(effect, v.WaitFor) else hanging(effect)

    effects, told = played(end_execs(replace(ROW, execs=(RUNS,)), 9), answer)
    assert [one.exit_code for one in told] == [7]
    assert {"HelloShim", "FenceShim"}.isdisjoint(kinds(effects))
