"""The machine played by hand: what the world of the simulator has not, a damaged store, and what is told meanwhile."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, DeadlinePassed, Effect, Outcome
from conman.core.execs import Exec, ExecSpec, ExecState
from conman.core.layout import Layout
from conman.core.machine import Machine
from conman.core.model import (
    AppendEvent,
    Container,
    ContainerSpec,
    Event,
    Init,
    Intent,
    Operation,
    PutIntent,
    Quarantined,
    RootfsMode,
    State,
    Stored,
)
from conman.core.outputs import Alarm, ExecEnded, InitEnded, Output, Perform, Send, ShimEnded
from conman.core.requests import (
    ContainerView,
    ExecStatus,
    ExecView,
    InspectContainer,
    ListExecs,
    Okay,
    RemoveContainer,
    RenameContainer,
    Reply,
    Request,
    StopContainer,
    WaitExec,
)
from conman.core.restart import RestartName, RestartPolicy
from conman.core.spec import Resolved
from conman.errors import Code, Refusal
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


def test_a_record_that_cannot_be_read_is_removed_by_force() -> None:
    daemon = Daemon(Stored(names=(("web", ID),), quarantined=(Quarantined(ID, "torn"),)))
    reply = daemon.asked(RemoveContainer("r" * 32, "d", "web", force=True))
    assert reply == Okay()
    assert daemon.wanted(v.RemoveFiles) == [v.RemoveFiles(ID)]
    assert not daemon.machine.ledger.knows(ID)
    assert daemon.machine.ledger.names == {}


@pytest.mark.parametrize(
    "question", [ListExecs("web"), ExecStatus("web", "e" * 32), WaitExec("web", "e" * 32)]
)
def test_of_a_record_that_cannot_be_read_nobody_says_that_it_has_no_execs(
    question: Request,
) -> None:
    daemon = Daemon(Stored(names=(("web", ID),), quarantined=(Quarantined(ID, "torn"),)))
    reply = daemon.asked(question)
    assert isinstance(reply, Refusal)
    assert (reply.code, reply.reason) == (Code.FAILED_PRECONDITION, "ExecsUnknown")
    assert "torn" in reply.what


def test_the_execs_of_one_that_cannot_be_looked_at_now_are_asked_for_again() -> None:
    row = Container(ID, "web", ContainerSpec("sh"), RootfsMode.OVERLAY, State.CREATED, 1)
    daemon = Daemon(Stored((row,), names=(("web", ID),)))
    daemon.machine.ledger.marks[ID] = ("LookFailed", "the disk is slow")
    reply = daemon.asked(ListExecs("web"))
    assert isinstance(reply, Refusal)
    assert (reply.code, reply.reason) == (Code.UNAVAILABLE, "ExecsUnknown")
    assert "the disk is slow" in reply.what


def test_a_record_without_a_name_is_named_by_its_id() -> None:
    daemon = Daemon(Stored(quarantined=(Quarantined(ID, "torn"),)))
    reply = daemon.asked(ListExecs(ID))
    assert isinstance(reply, Refusal)
    assert f"the execs of container {ID} cannot be told of now" in reply.what


def test_a_stop_does_not_wait_for_who_has_ended() -> None:
    """Its end is seen before anybody waits for it."""
    daemon = Daemon(Stored(containers=(ROW,), names=(("web", ID),)))
    assert daemon.asked(StopContainer("r" * 32, "d", "web", 10_000_000_000)) == Okay()
    assert [one for one in daemon.out if isinstance(one, Alarm)] == []
    view = daemon.asked(InspectContainer("web"))
    assert isinstance(view, ContainerView)
    assert view.state is State.EXITED
    assert daemon.wanted(v.SignalInit) == [v.SignalInit(INIT.process, 15)]


def test_what_nobody_owns_is_collected() -> None:
    daemon = Daemon(Stored(), Inventory(directories=(ID,), runs=((ID, 2),)))
    points = [one.point for one in daemon.out if isinstance(one, Perform)]
    assert points.count("garbage/FenceCall") == points.count("garbage/FenceCall#2") == 1
    [commit] = daemon.wanted(v.CommitCollected)
    assert isinstance(commit, v.CommitCollected)
    assert commit.changes == (AppendEvent(Event(1, ID, "collected", 2)),)
    assert daemon.wanted(v.RemoveFiles) == [v.RemoveFiles(ID)]


@pytest.mark.parametrize(("name", "is_taken"), [("a1" * 16, False), ("g" * 32, True), ("a", True)])
def test_a_name_that_could_be_an_id_is_refused(name: str, is_taken: bool) -> None:
    daemon = Daemon(Stored(containers=(ROW,), names=(("web", ID),)))
    reply = daemon.asked(RenameContainer("r" * 32, "d", "web", name))
    assert isinstance(reply, Okay) is is_taken, reply
    assert daemon.machine.ledger.names == ({name: ID} if is_taken else {"web": ID})


def test_what_an_id_prefix_fits_is_told() -> None:
    ids = tuple(f"ab{digit}" + "0" * 29 for digit in range(4))
    rows = tuple(
        replace(ROW, id=one, name=f"web{one[2]}", state=State.EXITED, init=None) for one in ids
    )
    daemon = Daemon(Stored(containers=rows, names=tuple((row.name, row.id) for row in rows)))
    assert daemon.asked(InspectContainer("ab")) == Refusal(
        Code.INVALID_ARGUMENT,
        "AmbiguousPrefix",
        f"the id prefix 'ab' fits 4 containers: {', '.join(ids[:3])}",
        "give more of the id, or a name",
        "container_id",
    )
    view = daemon.asked(InspectContainer("ab2"))
    assert isinstance(view, ContainerView)
    assert view.id == ids[2]


def test_an_orphan_is_told_with_its_state_until_its_successor_is_due() -> None:
    """Its shim dies, no successor can be begun: the next is tried when its alarm comes."""
    daemon = Daemon(Stored(containers=(ROW,), names=(("web", ID),)))
    daemon.follow(daemon.machine.observe(ShimEnded(ID, 2), NOW))
    view = daemon.asked(InspectContainer("web"))
    assert isinstance(view, ContainerView)
    assert (view.state, view.reason) == (State.RUNNING, "ShimDied")
    assert "no shim could be started: full" in view.message
    [alarm] = [one for one in daemon.out if isinstance(one, Alarm)]
    assert alarm.at == 1 + 1_000_000_000
    assert len(daemon.wanted(v.SpawnShim)) == 1


def test_what_waits_for_its_restart_costs_one_alarm() -> None:
    policy = RestartPolicy(RestartName.ALWAYS)
    spec = ContainerSpec("sleep", restart=policy)
    waits = replace(
        ROW, spec=spec, state=State.EXITED, init=None, short_runs=3, next_restart_at=500
    )
    daemon = Daemon(Stored(containers=(waits,), names=(("web", ID),)))
    [alarm] = [one for one in daemon.out if isinstance(one, Alarm)]
    assert alarm.at == NOW.monotonic + 499
    daemon.asked(RenameContainer("r" * 32, "d", "web", "site"))
    assert [one for one in daemon.out if isinstance(one, Alarm)] == [alarm]
    assert daemon.wanted(v.PrepareBundle) == []
    daemon.follow(daemon.machine.complete(alarm.ticket, DeadlinePassed(), Now(500, alarm.at)))
    [intent] = [
        change.intent
        for effect in daemon.wanted(v.RecordIntent)
        for change in cast("v.RecordIntent", effect).changes
        if isinstance(change, PutIntent)
    ]
    assert (intent.operation, intent.run, intent.prepares) == (Operation.RESTART, 3, True)


def test_a_stop_that_came_first_is_no_restart() -> None:
    """It waits while conman recovers, and what is overdue waits for it."""
    spec = ContainerSpec("sleep", restart=RestartPolicy(RestartName.ALWAYS))
    overdue = replace(ROW, spec=spec, state=State.EXITED, init=None, next_restart_at=1)
    other = replace(ROW, id="b" * 32, name="db")
    machine = Machine(Setting(Layout("/d", "/r", "0" * 8, "boot"), "runc"))
    update = Intent(ID, Operation.UPDATE, 2, "boot", 1)
    names = (("web", ID), ("db", other.id))
    recovering = machine.boot(Stored((overdue, other), (update,), names=names), NOW)
    assert machine.submit(1, StopContainer("r" * 32, "d", "web", 0), NOW, bytes(16)) == []
    left, wanted = list(recovering), list[Effect]()
    while left:
        one = left.pop(0)
        if isinstance(one, Perform):
            wanted.append(one.effect)
            left += machine.complete(one.ticket, answered(one.effect, Inventory()), NOW)
    assert [type(one) for one in wanted if isinstance(one, v.Commit)] == [
        v.CommitUndone,
        v.CommitStopped,
    ]


STOP = StopContainer("r" * 32, "d", "web", 600_000_000_000)
EXEC = Exec(
    "e" * 32,
    2,
    ExecSpec("sleep"),
    Resolved(),
    ExecState.RUNNING,
    ProcessId("boot", 8, 80),
    started_at=1,
)
WITH_EXEC = replace(ROW, execs=(EXEC,))
STOPPING = Intent(ID, Operation.STOP, 2, "boot", 1, deadline=1_000, signal=15)


class Stubborn(Daemon):
    """A daemon whose containers take their time to end. `slow`: what is not done until it is asked for."""

    def __init__(self, stored: Stored, slow: tuple[type[Effect], ...] = ()) -> None:
        self.slow, self.begun = slow, list[Perform]()
        super().__init__(stored)

    def follow(self, outputs: Sequence[Output]) -> None:
        left = list(outputs)
        while left:
            one = left.pop(0)
            self.out.append(one)
            if isinstance(one, Perform) and isinstance(one.effect, self.slow):
                self.begun.append(one)
            elif isinstance(one, Perform):
                left += self.machine.complete(one.ticket, answered(one.effect, self.found), NOW)

    def ends(self, perform: Perform) -> None:
        self.follow(
            self.machine.complete(perform.ticket, answered(perform.effect, self.found), NOW)
        )

    def is_told(self, request: Request) -> None:
        self.follow(self.machine.submit(1, request, NOW, bytes(16)))

    def replies(self) -> list[Reply]:
        return [one.reply for one in self.out if isinstance(one, Send)]

    def names(self) -> list[str]:
        return [type(one.effect).__name__ for one in self.out if isinstance(one, Perform)]


def stopping(row: Container = ROW, slow: tuple[type[Effect], ...] = ()) -> Stubborn:
    """It waits for a program's end; what was done up to then is forgotten."""
    daemon = Stubborn(Stored(containers=(row,), names=(("web", ID),)), slow)
    daemon.is_told(STOP)
    assert daemon.names()[-1] == "SignalInit"
    return daemon


