"""A runtime call of a shim that is under way: ended once, by itself or by us, and reaped.

Its owner begins it and knows what it leaves. It must never be told ended before it is reaped, nor be ended when it
has already answered: what it left would die with it.
"""

import os
from _collections_abc import Callable

from conman.primitives.fence import fence, make_lock
from conman.primitives.shared_results import Done
from conman.primitives.shared_steps import Fence
from conman.shim.complaint import complain
from conman.shim.loop import Loop

#: When a call could not be ended, after how long that is tried again.
_AGAIN_S = 1.0

#: A wait status, and why it was ended: "" by itself.
Ended = Callable[[int, str], None]


class InFlight:
    """One call at a time. `op`: the runtime's command."""

    __slots__ = ("_bearers", "_ended", "_loop", "_op", "_pid")

    def __init__(self, op: str, loop: Loop) -> None:
        self._op = op
        self._loop = loop
        self._pid: int | None = None
        self._bearers: Fence | None = None
        self._ended: Ended | None = None

    def begun(self, pid: int, bearers: Fence, timeout_ms: int, ended: Ended) -> None:
        """From here on it is looked after; `bearers` ends it with all that it has begun."""
        self._pid, self._bearers, self._ended = pid, bearers, ended
        self._loop.arm(self._op, timeout_ms / 1000, lambda: self.end("timed out"))

    def is_there(self) -> bool:
        return self._pid is not None

    def end(self, why: str) -> None:
        """End it, with all that it has begun."""
        if self.reap() or self._pid is None or self._bearers is None:
            return
        result = fence(self._bearers)
        if isinstance(result, Done):
            self._over(os.waitpid(self._pid, 0)[1], why)
        else:
            complain(f"the runtime's {self._op} does not end: {result}")
            self._loop.arm(self._op, _AGAIN_S, lambda: self.end(why))

    def reap(self) -> bool:
        """Whether a call was in flight, and has now ended by itself."""
        if self._pid is None:
            return False
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if pid:
            self._over(status, "")
        return bool(pid)

    def _over(self, status: int, why: str) -> None:
        ended, self._ended = self._ended, None
        self._pid = self._bearers = None
        self._loop.disarm(self._op)
        if ended is not None:
            ended(status, why)


def locked(path: str) -> tuple[int, str]:
    """A call's lock, its descriptor to be inherited; or why it cannot be had."""
    try:
        lock = make_lock(path)
    except OSError as error:
        return -1, f"cannot lock {path}: {error.strerror}"
    return (-1, f"an earlier call still holds its lock {path}") if lock is None else (lock, "")


def exit_of(status: int) -> tuple[int, int]:
    """A wait status as (code, signal): 128 + n and n for one that died by signal n."""
    code = os.waitstatus_to_exitcode(status)
    return (128 - code, -code) if code < 0 else (code, 0)
