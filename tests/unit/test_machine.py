"""The machine played by hand: what the world of the simulator has not, a damaged store, and what is told meanwhile."""

from dataclasses import replace
from typing import cast

import pytest

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import DeadlinePassed, Effect, NotCommitted
from conman.core.layout import Layout
from conman.core.ledger import not_found
from conman.core.machine import Machine
from conman.core.model import (
    AppendEvent,
    Container,
    ContainerSpec,
    Event,
    Intent,
    Operation,
    PutIntent,
    Quarantined,
    RootfsMode,
    State,
    Stored,
)
from conman.core.outputs import Alarm, Perform, Send, ShimEnded
from conman.core.requests import (
    ContainerView,
    ExecStatus,
    InspectContainer,
    ListExecs,
    Okay,
    RemoveContainer,
    RenameContainer,
    Reply,
    Request,
    StopContainer,
    WaitContainer,
    WaitExec,
)
from conman.core.restart import RestartName, RestartPolicy
from conman.errors import Code, Refusal
from conman.primitives.steps import (
    Inventory,
)
from tests.unit.one_machine import ID, INIT, NOW, ROW, Daemon, answered


def test_a_record_that_cannot_be_read_is_removed_by_force() -> None:
    daemon = Daemon(Stored(names=(("web", ID),), quarantined=(Quarantined(ID, "torn"),)))
    reply = daemon.asked(RemoveContainer("r" * 32, "d", "web", force=True))
    assert reply == Okay()
    assert daemon.wanted(v.RemoveFiles) == [v.RemoveFiles(ID)]
    assert not daemon.machine.ledger.knows(ID)
    assert daemon.machine.ledger.names == {}


@pytest.mark.parametrize("state", [State.CREATED, State.RUNNING, State.PAUSED])
def test_of_one_that_goes_by_force_nobody_is_told_how_it_ended(state: State) -> None:
    """It had not: there is no end to tell, however long it is remembered."""
    row = replace(ROW, spec=ContainerSpec("sleep", auto_remove=True), state=state)
    daemon = Daemon(Stored(containers=(row,), names=(("web", ID),)))
    waits = daemon.machine.submit(2, WaitContainer(ID, removed=True), NOW, bytes(16))
    assert waits == []
    daemon.asked(RemoveContainer("r" * 32, "d", "web", force=True))
    assert [one.reply for one in daemon.out if isinstance(one, Send) and one.call == 2] == [Okay()]
    assert daemon.asked(WaitContainer(ID)) == not_found(ID)


def test_of_one_that_goes_when_it_has_ended_its_end_is_told() -> None:
    spec = ContainerSpec("sleep", auto_remove=True)
    daemon = Daemon(Stored(containers=(replace(ROW, spec=spec),), names=(("web", ID),)))
    daemon.asked(StopContainer("r" * 32, "d", "web", 10_000_000_000))
    view = daemon.asked(WaitContainer(ID))
    assert isinstance(view, ContainerView)
    assert view.container is not None
    assert (view.state, view.container.exit_code) == (State.EXITED, 3)
    assert daemon.wanted(v.CommitRemoved) != []


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


@pytest.mark.parametrize("question", [ListExecs("web"), WaitExec("web", "e" * 32)])
def test_what_is_undone_and_cannot_be_yet_is_asked_for_again(question: Request) -> None:
    """No record is there, and conman goes on by itself: that is not for good."""
    create = Intent(ID, Operation.CREATE, 1, "boot", 1, draft=replace(ROW, init=None))
    machine = Machine(Setting(Layout("/d", "/r", "0" * 8, "boot"), "runc"))
    left = list(machine.boot(Stored((), (create,), names=(("web", ID),)), NOW))
    left += machine.submit(1, question, NOW, bytes(16))
    replies = list[Reply]()
    while left:
        one = left.pop(0)
        if isinstance(one, Send):
            replies.append(one.reply)
        elif isinstance(one, Perform):
            full = isinstance(one.effect, v.CommitUndone)
            outcome = NotCommitted("full") if full else answered(one.effect, Inventory())
            left += machine.complete(one.ticket, outcome, NOW)
    [refusal] = replies
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.UNAVAILABLE
    assert "--force" not in refusal.hint