def test_an_exec_that_ends_while_a_stop_waits_is_told_then() -> None:
    daemon = stopping(WITH_EXEC)
    daemon.is_told(WaitExec("web", EXEC.id))
    assert daemon.replies() == []
    daemon.follow(daemon.machine.observe(ExecEnded(ID, 2, EXEC.id), NOW))
    [view] = daemon.replies()
    assert isinstance(view, ExecView)
    assert view.exec.state is ExecState.EXITED
    daemon.is_told(ExecStatus("web", EXEC.id))
    assert daemon.replies() == [view, view]
    daemon.follow(daemon.machine.observe(InitEnded(ID, 2), NOW))
    assert daemon.replies()[2:] == [Okay()]
    assert daemon.names().count("CommitExecExited") == 1
    assert daemon.machine.ledger.containers[ID].execs == (view.exec,)


@pytest.mark.parametrize("state", [State.RUNNING, State.PAUSED])
def test_an_exec_has_no_more_time_than_it_may_while_a_stop_waits(state: State) -> None:
    """What stood still was let go."""
    limited = replace(EXEC, deadline=50)
    daemon = stopping(replace(ROW, state=state, execs=(limited,)))
    [alarm] = [one for one in daemon.out if isinstance(one, Alarm) and one.at == limited.deadline]
    late = Now(60, 60)
    daemon.follow(daemon.machine.complete(alarm.ticket, DeadlinePassed(), late))
    assert daemon.wanted(v.SignalExec) == [v.SignalExec(ProcessId("boot", 8, 80), 9)]
    assert daemon.names()[-1] == "CommitExecExited"


