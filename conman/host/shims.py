"""Starts shims and talks to them: the steps SpawnShim and CallShim.

A shim's lock is taken here, before the shim exists, and handed to it: while it is held a shim lives, or
is about to. One connection is kept for each shim, and one request at a time is made on it. It must never
take a silent or unreachable shim for an absent one (only its free lock says that), or leave a shim
behind that did not come up.
"""

import fcntl
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from conman.primitives.failure import failed
from conman.primitives.fence import make_lock, open_lock, take
from conman.primitives.steps import Absent, CallShim, Done, Failed, ShimAnswer, SpawnShim, TimedOut
from conman.shim import protocol

#: What a service manager tells the daemon, and other marks of ours, are not for a shim.
_NOT_HANDED_ON = ("NOTIFY_SOCKET", "LISTEN_", "WATCHDOG_", "CONMAN_CALL", "CONMAN_RUN")

#: Neither listen(2) nor the release of a lock is an event that can be waited for.
_AGAIN_S = 0.005

#: A look at every shim there is; a dead one waits that long, at the least, to be reaped.
_SWEEP_S = 0.1

_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(protocol.__file__)), "__main__.py")

# The numbers under which a shim finds what it inherits; our own are kept above them meanwhile.
_ALIVE, _READY, _FIRST_OWN = 3, 4, 10

Answer = ShimAnswer | Absent | TimedOut | Failed


class Shims:
    """All shims of one daemon. Any thread may spawn and call.

    `place` is handed every new shim's pid while it starts, to be moved out of our cgroup.
    """

    def __init__(self, place: Callable[[int], None] | None = None) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}
        self._children: set[int] = set()
        self._next_sweep = 0.0

    def spawn(self, step: SpawnShim) -> Done | TimedOut | Failed:
        """Done: a shim's socket is bound; also when one lived there already."""
        self.sweep()
        deadline = time.monotonic() + step.timeout_ms / 1000
        try:
            os.makedirs(step.directory, 0o700, exist_ok=True)
            while (alive := make_lock(f"{step.directory}/{protocol.LOCK}")) is None:
                match self._line(step.directory).meet(step.directory, deadline):
                    case Absent():
                        continue  # it has ended meanwhile
                    case None:
                        return Done(time.time_ns())
                    case other:
                        return other
            return self._start(step, alive, deadline)
        except OSError as error:
            return failed(error)

    def call(self, step: CallShim) -> Answer:
        """Ask, and wait for the answer. Absent: no shim lives there, and none is to come."""
        self.sweep()
        deadline = time.monotonic() + step.timeout_ms / 1000
        try:
            return self._line(step.directory).ask(step, deadline)
        except protocol.ForeignPacket as error:
            return Failed("EPROTO", str(error))
        except OSError as error:
            return failed(error)

    def sweep(self, *, now: bool = False) -> None:
        """Reap shims that have ended, and close connections to them. Done by every step, but seldom."""
        with self._lock:
            if time.monotonic() < self._next_sweep and not now:
                return
            self._next_sweep = time.monotonic() + _SWEEP_S
            self._children -= {pid for pid in self._children if _is_reaped(pid)}
            for directory, line in tuple(self._lines.items()):
                if line.is_idle_after_its_end() and not os.path.isdir(directory):
                    del self._lines[directory]

    def close(self) -> None:
        """Close all connections; the shims live on."""
        with self._lock:
            for line in self._lines.values():
                line.close()

    def _line(self, directory: str) -> "_Line":
        with self._lock:
            return self._lines.setdefault(directory, _Line())

    def _start(self, step: SpawnShim, alive: int, deadline: float) -> Done | Failed:
        pid, ready = _begin(step, alive)
        result: Done | Failed = Failed("ECANCELED", "interrupted")
        try:
            if self._place is not None:
                with suppress(ProcessLookupError):  # it has ended already: said below
                    self._place(pid)
            result = _await_ready(step, ready, deadline)
        finally:
            os.close(ready)
            if isinstance(result, Failed):
                _end(pid)
        if isinstance(result, Done):
            with self._lock:
                self._children.add(pid)
        return result


