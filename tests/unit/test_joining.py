"""Whoever asks again while a recovery is at work on what they asked for: they are told what is recorded of it.

A recovery lets nobody in before it is over, but where it was stuck for a while and goes on.
"""

from collections.abc import Iterator

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, DeadlinePassed, Effect, Outcome
from conman.core.execs import Exec, ExecSpec
from conman.core.layout import Layout
from conman.core.machine import Machine
from conman.core.model import (
    Container,
    ContainerSpec,
    Init,
    Intent,
    Operation,
    RootfsMode,
    State,
    Stored,
)
from conman.core.outputs import Alarm, Perform, Send
from conman.core.requests import CreateExec, ExecCreated, Reply
from conman.core.spec import Resolved
from conman.errors import Refusal
from conman.primitives.steps import Absent, Done, Failed, ProcessId, ShimAnswer
from conman.shim import machine as shim
from conman.shim.execs import Exec as KnownExec
from conman.shim.execs import ExecProcess, ExecTask
from conman.shim.words import describe

ID, EXEC = "a" * 32, "e" * 32
INIT = Init(ProcessId("boot", 7, 70), 1, 2, "sleep")
ONE = Exec(EXEC, 2, ExecSpec("sleep"), Resolved())
ROW = Container(
    ID, "web", ContainerSpec("sleep"), RootfsMode.OVERLAY, State.RUNNING, 2, INIT, execs=(ONE,)
)
REQUEST = CreateExec("r" * 32, "digest", "web", ExecSpec("sleep"), start=True)
OPEN = Intent(
    ID, Operation.CREATE_EXEC, 2, "boot", 1, request_id="r" * 32, digest="digest", exec_id=EXEC
)
TASK = ExecTask(EXEC, (), "", "", "", "", "boot", 0, stdin=False, tty=False, known=())
BEGUN = describe(
    shim.State(
        phase=shim.Phase.HOLDING, execs=(KnownExec(TASK, 0, "", ExecProcess("boot", 8, 80)),)
    )
)


def told(body: str) -> Reply:
    """A recovery whose first question to the shim fails; the client asks again before its last effects."""
    hellos = iter((Failed("EIO", "no answer"), ShimAnswer(body)))
    machine = Machine(Setting(Layout("/d", "/r", "0" * 8, "boot"), "runc"))
    left = [
        *machine.boot(Stored(containers=(ROW,), intents=(OPEN,), names=(("web", ID),)), Now(1, 1))
    ]
    replies = list[Reply]()
    while left:
        match left.pop(0):
            case Perform(ticket, v.FenceCall(), _):
                left += machine.submit(1, REQUEST, Now(2, 2), bytes(16))
                left += machine.complete(ticket, Done(), Now(2, 2))
            case Perform(ticket, effect, _):
                left += machine.complete(ticket, answered(effect, hellos), Now(1, 1))
            case Alarm(ticket, at) if at:
                left += machine.complete(ticket, DeadlinePassed(), Now(at, at))
            case Send(1, reply):
                replies.append(reply)
            case _:
                pass
    [reply] = replies
    return reply


def answered(effect: Effect, hellos: Iterator[Outcome]) -> Outcome:
    match effect:
        case v.HelloShim():
            return next(hellos, Absent())
        case v.Commit():
            return Committed()
        case _:
            return Done()


def test_of_one_that_runs_its_id_is_told() -> None:
    assert told(BEGUN) == ExecCreated(ID, EXEC)


def test_of_one_that_was_ended_the_refusal() -> None:
    reply = told(describe(shim.State(phase=shim.Phase.HOLDING)))
    assert isinstance(reply, Refusal)
    assert reply.reason == "ExecInterrupted"
