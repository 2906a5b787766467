"""An update that conmand's death interrupts, and that the kernel does not let be put back: what is told of it then."""

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, DeadlinePassed, Effect, Outcome
from conman.core.layout import Layout
from conman.core.limits import merged
from conman.core.machine import Machine
from conman.core.model import (
    Container,
    ContainerSpec,
    Control,
    Init,
    Intent,
    Operation,
    RootfsMode,
    State,
    Stored,
)
from conman.core.outputs import Alarm, Perform, Send
from conman.core.requests import Reply, UpdateContainer
from conman.core.resources import Resources
from conman.core.retries import UNDONE
from conman.errors import Code, Refusal
from conman.primitives.steps import Controls, Done, Failed, Inventory, ProcessId

ID, AGAIN, NOW = "a" * 32, "r" * 32, Now(1, 1)
INIT = Init(ProcessId("boot", 7, 70), 1, 2, "sleep")
ROW = Container(ID, "web", ContainerSpec("sleep"), RootfsMode.OVERLAY, State.RUNNING, 2, INIT)
CHANGE = Resources(pids_limit=5, cpu_shares=2)
SET = (Control("cpu.shares", "1024", "2"), Control("pids.max", "max", "5"))
BEGUN = Intent(
    ID,
    Operation.UPDATE,
    2,
    "boot",
    1,
    request_id=AGAIN,
    digest="d",
    resources=merged(Resources(), CHANGE),
    controls=SET,
)


def recovered(restored: Outcome, *held: tuple[str, str]) -> tuple[Machine, list[Reply]]:
    """What a caller is told who asks again while it is put back: its limits could not be read at first."""
    machine = Machine(Setting(Layout("/d", "/r", "0" * 8, "boot"), "runc"))
    looks = iter([Failed("EMFILE", "no descriptors")])
    left = list(machine.boot(Stored((ROW,), (BEGUN,), names=(("web", ID),)), NOW))
    sent: list[Reply] = []

    def answered(effect: Effect) -> Outcome:
        match effect:
            case v.Commit():
                return Committed()
            case v.LookAtHost():
                return Inventory()
            case v.ReadLimits():
                return next(looks, Controls(held))
            case v.RestoreLimits():
                again = UpdateContainer(AGAIN, "d", "web", CHANGE)
                left.extend(machine.submit(1, again, NOW, bytes(16)))
                return restored
            case _:
                return Done()

    while left:
        match left.pop(0):
            case Send(reply=reply):
                sent.append(reply)
            case Alarm(ticket=ticket):
                left += machine.complete(ticket, DeadlinePassed(), NOW)
            case Perform(ticket, effect):
                outcome = answered(effect)
                left += machine.complete(ticket, outcome, NOW)
            case _:
                pass
    return machine, sent


def test_who_asks_again_is_told_that_it_was_undone_when_it_was() -> None:
    machine, sent = recovered(Done(), ("cpu.shares", "2"), ("pids.max", "max"))
    assert sent == [UNDONE]
    assert machine.ledger.containers[ID] == ROW


def test_what_could_not_be_put_back_was_not_undone() -> None:
    no = Failed("EIO", "pids.max: no")
    machine, [told] = recovered(no, ("cpu.shares", "2"), ("pids.max", "max"))
    assert isinstance(told, Refusal)
    assert (told.code, told.reason) == (Code.FAILED_PRECONDITION, "LimitRefused")
    assert "pids.max: no" in told.what
    assert "status tells what holds now" in told.hint
    assert machine.ledger.containers[ID].spec.resources == Resources(cpu_shares=2)
    assert AGAIN not in machine.ledger.answers, "asked again, it is tried again"


def test_what_was_put_back_all_the_same_was() -> None:
    machine, sent = recovered(Failed("EIO", "no"), ("cpu.shares", "1024"), ("pids.max", "max"))
    assert sent == [UNDONE]
    assert machine.ledger.containers[ID] == ROW
