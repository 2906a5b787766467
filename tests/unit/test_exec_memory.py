"""Which execs that have ended are remembered: whoever waits is told how his ended, whatever clocks say and however many end."""

from dataclasses import replace

import pytest

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.execs import (
    ENDED_KEPT,
    Exec,
    Execs,
    ExecSpec,
    ExecState,
    after_the_run,
    ended,
    having,
)
from conman.core.layout import Layout
from conman.core.ledger import Ledger
from conman.core.model import Intent, Operation, Stored
from conman.core.readers import Readers
from conman.core.requests import ExecList, ExecView, ListExecs, WaitExec
from conman.core.sagas.execs import settle_execs
from conman.core.sagas.settle import settle
from conman.core.spec import Resolved
from conman.core.turns import Saga
from conman.primitives.steps import Inventory, ProcessId
from tests.unit.one_machine import ID, ROW, answered
from tests.unit.played import played

LAYOUT = Layout("/d", "/r", "0" * 8, "boot")
SETTING = Setting(LAYOUT, "runc")
SETTLE = Intent(ID, Operation.SETTLE, 2, "boot", 5)


def running(number: int) -> Exec:
    return Exec(
        f"{number:032x}",
        2,
        ExecSpec("/bin/true"),
        Resolved(),
        ExecState.RUNNING,
        ProcessId("boot", 100 + number, 1),
        created_at=number,
    )


def over(number: int, at: int) -> Exec:
    return ended(running(number), at, 7, "Error")


OLD = having((), *(over(number, 1_000_000) for number in range(ENDED_KEPT)))


def ids(execs: Execs) -> list[str]:
    return [one.id for one in execs]


def test_a_clock_that_was_set_back_forgets_nobody_who_has_just_ended() -> None:
    one, next_one = over(50, 100), over(51, 101)
    execs = having(having(OLD, one), next_one)
    assert ids(execs) == [*ids(OLD[2:]), one.id, next_one.id]


def test_the_first_that_was_created_and_the_last_that_ended_stays() -> None:
    first = running(0)
    execs = having((), first)
    for number in range(1, ENDED_KEPT + 1):
        execs = having(execs, over(number, number))
    execs = having(having(execs, ended(first, 1000, 0, "Completed")), over(60, 1001))
    assert len(execs) == ENDED_KEPT
    assert ids(execs)[-2:] == [first.id, over(60, 1).id]


def test_all_that_end_at_once_are_told_of_and_go_with_the_next() -> None:
    many = tuple(running(number) for number in range(50, 110))
    told = tuple(ended(one, 5, 137, "Error") for one in many)
    execs = after_the_run((*OLD, *many), told)
    assert execs == told
    # As whoever comes back after that commit has them, and settles the rest of the run.
    assert after_the_run(execs) == told
    last = over(200, 6)
    assert having(execs, last) == (*told[-ENDED_KEPT + 1 :], last)


@pytest.mark.parametrize("settles", ["those whose time is over", "their run"])
def test_whoever_waits_for_one_of_many_is_told_how_it_ended(settles: str) -> None:
    many = tuple(running(number) for number in range(50, 110))
    row = replace(ROW, execs=(*OLD, *many))
    ledger, readers = Ledger(Stored(containers=(row,), names=(("web", ID),))), Readers()
    for call, one in enumerate(many):
        assert readers.ask(call, WaitExec(ID, one.id), ledger, LAYOUT, set()) == []
    if settles == "their run":
        saga: Saga = settle(row, SETTLE, SETTING)
    else:
        saga = settle_execs(row, tuple(ids(many)), Now(5, 5))
    effects, _ = played(saga, lambda effect: answered(effect, Inventory()))
    # Who was parked is asked for again after the saga: its last commit is what he is told by.
    changes = [one.changes for one in effects if isinstance(one, v.Commit)][-1]
    ledger.apply(changes)
    replies = [one.reply for one in readers.tell(changes, ledger, LAYOUT)]
    assert len(replies) == len(many)
    assert all(isinstance(one, ExecView) for one in replies)


def test_they_are_listed_by_their_age() -> None:
    row = replace(ROW, execs=having((), running(1), running(2), over(1, 9)))
    ledger = Ledger(Stored(containers=(row,), names=(("web", ID),)))
    [sent] = Readers().ask(1, ListExecs("web"), ledger, LAYOUT, set())
    assert isinstance(sent.reply, ExecList)
    assert ids(sent.reply.execs) == [running(1).id, running(2).id]
