"""Has shims started, and talks to them: the steps SpawnShim and CallShim.

A shim's lock is taken here, before the shim exists, and handed to it: while it is held a shim lives, or
is about to. One connection is kept for each shim, and one request at a time is made on it. It must never
take a silent or unreachable shim for an absent one: only its free lock says that.
"""

import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from conman.host.spawner import Birth, Spawner
from conman.primitives.failure import failed
from conman.primitives.fence import make_lock, open_lock, take
from conman.primitives.processes import boot_id, start_time
from conman.primitives.steps import (
    Absent,
    BeginShim,
    CallShim,
    Done,
    Failed,
    ProcessId,
    ShimAnswer,
    ShimProcess,
    SpawnShim,
    TimedOut,
    WatchShim,
)
from conman.shim import protocol

#: Neither listen(2), nor room in a listener's queue, nor the release of a lock is an event that can be waited for.
_AGAIN_S = 0.005

#: How long a shim that is about to bind its socket is waited for, to know who it is.
_WHO_S = 5.0

#: struct ucred: pid, uid, gid.
_CREDENTIALS = struct.Struct("3i")

#: A look at every shim there is; a dead one waits that long, at the least, to be reaped.
_SWEEP_S = 0.1

Answer = ShimAnswer | Absent | TimedOut | Failed
_Told = TypeVar("_Told")


class Shims:
    """All shims of one daemon. Any thread may spawn and call."""

    def __init__(self, spawner: Spawner | None = None) -> None:
        self._spawner = spawner or Spawner()
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}
        self._births: dict[str, Birth] = {}
        self._next_sweep = 0.0

    def begin(self, step: BeginShim) -> Done | Failed:
        """Done: whatever came of it, `spawn` will find out."""
        self.sweep()
        try:
            os.makedirs(step.directory, 0o700, exist_ok=True)
            alive = make_lock(f"{step.directory}/{protocol.LOCK}")
            birth = None if alive is None else self._spawner.begin(step, alive)
        except OSError as error:
            return failed(error)
        if birth is not None:
            self._await_later(step.directory, birth)
        return Done(time.time_ns())

    def _await_later(self, directory: str, birth: Birth) -> None:
        """An undone run's number is used again: nobody waits for what was begun under it before."""
        with self._lock:
            before = self._births.pop(directory, None)
            self._births[directory] = birth
        if before is not None:
            before.close()

    def spawn(self, step: SpawnShim) -> Done | TimedOut | Failed:
        """Done: a shim's socket is bound; also when one lived there already."""
        self.sweep()
        deadline = time.monotonic() + step.timeout_ms / 1000
        try:
            born = self._born(step, deadline)
            if isinstance(born, Done | TimedOut):
                return born
            os.makedirs(step.directory, 0o700, exist_ok=True)
            while (alive := make_lock(f"{step.directory}/{protocol.LOCK}")) is None:
                match self._line(step.directory).meet(step.directory, deadline):
                    case Absent():
                        continue  # it has ended meanwhile
                    case None:
                        return Done(time.time_ns())
                    case other:
                        return other
            return self._spawner.start(step, alive, deadline)
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

    def who(self, step: WatchShim) -> ShimProcess | Absent | TimedOut | Failed:
        """The shim that lives there, by its end of the connection: no pid in a file is believed."""
        deadline = time.monotonic() + _WHO_S
        try:
            return self._line(step.directory).who(step.directory, deadline)
        except OSError as error:
            return failed(error)

    def sweep(self, *, now: bool = False) -> None:
        """Reap shims that have ended, and close connections to them. Done by every step, but seldom."""
        with self._lock:
            if time.monotonic() < self._next_sweep and not now:
                return
            self._next_sweep = time.monotonic() + _SWEEP_S
            self._spawner.reap()
            for directory in [each for each in self._births if not os.path.isdir(each)]:
                # Nobody waits for it any more: what it was for was undone.
                self._births.pop(directory).close()
            for directory, line in tuple(self._lines.items()):
                if line.is_idle_after_its_end() and not os.path.isdir(directory):
                    del self._lines[directory]

    def close(self) -> None:
        """Close all connections; the shims live on."""
        with self._lock:
            for each in (*self._lines.values(), *self._births.values()):
                each.close()

    def _born(self, step: SpawnShim, deadline: float) -> Done | TimedOut | Failed | None:
        """What became of a shim that was begun; None: none was, or it was never born. Failed: it died."""
        with self._lock:
            birth = self._births.pop(step.directory, None)
        return None if birth is None else self._spawner.finish(birth, step.directory, deadline)

    def _line(self, directory: str) -> "_Line":
        with self._lock:
            return self._lines.setdefault(directory, _Line())


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
        return self._insist(
            step.directory, deadline, lambda reached: self._exchange(reached, step, deadline)
        )

    def who(self, directory: str, deadline: float) -> ShimProcess | Absent | TimedOut:
        def look(reached: socket.socket) -> ShimProcess | None:
            process = _peer(reached)
            return None if process is None else ShimProcess(process)

        return self._insist(directory, deadline, look)

    def _insist(
        self, directory: str, deadline: float, use: Callable[[socket.socket], _Told | None]
    ) -> _Told | Absent | TimedOut:
        """What comes of a connection that is alive: `use` says None for one that is not."""
        if not self._lock.acquire(timeout=_left(deadline)):
            return TimedOut()
        try:
            while True:
                reached = self._reach(directory, deadline)
                if not isinstance(reached, socket.socket):
                    return reached
                if (told := use(reached)) is not None:
                    return told
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
            if self._connection is not None and _is_hung_up(self._connection):
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
                packet = protocol.receive(connection, protocol.ANSWER_BYTES)
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
            return protocol.connect(directory, waits=False)
        except (FileNotFoundError, ConnectionRefusedError):
            if _is_free(f"{directory}/{protocol.LOCK}"):
                return Absent()
        except BlockingIOError:
            pass  # it lives, and is silent: its queue is full, of daemons that came and died
        if time.monotonic() >= deadline:
            return TimedOut()
        time.sleep(_AGAIN_S)


def _peer(connection: socket.socket) -> ProcessId | None:
    """Who listened there; None when it has ended."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid = _CREDENTIALS.unpack(told)[0]
    started = start_time(pid)
    # Asked last: while its end is open the pid is nobody else's.
    if started is None or _is_hung_up(connection):
        return None
    return ProcessId(boot_id(), pid, started)


def _is_hung_up(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, 0)
    return bool(poll.poll(0))


def _is_free(path: str) -> bool:
    lock = open_lock(path)
    if lock is None:
        return True
    try:
        return take(lock)
    finally:
        os.close(lock)


def _left(deadline: float) -> float:
    """Seconds; never 0, which would mean not to wait at all, or for ever."""
    return max(0.001, deadline - time.monotonic())
