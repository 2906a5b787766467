"""Restart policies: what follows an end, when it is due, and what the machine makes of it."""

from dataclasses import replace

import pytest

from conman.core import restarts
from conman.core.admission import Now
from conman.core.model import Container, ContainerSpec, RootfsMode, State
from conman.core.restart import (
    End,
    RestartName,
    RestartPolicy,
    delay,
    is_restarted,
    short_runs,
)
from conman.core.restarts import Restarts

SECOND = 1_000_000_000
NO = RestartPolicy()
ALWAYS = RestartPolicy(RestartName.ALWAYS)
UNLESS_STOPPED = RestartPolicy(RestartName.UNLESS_STOPPED)
ON_FAILURE = RestartPolicy(RestartName.ON_FAILURE)
THREE = RestartPolicy(RestartName.ON_FAILURE, 3)

ROW = Container(
    "0" * 32,
    "web",
    ContainerSpec("sh", restart=ALWAYS),
    RootfsMode.OVERLAY,
    State.EXITED,
    run=1,
    started_at=100 * SECOND,
    finished_at=101 * SECOND,
    exit_code=7,
)


@pytest.mark.parametrize(
    ("policy", "end", "follows"),
    [
        (NO, End(7, 0), False),
        (ALWAYS, End(0, 0), True),
        (ALWAYS, End(255, 1_000), True),
        (ALWAYS, End(0, 0, is_asked_for=True), False),
        (UNLESS_STOPPED, End(0, 0), True),
        (UNLESS_STOPPED, End(137, 0, is_asked_for=True), False),
        (ON_FAILURE, End(0, 0), False),
        (ON_FAILURE, End(137, 1_000), True),
        (ON_FAILURE, End(1, 0, is_asked_for=True), False),
        (THREE, End(7, 2), True),
        (THREE, End(7, 3), False),
        (THREE, End(0, 0), False),
        # An explicit start that was refused, and one of conman's own.
        (ALWAYS, End(128, 0, has_begun=False), False),
        (ALWAYS, End(128, 1, has_begun=False), True),
        (THREE, End(128, 3, has_begun=False), False),
    ],
)
def test_what_follows_an_end(policy: RestartPolicy, end: End, *, follows: bool) -> None:
    assert is_restarted(policy, end) is follows


def test_the_delay_doubles_up_to_a_minute_and_begins_anew_after_ten_seconds_of_health() -> None:
    short, delays = 0, list[float]()
    for lasted in (0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 10, 1):
        short = short_runs(short, lasted * SECOND)
        delays.append(delay(short) / SECOND)
    doubled = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60]
    assert delays == [*doubled, 0.1, 0.2]


def test_the_decision_is_in_the_row() -> None:
    over = restarts.judged(ROW)
    assert (over.short_runs, over.next_restart_at) == (1, 101 * SECOND + SECOND // 10)
    again = restarts.judged(replace(over, finished_at=112 * SECOND, short_runs=8))
    assert (again.short_runs, again.next_restart_at) == (1, 112 * SECOND + SECOND // 10)
    assert restarts.judged(replace(ROW, is_stopped=True)).next_restart_at == 0


def test_another_policy_takes_a_restart_back_and_begins_none() -> None:
    over = restarts.judged(ROW)
    assert restarts.under(NO, over).next_restart_at == 0
    kept = restarts.under(THREE, over)
    assert (kept.spec.restart, kept.next_restart_at) == (THREE, over.next_restart_at)
    assert restarts.under(ALWAYS, restarts.under(NO, over)).next_restart_at == 0


def test_it_is_due_by_the_clock_of_this_boot() -> None:
    over = restarts.judged(ROW)
    at = Now(over.next_restart_at - SECOND // 100, 5 * SECOND)
    assert Restarts().due(over, over.id, at) == 5 * SECOND + SECOND // 100


@pytest.mark.parametrize(("wall", "left"), [(10**18, 0), (1, SECOND // 10)])
def test_a_clock_that_was_set_makes_nobody_wait_longer(wall: int, left: int) -> None:
    over = restarts.judged(ROW)
    assert Restarts().due(over, over.id, Now(wall, 5 * SECOND)) == 5 * SECOND + left


def test_what_is_known_to_be_due_then_stays_due_then() -> None:
    over, known = restarts.judged(ROW), Restarts()
    first = known.due(over, over.id, Now(over.finished_at, 5 * SECOND))
    assert known.due(over, over.id, Now(1, 6 * SECOND)) == first
    assert known.due(replace(over, next_restart_at=0), over.id, Now(1, 6 * SECOND)) is None
    assert known.due(None, over.id, Now(1, 6 * SECOND)) is None


def test_what_the_host_does_not_let_happen_is_tried_ever_later() -> None:
    over, known, now, waits = restarts.judged(ROW), Restarts(), 5 * SECOND, list[int]()
    _ = known.due(over, over.id, Now(over.next_restart_at, now))
    for _ in range(8):
        note = known.failed(over, "the disk is full", Now(over.next_restart_at, now))
        due = known.due(over, over.id, Now(over.next_restart_at, now))
        assert due is not None
        waits.append((due - now) // SECOND)
        now = due
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert note.reason == "RestartFailed"
    assert note.message == (
        "it is to run again, and that failed 8 times in a row: the disk is full; "
        "the next is tried 60 s after the last"
    )
