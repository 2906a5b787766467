"""Why an exec was not begun, played by hand where no story looks: the words are its row's, and its retry's, for ever."""

import pytest

from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, Effect, Outcome
from conman.core.execs import Exec, ExecSpec, found
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
from conman.core.sagas.execs import start_exec
from conman.core.spec import Resolved
from conman.errors import Code, Refusal
from conman.frozen import replace
from conman.primitives.steps import Absent, Done, Failed, ProcessId, ShimAnswer
from conman.shim import machine
from tests.unit.played import played

ID, EXEC = "a" * 32, "e" * 32
INIT = Init(ProcessId("boot", 7, 70), 1, 2, "sleep")
ONE = Exec(EXEC, 2, ExecSpec("/bin/true"), Resolved())
ROW = replace(
    Container(ID, "web", ContainerSpec("sleep"), RootfsMode.OVERLAY, State.RUNNING, 2, INIT),
    execs=(ONE,),
)
INTENT = Intent(ID, Operation.START_EXEC, 2, "boot", 1, exec_id=EXEC)
SETTING = Setting(Layout("/d", "/r", "0" * 8, "boot"), "runc")
ANOTHER = ShimAnswer(machine.describe(machine.State(machine.Phase.SUCCEEDING)))


@pytest.mark.parametrize(
    ("outcome", "code", "reason"),
    [
        (Failed("ENOSPC", "no space left"), Code.RESOURCE_EXHAUSTED, "DiskFull"),
        (Failed("EPROTO", "a foreign packet"), Code.FAILED_PRECONDITION, "HostFailed"),
        (Absent(), Code.FAILED_PRECONDITION, "ShimDied"),
        (ANOTHER, Code.FAILED_PRECONDITION, "ShimDied"),
    ],
)
def test_what_was_in_the_way_is_said(outcome: Outcome, code: Code, reason: str) -> None:
    def answer(effect: Effect) -> Outcome:
        match effect:
            case v.RuntimeExec() | v.HelloShim():
                return outcome
            case v.Commit():
                return Committed()
            case _:
                return Done()

    # The shim is asked until it answers, whatever kept it from that at first.
    waits = isinstance(outcome, Failed)
    effects, told = played(
        start_exec(ROW, INTENT, SETTING),
        lambda one: ANOTHER if waits and isinstance(one, v.HelloShim) else answer(one),
    )
    assert isinstance(told, Refusal)
    assert (told.code, told.reason) == (code, reason)
    if isinstance(outcome, Failed):
        assert outcome.text in told.what
    [change] = [
        c
        for e in effects
        if isinstance(e, v.CommitExecExited)
        for c in e.changes
        if isinstance(c, PutContainer)
    ]
    over = found(change.container.execs, EXEC)
    assert over is not None
    assert (over.exit_code, over.reason, over.message) == (128, reason, told.what)
