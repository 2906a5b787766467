"""Worker threads that perform host effects: the recipe's steps in order, on one thread, to their end.

Steps are done until one fails; the last result is the effect's outcome (the recipes' own rule). A saga
awaits one effect at a time, so a bad object holds at most two workers: its own turn's, and that of the turn
beside it. A worker must never decide anything, and never end an effect before its last step has ended.
"""

import errno
import os
import threading
from _thread import start_new_thread
from collections import deque
from collections.abc import Callable
from functools import partial

from conman.core.effects.effect import Outcome
from conman.core.effects.recipes import Recipe
from conman.engine.thread_names import name_thread
from conman.frozen import frozen
from conman.primitives import steps as s
from conman.primitives.crash_points import CrashPoints

WORKERS = 32

_NO_ROOM = s.Failed("EAGAIN", f"{os.strerror(errno.EAGAIN)}: no thread could be begun for it")


@frozen
class Job:
    """One effect as steps. `point`: its crash point's name."""

    point: str
    steps: Recipe


_Task = tuple[Job, Callable[[Outcome], None]]


class _Mine(threading.local):
    """A worker's own. `tells`: it is telling an outcome, and has time for one more job afterwards."""

    name: str = ""
    tells: bool = False
    task: "_Task | None" = None


class Workers:
    """`begin` returns at once; `tell` is called on a worker with the outcome, `failed` with a bug.

    What is begun by a worker's `tell` that worker does itself: no thread waits for another. Where the host
    has no room for a first worker, `later` has `tell` called when `begin` is over.
    """

    def __init__(
        self,
        perform: Callable[[s.Step], s.Result],
        points: CrashPoints,
        failed: Callable[[BaseException], None],
        later: Callable[[Callable[[], None]], None],
    ) -> None:
        self._perform = perform
        self._points = points
        self._failed = failed
        self._later = later
        self._mine = _Mine()
        self._changed = threading.Condition()
        self._waiting: deque[_Task] = deque()
        self._threads = self._idle = 0
        self._is_closed = False

    def begin(self, job: Job, tell: Callable[[Outcome], None]) -> None:
        mine = self._mine
        if mine.tells and mine.task is None:
            mine.task = (job, tell)
        else:
            self._put((job, tell))

    def close(self) -> None:
        """Begin nothing more. What has begun goes on; nobody waits for it."""
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _put(self, task: _Task) -> None:
        """A new thread is not waited for, as `Thread.start` would: a recovery begins many at once."""
        with self._changed:
            if self._is_closed:
                return
            self._waiting.append(task)
            is_one_more = len(self._waiting) > self._idle and self._threads < WORKERS
            if is_one_more:
                self._threads += 1
            else:
                self._changed.notify()
        if is_one_more:
            self._start()

    def _start(self) -> None:
        try:
            start_new_thread(self._work, ())
        except RuntimeError:
            # The host has no room for it now; those who live do what waits, in its turn.
            for tell in self._unheard():
                self._later(partial(tell, _NO_ROOM))

    def _unheard(self) -> "list[Callable[[Outcome], None]]":
        """Of one worker less: whoever waits, if there is none to do it."""
        with self._changed:
            self._threads -= 1
            if self._threads:
                return []
            waiting = [tell for _, tell in self._waiting]
            self._waiting.clear()
            return waiting

    # ---- on a worker

    def _work(self) -> None:
        try:
            while (task := self._next()) is not None:
                following: _Task | None = task
                while following is not None:
                    following = self._one(*following)
        except BaseException as error:  # noqa: BLE001 - it is told, and ends the daemon
            self._failed(error)

    def _next(self) -> _Task | None:
        """None: it is closed."""
        with self._changed:
            self._idle += 1
            while not (self._waiting or self._is_closed):
                self._changed.wait()
            self._idle -= 1
            return None if self._is_closed else self._waiting.popleft()

    def _one(self, job: Job, tell: Callable[[Outcome], None]) -> _Task | None:
        """What it leads to, for this thread to go on with."""
        mine = self._mine
        effect = job.point.rpartition("/")[2]
        if mine.name != effect:  # it often stays the same, while a daemon recovers
            mine.name = effect
            name_thread(effect)
        outcome = self._do(job)
        self._points.passes(f"{job.point}/after")
        mine.task, mine.tells = None, True
        tell(outcome)
        mine.tells = False
        return mine.task

    def _do(self, job: Job) -> s.Result:
        result: s.Result = s.Done()
        for index, step in enumerate(job.steps):
            self._points.passes(f"{job.point}/during:{index}" if index else f"{job.point}/before")
            result = self._perform(step)
            if isinstance(result, s.Failed | s.TimedOut | s.Remaining):
                break
        return result
