"""How a shim comes to be: forked by the zygote, or by exec where there is no zygote to do it.

A shim's lock is taken before the shim exists, and handed to it: whoever finds it free later knows that no
shim lives, and that none is to come. So the lock travels with the request, and a zygote that dies with
it, or is ended because it hangs, lets go of it. It must never say of a shim that may live that it failed,
and never keep its lock: a fence that finds it held waits for whoever holds it.
"""

import fcntl
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from conman.frozen import frozen
from conman.host.zygote import Zygote, environment
from conman.primitives.descriptors import given
from conman.primitives.steps import BeginShim, Done, Failed, SpawnShim, TimedOut
from conman.shim import protocol

_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(protocol.__file__)), "__main__.py")

# The numbers under which a shim by exec finds what it inherits; our own are kept above them meanwhile.
_ALIVE, _READY, _FIRST_OWN = 3, 4, 10

#: A zygote forks in a millisecond. One that has not done it by now hangs.
ZYGOTE_S = 3.0


@frozen
class Birth:
    """A shim that a zygote was asked for. `asked`: that zygote's pid; `ready`: the pipe that tells."""

    asked: int
    ready: int

    def close(self) -> None:
        os.close(self.ready)


class Spawner:
    """Any thread may start shims. `place`: is handed the pid of one by exec, to move it to its cgroup."""

    def __init__(
        self, zygote: Zygote | None = None, place: Callable[[int], None] | None = None
    ) -> None:
        self._zygote = zygote
        self._place = place
        self._lock = threading.Lock()
        self._children: set[int] = set()

    def begin(self, step: BeginShim | SpawnShim, alive: int) -> Birth | None:
        """Ask the zygote. None: there is none. `alive` is the shim's lock, taken; it is closed here."""
        try:
            return _ask(self._zygote, step, alive) if self._zygote else None
        finally:
            os.close(alive)

    def finish(
        self, birth: Birth, directory: str, deadline: float
    ) -> Done | TimedOut | Failed | None:
        """Done: the shim listens. TimedOut: it may live. None: it was never born, and will not be."""
        try:
            said = _listen(birth.ready, min(deadline, time.monotonic() + ZYGOTE_S))
            if said is None and self._zygote is not None:
                # It hangs. What it has not read goes with it, and a shim that it has forked does not.
                self._zygote.end(birth.asked)
                said = _listen(birth.ready, deadline)
            return None if said == b"" else _outcome(directory, said)
        finally:
            birth.close()

    def start(self, step: SpawnShim, alive: int, deadline: float) -> Done | TimedOut | Failed:
        """Done: a shim listens. TimedOut: one may live. `alive` as above."""
        try:
            birth = self.begin(step, os.dup(alive))
            born = self.finish(birth, step.directory, deadline) if birth else None
            return born or self._exec(step, alive, deadline)
        finally:
            os.close(alive)

    def reap(self) -> None:
        """Those by exec are our children; the zygote's are reaped by the kernel."""
        with self._lock:
            self._children -= {pid for pid in self._children if _is_reaped(pid)}

    def _exec(self, step: SpawnShim, alive: int, deadline: float) -> Done | Failed:
        ready, told = os.pipe2(os.O_CLOEXEC)
        try:
            try:
                pid = _exec(step, alive, told)
            finally:
                os.close(told)
            result: Done | TimedOut | Failed = TimedOut()
            try:
                if self._place is not None:
                    with suppress(ProcessLookupError):  # it has ended already: said below
                        self._place(pid)
                result = _outcome(step.directory, _listen(ready, deadline))
            finally:
                self._keep_or_end(pid, result)
            return _of_ended(step) if isinstance(result, TimedOut) else result
        finally:
            os.close(ready)

    def _keep_or_end(self, pid: int, result: Done | TimedOut | Failed) -> None:
        if isinstance(result, Done):
            with self._lock:
                self._children.add(pid)
        else:
            # Our own child, not yet reaped: its pid is nobody else's.
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _ask(zygote: Zygote, step: BeginShim | SpawnShim, alive: int) -> Birth | None:
    ready, told = os.pipe2(os.O_CLOEXEC)
    try:
        asked = zygote.fork(step.marker, step.directory, (alive, told))
    except OSError:
        os.close(ready)
        raise
    finally:
        os.close(told)
    if asked is None:
        os.close(ready)
        return None
    return Birth(asked, ready)


def _listen(ready: int, deadline: float) -> bytes | None:
    """All that a shim has said, once it is bound or ended; b"": it never was. None: not in time."""
    poll = select.poll()
    poll.register(ready, select.POLLIN)
    said = b""
    while poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        told = os.read(ready, 2)
        said += told
        if not told or said.endswith(protocol.BOUND):
            return said
    return None


def _of_ended(step: SpawnShim) -> Failed:
    return Failed("ETIMEDOUT", f"the shim in {step.directory} did not come up in time")


def _outcome(directory: str, said: bytes | None) -> Done | TimedOut | Failed:
    if said is None:
        return TimedOut()
    if said.endswith(protocol.BOUND):
        return Done(time.time_ns())
    with open(f"{directory}/shim.stderr", encoding="utf-8", errors="replace") as file:
        words = file.read().strip().rpartition("\n")[2]
    return Failed("ECHILD", f"the shim ended before it was ready: {words or 'it said nothing'}")


def _exec(step: SpawnShim, alive: int, told: int) -> int:
    name, _, value = step.marker.partition("=")
    complaints = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    words = ("shim", step.directory, str(_ALIVE), str(_READY))
    own: list[int] = []
    try:
        own.extend(fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _FIRST_OWN) for fd in (alive, told))
        return os.posix_spawn(
            sys.executable,
            (sys.executable, "-ISE", _PROGRAM, str(given()), *words),
            {**environment(), name: value},
            file_actions=(
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, f"{step.directory}/shim.stderr", complaints, 0o600),
                (os.POSIX_SPAWN_DUP2, own[0], _ALIVE),
                (os.POSIX_SPAWN_DUP2, own[1], _READY),
            ),
            setsid=True,
            setsigmask=(),
            setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
        )
    finally:
        for fd in own:
            os.close(fd)


def _is_reaped(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] != 0
