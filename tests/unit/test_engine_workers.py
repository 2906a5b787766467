"""The worker threads: as many as are needed and the host has room for, used again, and none when closed."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import NoReturn, cast

import pytest

from conman.core.effects.effect import Outcome
from conman.engine import workers
from conman.engine.workers import WORKERS, Job, Workers
from conman.primitives import steps as s
from conman.primitives.crash_points import CrashPoints

JOB = Job("settle/EndShim", (s.Unlink("/nowhere"),))


class Points:
    def passes(self, _name: str) -> None: ...


class Lab:
    """Workers whose step waits for `gate`; `began` and `told` are the threads that did.

    `later` is what is to be called when `begin` is over.
    """

    def __init__(self) -> None:
        self.outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self.later: list[Callable[[], None]] = []
        self.gate = threading.Event()
        self.began: SimpleQueue[int] = SimpleQueue()
        self.told: SimpleQueue[int] = SimpleQueue()
        self.failures: SimpleQueue[BaseException] = SimpleQueue()
        self.workers = Workers(
            self._perform, cast("CrashPoints", Points()), self.failures.put, self.later.append
        )

    def begin(self, times: int = 1) -> None:
        for _ in range(times):
            self.workers.begin(JOB, self._tell)

    def _perform(self, _step: s.Step) -> s.Result:
        self.began.put(threading.get_ident())
        assert self.gate.wait(10)
        return s.Done()

    def _tell(self, outcome: Outcome) -> None:
        self.outcomes.put(outcome)
        self.told.put(threading.get_ident())


def taken(queue: "SimpleQueue[int]", times: int) -> list[int]:
    return [queue.get(timeout=10) for _ in range(times)]


def test_each_has_a_thread_while_there_are_any_and_the_others_are_done_in_their_turn() -> None:
    lab = Lab()
    lab.begin(WORKERS + 5)
    began = taken(lab.began, WORKERS)
    assert len(set(began)) == WORKERS
    assert lab.began.empty()
    lab.gate.set()
    assert set(taken(lab.told, WORKERS + 5)) <= set(began)
    lab.workers.close()


def test_a_thread_that_has_nothing_to_do_is_used_again() -> None:
    lab = Lab()
    lab.gate.set()
    for _ in range(50):
        lab.begin()
        taken(lab.told, 1)
    assert len({*taken(lab.began, 50)}) <= 2  # the one, or another before the first waits again
    lab.workers.close()


def test_closed_it_begins_nothing_and_what_has_begun_is_told() -> None:
    lab = Lab()
    lab.begin(WORKERS + 1)
    taken(lab.began, WORKERS)
    lab.workers.close()
    lab.begin()
    lab.gate.set()
    taken(lab.told, WORKERS)
    assert lab.began.empty()
    assert lab.told.empty()


def test_a_bug_is_told() -> None:
    lab = Lab()
    lab.gate = cast("threading.Event", None)
    lab.begin()
    assert isinstance(lab.failures.get(timeout=10), AttributeError)


def no_room(*_work: object) -> NoReturn:
    raise RuntimeError("can't start new thread")


def test_what_the_host_has_no_thread_for_is_done_by_those_who_live(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab = Lab()
    lab.begin()
    [one] = taken(lab.began, 1)
    monkeypatch.setattr(workers, "start_new_thread", no_room)
    lab.begin(3)
    assert lab.later == []
    lab.gate.set()
    assert taken(lab.told, 4) == [one] * 4
    assert [lab.outcomes.get() for _ in range(4)] == [s.Done()] * 4
    lab.workers.close()


def test_without_any_worker_it_is_said_so_but_not_within_begin_and_the_next_may_have_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab = Lab()
    lab.gate.set()
    with monkeypatch.context() as full:
        full.setattr(workers, "start_new_thread", no_room)
        lab.begin(2)
    assert lab.told.empty()
    for tell in lab.later:
        tell()
    for _ in range(2):
        outcome = lab.outcomes.get_nowait()
        assert isinstance(outcome, s.Failed)
        assert outcome.error == "EAGAIN"
    assert lab.began.empty()
    taken(lab.told, 2)
    lab.begin()
    assert taken(lab.told, 1) == taken(lab.began, 1)
    assert lab.outcomes.get() == s.Done()
    lab.workers.close()


def test_several_who_are_refused_at_once_leave_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab, refused = Lab(), threading.Barrier(2)

    def no_room_for_both(*_work: object) -> NoReturn:
        refused.wait(10)
        no_room()

    monkeypatch.setattr(workers, "start_new_thread", no_room_for_both)
    both = [threading.Thread(target=lab.begin) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join(10)
    assert len(lab.later) == 2
    lab.workers.close()
