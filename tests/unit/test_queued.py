"""Who waits for the turn of what cannot go on: told so at once, and nothing of it is done behind anybody's back."""

import pytest

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import DeadlinePassed, Outcome
from conman.core.model import State, Stored
from conman.core.outputs import Alarm, ExecEnded, InitEnded
from conman.core.queues import Queues
from conman.core.requests import (
    Okay,
    OpenStream,
    PauseContainer,
    RemoveContainer,
    RenameContainer,
    Reply,
    Request,
    StartContainer,
    StopContainer,
    Streams,
)
from conman.core.turns import Kind, Work
from conman.errors import Code, Refusal
from conman.frozen import replace
from conman.primitives.steps import Absent, Failed, Remaining
from tests.unit.one_machine import ID, NOW, ROW
from tests.unit.test_between import EXEC, STOP, WITH_EXEC, Stubborn, stopping

REMOVE = RemoveContainer("m" * 32, "d", "web", force=False)
UNASKED = Failed("EIO", "the disk fails")
NOT_BEGUN = "what you asked for is not begun: ask again"
HURRIED = (
    "its program may have been ended for what you asked for, the rest of it is not begun: ask again"
)
HASTY = (RemoveContainer("", "d", "web", force=True), StopContainer("q" * 32, "d", "web", 0))


def ending() -> Stubborn:
    """Its program has obeyed, and its shim is asked how."""
    daemon = stopping(slow=(v.AwaitExitRecord, v.CommitExited))
    daemon.follow(daemon.machine.observe(InitEnded(ID, 2), NOW))
    assert daemon.names()[-1] == "AwaitExitRecord"
    return daemon


def answers(daemon: Stubborn, outcome: Outcome) -> None:
    """To what was begun last."""
    daemon.follow(daemon.machine.complete(daemon.begun[-1].ticket, outcome, NOW))


def looks_again(daemon: Stubborn) -> None:
    alarm = [one for one in daemon.out if isinstance(one, Alarm)][-1]
    daemon.follow(daemon.machine.complete(alarm.ticket, DeadlinePassed(), NOW))


def goes_on(daemon: Stubborn) -> None:
    """Nobody has seen how it ended: that is settled, too."""
    looks_again(daemon)
    answers(daemon, Absent())
    daemon.ends(daemon.begun[-1])


def refused(reply: Reply) -> Refusal:
    assert isinstance(reply, Refusal)
    return reply


@pytest.mark.parametrize(
    "request_",
    [
        REMOVE,
        StartContainer("s" * 32, "d", "web"),
        PauseContainer("", "d", "web"),
        RenameContainer("n" * 32, "d", "web", "site"),
        OpenStream("web", "", Streams(stdout=True)),
    ],
)
def test_who_would_be_next_is_told_why_it_cannot_go_on(request_: Request) -> None:
    """As whoever comes then; and neither is done once it goes on."""
    daemon = ending()
    daemon.is_told(request_)
    assert daemon.replies() == []
    answers(daemon, UNASKED)
    of_the_stop, told = map(refused, daemon.replies())
    assert (told.code, told.reason, told.what) == (
        Code.UNAVAILABLE,
        "LookFailed",
        of_the_stop.what,
    )
    assert told.hint == f"{NOT_BEGUN}; of what goes before it: {of_the_stop.hint}"
    assert NOT_BEGUN not in of_the_stop.hint
    daemon.is_told(request_)
    assert daemon.replies()[2:] == [told]
    goes_on(daemon)
    assert daemon.names()[-1] == "CommitExited"
    assert daemon.machine.ledger.containers[ID].state is State.EXITED
    assert len(daemon.replies()) == 3


@pytest.mark.parametrize("hasty", HASTY)
def test_whose_haste_may_have_ended_the_program_is_told_that(hasty: Request) -> None:
    """The stop did not wait any longer for its sake. Who comes when it cannot go on has hurried nobody."""
    daemon = stopping(slow=(v.AwaitExitRecord,))
    daemon.is_told(hasty)
    assert daemon.names()[-1] == "AwaitExitRecord"
    answers(daemon, UNASKED)
    of_the_stop, told = map(refused, daemon.replies())
    assert told.hint == f"{HURRIED}; of what goes before it: {of_the_stop.hint}"
    daemon.is_told(hasty)
    [late] = map(refused, daemon.replies()[2:])
    assert late.hint == f"{NOT_BEGUN}; of what goes before it: {of_the_stop.hint}"
    assert replace(late, hint=told.hint) == told


def test_what_was_not_begun_is_done_once_for_whoever_asks_again() -> None:
    daemon = ending()
    daemon.is_told(REMOVE)
    daemon.is_told(REMOVE)
    answers(daemon, UNASKED)
    assert len(daemon.replies()) == 3
    looks_again(daemon)
    answers(daemon, Absent())
    daemon.is_told(REMOVE)
    daemon.is_told(REMOVE)
    assert len(daemon.replies()) == 3
    daemon.ends(daemon.begun[-1])
    daemon.is_told(REMOVE)
    assert daemon.replies()[3:] == [Okay()] * 3
    assert daemon.names().count("CommitRemoved") == 1


def test_who_waits_for_what_outlives_its_kill_is_told_its_pid() -> None:
    daemon = stopping(slow=(v.EndMembers,))
    daemon.follow(daemon.machine.observe(InitEnded(ID, 2), NOW))
    daemon.is_told(REMOVE)
    answers(daemon, Remaining((7,)))
    of_the_stop, told = map(refused, daemon.replies())
    assert (of_the_stop.code, told.code) == (Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE)
    assert told.reason == of_the_stop.reason == "RemovePending"
    assert told.hint.startswith(NOT_BEGUN)
    assert told.what == of_the_stop.what
    assert "process 7" in told.what


def test_who_waits_is_told_also_of_what_came_between() -> None:
    """It waits for a stop, and the stop for an exec's last."""
    daemon = stopping(WITH_EXEC, (v.RemoveExec,))
    daemon.is_told(REMOVE)
    daemon.follow(daemon.machine.observe(ExecEnded(ID, 2, EXEC.id), NOW))
    answers(daemon, UNASKED)
    of_the_stop, told = map(refused, daemon.replies())
    assert told.what == of_the_stop.what
    assert NOT_BEGUN in told.hint


def test_only_what_clients_want_of_this_object_is_given_up() -> None:
    """What conman does by itself stays, and so does who waits for its log, which has turns of its own."""
    queues = Queues()
    own = Work(Kind.COLLECT, ID)
    mine, logs = Work(Kind.REQUEST, ID), Work(Kind.REQUEST, f"{ID}/log")
    for one in (mine, own, logs):
        queues.put(one, first=False)
    assert queues.give_up(ID) == [mine]
    assert queues.give_up("b" * 32) == []
    assert (queues.next(ID, None), queues.next(ID, None)) == (own, None)
    assert queues.next(logs.key, None) is logs


def test_an_end_that_nobody_awaited_keeps_nobody_waiting_either() -> None:
    """Conman settles by itself, and cannot go on."""
    daemon = Stubborn(Stored(containers=(ROW,), names=(("web", ID),)), (v.AwaitExitRecord,))
    daemon.follow(daemon.machine.observe(InitEnded(ID, 2), NOW))
    daemon.is_told(STOP)
    answers(daemon, UNASKED)
    [told] = map(refused, daemon.replies())
    assert NOT_BEGUN in told.hint
    looks_again(daemon)
    answers(daemon, Absent())
    assert daemon.machine.ledger.containers[ID].state is State.EXITED
    assert len(daemon.replies()) == 1
