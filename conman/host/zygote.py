"""The daemon's side of the zygote, the small process that forks shims (`conman.shim.zygote`).

It is started before conmand is large, opens a lock or imports grpc, so that it inherits nothing; one that
has died is replaced when it is next needed. Its absence never matters: whoever asks is told, and starts
the shim by exec. It must never be waited for without a bound.
"""

import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterable

from conman.primitives.descriptors import given
from conman.shim import protocol

#: The longest mark of a shim: two names of 32 and 8 digits, and a number.
_MARK_ROOM = 128

_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(protocol.__file__)), "__main__.py")

#: What a service manager tells the daemon, and other marks of ours, are not for a shim.
_NOT_HANDED_ON = (
    "NOTIFY_SOCKET",
    "LISTEN_",
    "WATCHDOG_",
    "CONMAN_CALL",
    "CONMAN_RUN",
    "CONMAN_SHIM=",
)

_CONNECTION = 3
_END_MS = 5_000


class Zygote:
    """Started by its construction, and again when it is needed and has died. Any thread may ask.

    Until `enter` was called its shims are born where the daemon is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cgroup = ""
        self._process = _begin()

    def enter(self, cgroup: str) -> None:
        """Have it, and whoever comes after it, move into this cgroup."""
        with self._lock:
            self._cgroup = cgroup
            if self._process is not None:
                self._process.send("enter", cgroup)

    def fork(self, mark: str, directory: str, descriptors: Iterable[int]) -> int | None:
        """Ask for a shim: the pid of the zygote that was asked. None: there is none to ask.

        The descriptors are in its hands: it may die with them at any moment, and says nothing.
        """
        with self._lock:
            process = self._living()
            if process is None or not process.send("fork", f"{mark} {directory}", descriptors):
                return None
            return process.pid

    def end(self, pid: int) -> None:
        """End it, if it is still that one: with it go requests that it has not yet read."""
        with self._lock:
            if self._process is not None and self._process.pid == pid:
                self._process.end()
                self._process = None

    def close(self) -> None:
        """Let it end. Its shims live on."""
        with self._lock:
            if self._process is not None:
                self._process.close()
                self._process = None

    def _living(self) -> "_Process | None":
        if self._process is not None and self._process.lives():
            return self._process
        if self._process is not None:
            self._process.close()
        self._process = _begin()
        if self._process is not None and self._cgroup:
            self._process.send("enter", self._cgroup)
        return self._process


class _Process:
    """One zygote: our child, and the connection to it."""

    def __init__(self) -> None:
        self._connection, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with other:
                self.pid = _exec(other.fileno())
            self._handle = os.pidfd_open(self.pid)
        except OSError:
            self._connection.close()
            raise

    def send(self, op: str, body: str, descriptors: Iterable[int] = ()) -> bool:
        """False: it is dead, or so far behind that it must be taken for dead."""
        data = protocol.encode(protocol.Packet(op, 0, body))
        try:
            socket.send_fds(self._connection, [data], list(descriptors), socket.MSG_DONTWAIT)
        except OSError:
            return False
        return True

    def lives(self) -> bool:
        return not self._has_ended(0)

    def end(self) -> None:
        signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Reap it; one that does not go by itself is ended."""
        self._connection.close()
        if not self._has_ended(_END_MS):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        if self._has_ended(_END_MS):
            os.waitpid(self.pid, 0)
        os.close(self._handle)

    def _has_ended(self, within_ms: int) -> bool:
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        return bool(poll.poll(within_ms))


def _begin() -> _Process | None:
    """None: the host has no room for it now."""
    try:
        return _Process()
    except OSError:
        return None


def _exec(connection: int) -> int:
    words = (str(given()), "zygote", str(_CONNECTION))
    return os.posix_spawn(
        sys.executable,
        (sys.executable, "-ISE", _PROGRAM, *words, " " * _MARK_ROOM),
        {"CONMAN_SHIM": "-" * _MARK_ROOM, **environment()},
        file_actions=(
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
            (os.POSIX_SPAWN_DUP2, connection, _CONNECTION),
        ),
        setsid=True,
        setsigmask=(),
        setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
    )


def environment() -> dict[str, str]:
    """Ours, but for what is meant for us alone."""
    return {
        key: text for key, text in os.environ.items() if not f"{key}=".startswith(_NOT_HANDED_ON)
    }
