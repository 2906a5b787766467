"""A machine whose effects are done at once, for tests that play it by hand: outcomes of a host that does as it is told."""

from collections.abc import Sequence

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, Effect, Outcome
from conman.core.layout import Layout
from conman.core.machine import Machine
from conman.core.model import (
    Container,
    ContainerSpec,
    Init,
    RootfsMode,
    State,
    Stored,
)
from conman.core.outputs import InitEnded, Output, Perform, Send
from conman.core.requests import (
    Reply,
    Request,
)
from conman.primitives.steps import (
    Absent,
    Done,
    ExitStatus,
    Failed,
    Held,
    Inventory,
    ProcessId,
    Remaining,
)

ID = "a" * 32
NOW = Now(1, 1)
INIT = Init(ProcessId("boot", 7, 70), 1, 2, "sleep")
ROW = Container(ID, "web", ContainerSpec("sleep"), RootfsMode.OVERLAY, State.RUNNING, 2, INIT)


def answered(effect: Effect, found: Inventory) -> Outcome:
    match effect:
        case v.Commit():
            return Committed()
        case v.LookAtHost():
            return found
        case v.ReadExitStatus():
            return ExitStatus(3, 0)
        case v.AwaitExitRecord() | v.ReadExitRecord():
            return Absent()
        case v.LookForMembers():
            return Remaining(())
        case v.HoldOutput():
            return Held(unread=0)
        case v.SpawnShim():
            return Failed("ENOSPC", "full")
        case _:
            return Done()


class Daemon:
    """A machine whose effects are done at once. `out`: all that came out of it. `found`: on its host."""

    def __init__(self, stored: Stored, found: Inventory | None = None) -> None:
        self.found = found or Inventory()
        self.machine = Machine(Setting(Layout("/d", "/r", "0" * 8, "boot"), "runc"))
        self.out: list[Output] = []
        self.follow(self.machine.boot(stored, NOW))

    def follow(self, outputs: Sequence[Output]) -> None:
        left = list(outputs)
        while left:
            one = left.pop(0)
            self.out.append(one)
            if isinstance(one, Perform):
                if isinstance(one.effect, v.SignalInit):
                    # It dies of it, and that is seen before the signal is known to be sent.
                    left += self.machine.observe(InitEnded(ID, 2), NOW)
                left += self.machine.complete(one.ticket, answered(one.effect, self.found), NOW)

    def asked(self, request: Request) -> Reply:
        self.follow(self.machine.submit(1, request, NOW, bytes(16)))
        return [one.reply for one in self.out if isinstance(one, Send)][-1]

    def wanted(self, kind: type[Effect]) -> list[Effect]:
        performed = [one.effect for one in self.out if isinstance(one, Perform)]
        return [effect for effect in performed if isinstance(effect, kind)]
