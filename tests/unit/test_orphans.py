"""When a successor for a dead shim may be begun, and what is told until then."""

from dataclasses import replace

import pytest

from conman.core.layout import Layout
from conman.core.ledger import Ledger
from conman.core.model import (
    Container,
    ContainerSpec,
    Init,
    PutContainer,
    RootfsMode,
    State,
    Stored,
)
from conman.core.orphans import Orphans
from conman.core.sagas.succession import Fate
from conman.primitives.steps import ProcessId

SECOND = 1_000_000_000
ID, BOOT = "0" * 32, "boot"
INIT = Init(ProcessId(BOOT, 10, 1), 1, 1, "sleep")
ROW = Container(
    ID, "web", ContainerSpec("sleep"), RootfsMode.OVERLAY, State.RUNNING, run=1, init=INIT
)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(Stored(containers=(ROW,)))


def test_a_first_death_is_followed_at_once() -> None:
    orphans = Orphans()
    assert orphans.due(ROW, ID, BOOT) is None
    orphans.died(ID, 1, 5 * SECOND)
    assert orphans.due(ROW, ID, BOOT) == 5 * SECOND


def test_a_death_that_is_seen_while_a_successor_comes_up_is_its_own(ledger: Ledger) -> None:
    orphans = Orphans()
    orphans.died(ID, 1, 5 * SECOND)
    orphans.tried(ID)
    assert orphans.due(ROW, ID, BOOT) is None
    orphans.died(ID, 1, 6 * SECOND)
    orphans.conclude(ID, Fate.LOGGED, "", ledger, 6 * SECOND)
    assert orphans.due(ROW, ID, BOOT) == 7 * SECOND


def test_deaths_in_a_row_are_followed_ever_later_up_to_a_minute(ledger: Ledger) -> None:
    orphans, now, delays = Orphans(), 0, list[int]()
    for _ in range(10):
        orphans.died(ID, 1, now)
        due = orphans.due(ROW, ID, BOOT)
        assert due is not None
        delays.append((due - now) // SECOND)
        orphans.tried(ID)
        orphans.conclude(ID, Fate.LOGGED, "", ledger, due)
        assert orphans.due(ROW, ID, BOOT) is None
        now = due + SECOND
    assert delays == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_shim_that_has_lived_did_not_die_young(ledger: Ledger) -> None:
    orphans = Orphans()
    for now in (0, SECOND):
        orphans.died(ID, 1, now)
    orphans.conclude(ID, Fate.LOGGED, "", ledger, 2 * SECOND)
    orphans.died(ID, 1, 62 * SECOND)
    assert orphans.due(ROW, ID, BOOT) == 62 * SECOND


def test_a_try_that_fails_says_why_and_when(ledger: Ledger) -> None:
    orphans = Orphans()
    orphans.died(ID, 1, 0)
    orphans.conclude(ID, Fate.AGAIN, "no space", ledger, SECOND)
    assert orphans.due(ROW, ID, BOOT) == 2 * SECOND
    note = orphans.waiting(ID)
    assert note.reason == "ShimDied"
    assert "2 times in a row (no space); the next is tried 1 s after" in note.message


def test_what_is_lost_is_never_tried_again_and_told_with_the_state(ledger: Ledger) -> None:
    orphans, layout = Orphans(), Layout("/d", "/r", "0123abcd", BOOT)
    orphans.died(ID, 1, 0)
    orphans.conclude(ID, Fate.LOST, "", ledger, 0)
    assert orphans.due(ROW, ID, BOOT) is None
    view = ledger.view(ID, layout)
    assert (view.state, view.reason) == (State.RUNNING, "ShimLost")
    orphans.died(ID, 1, 1)
    orphans.conclude(ID, Fate.LOGGED, "", ledger, 1)
    assert ledger.view(ID, layout).reason == ""


@pytest.mark.parametrize(
    ("row", "reason"),
    [(ROW, "ShimDied"), (replace(ROW, run=2), ""), (replace(ROW, init=None), "")],
    ids=["itself", "the next run", "ended"],
)
def test_a_note_goes_with_its_run(row: Container, reason: str, ledger: Ledger) -> None:
    orphans = Orphans()
    orphans.died(ID, 1, 0)
    ledger.note(ID, orphans.waiting(ID))
    ledger.apply((PutContainer(row),))
    assert ledger.view(ID, Layout("/d", "/r", "0123abcd", BOOT)).reason == reason


@pytest.mark.parametrize(
    "row",
    [
        None,
        replace(ROW, init=None),
        replace(ROW, run=2),
        replace(ROW, init=replace(INIT, process=ProcessId("old", 1, 1))),
    ],
    ids=["removed", "ended", "the next run", "another boot"],
)
def test_a_run_that_is_over_is_no_orphan(row: Container | None) -> None:
    orphans = Orphans()
    orphans.died(ID, 1, 0)
    assert orphans.due(row, ID, BOOT) is None
    assert orphans.due(ROW, ID, BOOT) is None


def test_the_death_of_an_earlier_runs_shim_changes_nothing() -> None:
    orphans = Orphans()
    orphans.died(ID, 2, 0)
    orphans.died(ID, 1, 0)
    assert orphans.due(replace(ROW, run=2), ID, BOOT) == 0


def test_who_never_lived_did_not_live_long() -> None:
    orphans = Orphans()
    orphans.died(ID, 1, 100 * SECOND)
    orphans.died(ID, 1, 200 * SECOND)
    assert orphans.due(ROW, ID, BOOT) == 201 * SECOND
