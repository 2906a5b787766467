"""The worker threads: as many as are needed and no more, used again, and none when closed."""

import threading
from queue import SimpleQueue
from typing import cast

from conman.core.effects.effect import Outcome
from conman.engine.workers import WORKERS, Job, Workers
from conman.primitives import steps as s
from conman.primitives.crash_points import CrashPoints

JOB = Job("settle/EndShim", (s.Unlink("/nowhere"),))


class Points:
    def passes(self, _name: str) -> None: ...


class Lab:
    """Workers whose step waits for `gate`; `began` and `told` are the threads that did."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.began: SimpleQueue[int] = SimpleQueue()
        self.told: SimpleQueue[int] = SimpleQueue()
        self.failures: SimpleQueue[BaseException] = SimpleQueue()
        self.workers = Workers(self._perform, cast("CrashPoints", Points()), self.failures.put)

    def begin(self, times: int = 1) -> None:
        for _ in range(times):
            self.workers.begin(JOB, self._tell)

    def _perform(self, _step: s.Step) -> s.Result:
        self.began.put(threading.get_ident())
        assert self.gate.wait(10)
        return s.Done()

    def _tell(self, _outcome: Outcome) -> None:
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
