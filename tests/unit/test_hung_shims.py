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
from conman.primitives.steps import (
    Absent,
    Done,
    Failed,
    ProcessId,
    Remaining,
    ShimAnswer,
    TimedOut,
)
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
PROCESS = ExecProcess("boot", 8, 80)


def knows(code: int, process: ExecProcess | None, end: ExecEnd | None = None) -> ShimAnswer:
    """What a shim says that has made this call."""
    known = KnownExec(TASK, code, "killed" if code else "", process, end)
    return ShimAnswer(describe(shim.State(phase=shim.Phase.HOLDING, execs=(known,))))


TOLD, OPEN, CALL_ENDED = knows(0, PROCESS, ExecEnd(7, 0, 5)), knows(0, PROCESS), knows(137, None)
SAYS_NOTHING_OF_IT = ShimAnswer(describe(shim.State(phase=shim.Phase.HOLDING)))
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
    asked = ["HelloShim"] * 3 + ["FenceCall", "HelloShim", "FenceShim", "FenceCall"]
    assert kinds(effects)[2:-1] == [*asked, "EndExec", "RemoveExec"]


def test_one_whose_call_does_not_die_is_asked_once_more_when_it_has() -> None:
    """It ends that call before it says anything, and waits for it as we do."""
    deaths = iter([Remaining((9,)), Remaining((9,))])
    dead = list[Outcome]()

    def answer(effect: Effect) -> Outcome:
        if isinstance(effect, v.FenceCall):
            dead.append(next(deaths, Done()))
            return dead[-1]
        if isinstance(effect, v.HelloShim) and Done() in dead:
            return CALL_ENDED
        return Done() if isinstance(effect, v.WaitFor) else hanging(effect)

    row = replace(ROW, execs=(RUNS, replace(NEW, id=OTHER)))
    effects, told = played(start_exec(row, replace(INTENT, exec_id=OTHER), SETTING), answer)
    assert isinstance(told, Refusal)
    assert "FenceShim" not in kinds(effects)
    assert kinds(effects).count("HelloShim") == 4


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
    assert kinds(effects) == ["AwaitExecExit", *["HelloShim"] * 3, "FenceShim"]


@pytest.mark.parametrize("slow", [1, 2])
def test_one_that_says_hello_in_time_begins_it(slow: int) -> None:
    hellos = iter([TimedOut()] * slow)

    def answer(effect: Effect) -> Outcome:
        return next(hellos, TOLD) if isinstance(effect, v.HelloShim) else hanging(effect)

    effects, told = played(start_exec(replace(ROW, execs=(NEW,)), INTENT, SETTING), answer)
    assert not isinstance(told, Refusal)
    assert "FenceShim" not in kinds(effects)


@pytest.mark.parametrize("slow", [0, 1, 2])
@pytest.mark.parametrize(
    ("said", "ending"),
    [
        (TOLD, (7, "Error")),
        (CALL_ENDED, (255, "Unknown")),
        (SAYS_NOTHING_OF_IT, (255, "Unknown")),
    ],
)
def test_one_that_stood_still_and_says_how_it_ended_is_believed(
    slow: int, said: ShimAnswer, ending: tuple[int, str]
) -> None:
    """Nobody is told that what has ended does not end, and no queue is given up for it."""
    hellos = iter([*[TimedOut()] * slow, said])

    def answer(effect: Effect) -> Outcome:
        return next(hellos) if isinstance(effect, v.HelloShim) else hanging(effect)

    effects, told = played(end_execs(replace(ROW, execs=(RUNS,)), 9), answer)
    assert [(one.exit_code, one.reason) for one in told] == [ending]
    assert kinds(effects) == ["AwaitExecExit", *["HelloShim"] * (slow + 1)]


def test_where_an_exec_does_not_die_its_shim_is_asked_on_and_that_is_said() -> None:
    """And nobody waits for it meanwhile: neither a recovery that is to be over, nor who asks at once."""
    exits = iter([TimedOut(), TimedOut()])

    def answer(effect: Effect) -> Outcome:
        if isinstance(effect, v.AwaitExecExit):
            return next(exits, TOLD)
        if isinstance(effect, v.WaitFor):
            return Done()
        return OPEN if isinstance(effect, v.HelloShim) else hanging(effect)

    effects, told = played(end_execs(replace(ROW, execs=(RUNS,)), 9), answer)
    assert [one.exit_code for one in told] == [7]
    assert "FenceShim" not in kinds(effects)
    [first, last] = [one.refusal for one in effects if isinstance(one, Tell)]
    assert (first.reason, "process 8" in first.what) == ("RemovePending", True)
    assert last == first
    assert kinds(effects).count("WaitFor") == 2
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