def test_a_shim_that_dies_while_a_stop_waits_has_its_successor_then() -> None:
    daemon = stopping()
    daemon.follow(daemon.machine.observe(ShimEnded(ID, 2), NOW))
    assert daemon.names()[-2:] == ["HoldOutput", "SpawnShim"]
    view = daemon.asked(InspectContainer("web"))
    assert isinstance(view, ContainerView)
    assert (view.state, view.reason) == (State.RUNNING, "ShimDied")


@pytest.mark.parametrize("seen", ["end", "deadline"])
def test_what_a_stop_waits_for_is_heard_after_who_came_between(seen: str) -> None:
    """Each to its end: of one object one saga moves."""
    daemon = stopping(WITH_EXEC, (v.RemoveExec,))
    deadline = next(one for one in daemon.out if isinstance(one, Alarm))
    daemon.follow(daemon.machine.observe(ExecEnded(ID, 2, EXEC.id), NOW))
    [between] = daemon.begun
    if seen == "end":
        daemon.follow(daemon.machine.observe(InitEnded(ID, 2), NOW))
    else:
        daemon.follow(daemon.machine.complete(deadline.ticket, DeadlinePassed(), NOW))
    daemon.follow(daemon.machine.observe(ShimEnded(ID, 2), NOW))
    assert daemon.names()[-1] == "RemoveExec"
    daemon.ends(between)
    after = daemon.names()[daemon.names().index("RemoveExec") + 1 :]
    assert after[:2] == ["CommitExecExited", "EndMembers"]
    assert daemon.replies() == [Okay()]