class _Line:
    """The connection to one shim, made when needed; whoever uses it holds `lock`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._seq = 0

    def meet(self, directory: str, deadline: float) -> Absent | TimedOut | None:
        """None: there is a connection."""
        if not self._lock.acquire(timeout=_left(deadline)):
            return TimedOut()
        try:
            reached = self._reach(directory, deadline)
        finally:
            self._lock.release()
        return None if isinstance(reached, socket.socket) else reached

    def ask(self, step: CallShim, deadline: float) -> Answer:
        if not self._lock.acquire(timeout=_left(deadline)):
            return TimedOut()
        try:
            while True:
                reached = self._reach(step.directory, deadline)
                if not isinstance(reached, socket.socket):
                    return reached
                answer = self._exchange(reached, step, deadline)
                if answer is not None:
                    return answer
                # A connection from before, whose shim has ended; or one to a shim that is ending.
                self.close()
                if time.monotonic() >= deadline:
                    return TimedOut()
                time.sleep(_AGAIN_S)
        finally:
            self._lock.release()

    def is_idle_after_its_end(self) -> bool:
        """Whether there is no connection, nor use of it; closes one whose other end is gone."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self._connection is not None:
                poll = select.poll()
                poll.register(self._connection, select.POLLHUP)
                if poll.poll(0):
                    self.close()
            return self._connection is None
        finally:
            self._lock.release()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _reach(self, directory: str, deadline: float) -> socket.socket | Absent | TimedOut:
        if self._connection is None:
            reached = _connect(directory, deadline)
            if not isinstance(reached, socket.socket):
                return reached
            self._connection = reached
        return self._connection

    def _exchange(
        self, connection: socket.socket, step: CallShim, deadline: float
    ) -> ShimAnswer | TimedOut | Failed | None:
        """None: the other side has ended the connection."""
        self._seq += 1
        try:
            connection.settimeout(_left(deadline))
            connection.send(protocol.encode(protocol.Packet(step.op, self._seq, step.body)))
            while True:
                connection.settimeout(_left(deadline))
                packet = protocol.receive(connection)
                if packet is None:
                    return None
                if packet.seq != self._seq:
                    continue  # an answer that came too late for its asker
                if packet.op == protocol.REFUSED:
                    return Failed("EPROTO", packet.body)
                return ShimAnswer(packet.body)
        except TimeoutError:
            return TimedOut()
        except (BrokenPipeError, ConnectionResetError):
            return None


def _connect(directory: str, deadline: float) -> socket.socket | Absent | TimedOut:
    """A connection; or Absent, when nobody listens and nobody holds the lock."""
    while True:
        try:
            return protocol.connect(directory)
        except (FileNotFoundError, ConnectionRefusedError):
            if _is_free(f"{directory}/{protocol.LOCK}"):
                return Absent()
        if time.monotonic() >= deadline:
            return TimedOut()
        time.sleep(_AGAIN_S)


def _is_free(path: str) -> bool:
    lock = open_lock(path)
    if lock is None:
        return True
    try:
        return take(lock)
    finally:
        os.close(lock)


def _begin(step: SpawnShim, alive: int) -> tuple[int, int]:
    """Start a shim and let go of its lock: its pid, and the pipe that tells when it is ready."""
    try:
        ready, told = os.pipe2(os.O_CLOEXEC)
        try:
            return _exec(step, alive, told), ready
        except OSError:
            os.close(ready)
            raise
        finally:
            os.close(told)
    finally:
        os.close(alive)


def _exec(step: SpawnShim, alive: int, told: int) -> int:
    name, _, value = step.marker.partition("=")
    own = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _FIRST_OWN) for fd in (alive, told)]
    complaints = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        return os.posix_spawn(
            sys.executable,
            (sys.executable, "-ISE", _PROGRAM, step.directory, str(_ALIVE), str(_READY)),
            {**_environment(), name: value},
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


def _environment() -> dict[str, str]:
    return {key: text for key, text in os.environ.items() if not key.startswith(_NOT_HANDED_ON)}


def _await_ready(step: SpawnShim, ready: int, deadline: float) -> Done | Failed:
    poll = select.poll()
    poll.register(ready, select.POLLIN)
    if not poll.poll(_left(deadline) * 1000):
        return Failed("ETIMEDOUT", f"the shim in {step.directory} did not come up in time")
    if os.read(ready, 1):
        return Done(time.time_ns())
    with open(f"{step.directory}/shim.stderr", encoding="utf-8", errors="replace") as file:
        said = file.read().strip().rpartition("\n")[2]
    return Failed("ECHILD", f"the shim ended before it was ready: {said or 'it said nothing'}")


def _end(pid: int) -> None:
    """Our own child, not yet reaped: its pid is nobody else's."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _is_reaped(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] != 0


def _left(deadline: float) -> float:
    """Seconds; never 0, which would mean not to wait at all, or for ever."""
    return max(0.001, deadline - time.monotonic())
