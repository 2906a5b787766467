"""Worker threads that perform host effects: the recipe's steps in order, on one thread, to their end.

Steps are done until one fails; the last result is the effect's outcome (the recipes' own rule). A saga
awaits one effect at a time, so a bad object holds at most one worker. A worker must never decide
anything, and never end an effect before its last step has ended.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from conman.core.effects.effect import Outcome
from conman.core.effects.recipes import Recipe
from conman.frozen import frozen
from conman.primitives import steps as s
from conman.primitives.crash_points import CrashPoints

WORKERS = 32

#: What the kernel keeps of a thread's name.
_COMM_BYTES = 15


@frozen
class Job:
    """One effect as steps. `point`: its crash point's name."""

    point: str
    steps: Recipe


class Workers:
    """`begin` returns at once; `tell` is called on a worker with the outcome, `failed` with a bug."""

    def __init__(
        self,
        perform: Callable[[s.Step], s.Result],
        points: CrashPoints,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._perform = perform
        self._points = points
        self._failed = failed
        self._pool = ThreadPoolExecutor(WORKERS)

    def begin(self, job: Job, tell: Callable[[Outcome], None]) -> None:
        self._pool.submit(self._work, job, tell)

    def close(self) -> None:
        """Begin nothing more. What has begun goes on; nobody waits for it."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, job: Job, tell: Callable[[Outcome], None]) -> None:
        try:
            _name_thread(job.point.rpartition("/")[2])
            outcome = self._do(job)
            self._points.passes(f"{job.point}/after")
            tell(outcome)
        except BaseException as error:  # noqa: BLE001 - it is told, and ends the daemon
            self._failed(error)

    def _do(self, job: Job) -> s.Result:
        result: s.Result = s.Done()
        for index, step in enumerate(job.steps):
            self._points.passes(f"{job.point}/during:{index}" if index else f"{job.point}/before")
            result = self._perform(step)
            if isinstance(result, s.Failed | s.TimedOut | s.Remaining):
                break
        return result


def _name_thread(effect: str) -> None:
    """For `ps -L`, and for whoever counts system calls by effect."""
    thread = threading.current_thread()
    if thread.name == effect:
        return  # as often, while a daemon recovers
    thread.name = effect
    name = os.open(f"/proc/self/task/{thread.native_id}/comm", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(name, effect.encode()[:_COMM_BYTES])
    finally:
        os.close(name)