def test_who_waits_for_a_stop_is_told_that_who_came_between_cannot_go_on() -> None:
    """Also whoever asks for it again."""
    daemon = stopping(WITH_EXEC, (v.RemoveExec,))
    daemon.follow(daemon.machine.observe(ExecEnded(ID, 2, EXEC.id), NOW))
    [between] = daemon.begun
    fails = Failed("EIO", "the disk fails")
    daemon.follow(daemon.machine.complete(between.ticket, fails, NOW))
    [refusal] = daemon.replies()
    assert isinstance(refusal, Refusal)
    assert "the disk fails" in refusal.what
    daemon.is_told(STOP)
    assert daemon.replies() == [refusal, refusal]
    again = [one for one in daemon.out if isinstance(one, Alarm)][-1]
    daemon.follow(daemon.machine.complete(again.ticket, DeadlinePassed(), NOW))
    daemon.ends(daemon.begun[-1])
    daemon.is_told(STOP)
    assert daemon.replies() == [refusal, refusal]
    daemon.follow(daemon.machine.observe(InitEnded(ID, 2), NOW))
    assert daemon.replies() == [refusal, refusal, Okay()]


def test_a_stop_that_is_found_open_watches_execs_too() -> None:
    daemon = Stubborn(Stored((WITH_EXEC,), (STOPPING,), names=(("web", ID),)))
    assert daemon.wanted(v.WatchExec) == [v.WatchExec(ID, 2, EXEC.id, ProcessId("boot", 8, 80))]
    daemon.follow(daemon.machine.observe(ExecEnded(ID, 2, EXEC.id), NOW))
    assert daemon.names()[-1] == "CommitExecExited"
