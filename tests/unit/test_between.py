"""What comes between while a stop waits for a program's end: done then, one at a time, each to its end."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from conman.core.admission import Now
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import DeadlinePassed, Effect
from conman.core.execs import Exec, ExecSpec, ExecState
from conman.core.model import (
    Container,
    Intent,
    Operation,
    State,
    Stored,
)
from conman.core.outputs import Alarm, ExecEnded, InitEnded, Output, Perform, Send, ShimEnded
from conman.core.requests import (
    ContainerView,
    ExecStatus,
    ExecView,
    InspectContainer,
    KillContainer,
    KillExec,
    Okay,
    OpenStream,
    RemoveContainer,
    RenameContainer,
    Reply,
    Request,
    StartContainer,
    StopContainer,
    Streams,
    WaitExec,
)
from conman.core.spec import Resolved
from conman.errors import Refusal
from conman.primitives.steps import (
    Failed,
    Gone,
    ProcessId,
    TimedOut,
)
from tests.unit.one_machine import ID, NOW, ROW, Daemon, answered

STOP = StopContainer("r" * 32, "d", "web", 600_000_000_000)
KILL = KillContainer("k" * 32, "d", "web", 9)
OPEN = OpenStream("web", "", Streams(stdout=True))
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


@pytest.mark.parametrize("is_being_stopped", [False, True])
def test_a_late_word_of_an_earlier_runs_end_keeps_nobody_waiting(*, is_being_stopped: bool) -> None:
    """It says nothing of this run, of which an exec ends, and a shim dies."""
    daemon = Stubborn(Stored(containers=(WITH_EXEC,), names=(("web", ID),)))
    if is_being_stopped:
        daemon.is_told(STOP)
    for end in (InitEnded(ID, 1), ExecEnded(ID, 2, EXEC.id)):
        daemon.follow(daemon.machine.observe(end, NOW))
    assert daemon.names()[-1] == "CommitExecExited"
    daemon.follow(daemon.machine.observe(ShimEnded(ID, 2), NOW))
    assert daemon.names()[-1] == "SpawnShim"
    assert daemon.wanted(v.CommitExited) == []


def test_a_stop_that_is_found_open_watches_execs_too() -> None:
    daemon = Stubborn(Stored((WITH_EXEC,), (STOPPING,), names=(("web", ID),)))
    assert daemon.wanted(v.WatchExec) == [v.WatchExec(ID, 2, EXEC.id, ProcessId("boot", 8, 80))]
    daemon.follow(daemon.machine.observe(ExecEnded(ID, 2, EXEC.id), NOW))
    assert daemon.names()[-1] == "CommitExecExited"


def test_a_way_to_streams_does_not_wait_for_a_stop() -> None:
    """Nor for what else waits for it; whoever asked before the stop's signal was sent hears then, too."""
    daemon = Stubborn(Stored(containers=(ROW,), names=(("web", ID),)), (v.SignalInit,))
    daemon.is_told(STOP)
    daemon.is_told(RenameContainer("s" * 32, "d", "web", "site"))
    daemon.is_told(OPEN)
    assert daemon.wanted(v.OfferStream) == []
    daemon.ends(daemon.begun[-1])
    daemon.is_told(OPEN)
    assert len(daemon.wanted(v.OfferStream)) == len(daemon.replies()) == 2
    assert daemon.wanted(v.CommitRenamed) == []


def test_a_kill_does_not_wait_for_a_stop() -> None:
    """Which has an intent, and keeps it."""
    daemon = stopping(WITH_EXEC)
    for request, signal in (
        (KILL, "SignalInit"),
        (KillExec("l" * 32, "d", "web", EXEC.id, 9), "SignalExec"),
    ):
        daemon.is_told(request)
        assert daemon.names()[-3:] == ["RecordSignal", signal, "CommitAnswer"]
    assert daemon.replies() == [Okay(), Okay()]
    assert daemon.machine.ledger.intents[ID].operation is Operation.STOP
    daemon.follow(daemon.machine.observe(InitEnded(ID, 2), NOW))
    assert daemon.replies() == [Okay(), Okay(), Okay()]


@pytest.mark.parametrize(
    ("state", "signal", "is_thawed"),
    [(State.RUNNING, 9, False), (State.PAUSED, 15, False), (State.PAUSED, 9, True)],
)
def test_only_what_stands_still_goes_on_to_die(
    state: State, signal: int, *, is_thawed: bool
) -> None:
    """A stop has let it go on already."""
    row, request = replace(ROW, state=state), replace(KILL, signal=signal)
    daemon = Stubborn(Stored(containers=(row,), names=(("web", ID),)))
    daemon.is_told(request)
    assert daemon.wanted(v.Thaw) == [v.Thaw(ID, 2)] * is_thawed
    daemon = stopping(row)
    before = daemon.wanted(v.Thaw)
    daemon.is_told(request)
    assert daemon.wanted(v.Thaw) == before


def test_an_answer_that_is_recorded_is_told_while_what_follows_it_takes_its_time() -> None:
    """A start that timed out, of a program that ran and has ended: it is answered before its run is settled."""
    slow = (v.RuntimeStart, v.StopInit, v.EndMembers)
    created = replace(ROW, state=State.CREATED)
    daemon = Stubborn(Stored(containers=(created,), names=(("web", ID),)), slow)
    start = StartContainer("s" * 32, "d", "web")
    daemon.is_told(start)
    for told in (TimedOut(), Gone()):
        daemon.follow(daemon.machine.complete(daemon.begun[-1].ticket, told, NOW))
    assert daemon.names()[-1] == "EndMembers"
    assert daemon.replies() == []
    daemon.is_told(start)
    assert daemon.replies() == [Okay()]


def test_a_kill_that_is_asked_for_again_is_one() -> None:
    """By whoever is not answered yet; and of the next daemon, which cannot know whether it was sent."""
    daemon = Stubborn(Stored(containers=(ROW,), names=(("web", ID),)), (v.SignalInit,))
    daemon.is_told(KILL)
    daemon.is_told(KILL)
    assert daemon.replies() == []
    ledger = daemon.machine.ledger
    stored = Stored((*ledger.containers.values(),), (), (*ledger.answers.values(),))
    daemon.ends(daemon.begun[-1])
    assert daemon.replies() == [Okay(), Okay()]
    daemon.is_told(KILL)
    assert daemon.replies() == [Okay(), Okay(), Okay()]
    assert len(daemon.begun) == 1
    successor = Stubborn(replace(stored, names=(("web", ID),)))
    successor.is_told(KILL)
    [refusal] = successor.replies()
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "SignalMayBeSent"
    assert successor.wanted(v.SignalInit) == []


@pytest.mark.parametrize(
    ("request_", "is_patient"),
    [
        (RemoveContainer("m" * 32, "d", "web", force=True), False),
        (RemoveContainer("m" * 32, "d", "web", force=False), True),
        (StopContainer("m" * 32, "d", "web", 0), False),
        (StopContainer("m" * 32, "d", "web", 1), True),
        (StopContainer("m" * 32, "d", "web", None), True),
    ],
)
def test_who_would_kill_it_at_once_ends_the_wait_of_a_stop(
    request_: Request, *, is_patient: bool
) -> None:
    daemon = stopping()
    daemon.is_told(request_)
    if is_patient:
        assert daemon.names()[-1] == "SignalInit"
        daemon.follow(daemon.machine.observe(InitEnded(ID, 2), NOW))
    assert daemon.replies() == [Okay(), Okay()]
    assert ("CommitRemoved" in daemon.names()) is isinstance(request_, RemoveContainer)
