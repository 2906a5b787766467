"""Stand-in processes: how create makes one, and how every other command finds and signals it.

A process is meant by pid *and* start time, and reached by pidfd: a pid alone may long be another's.
It must never signal by pid, and never wait without a bound.
"""

import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_STAND_IN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "standin.py")
# Every process of a container bears it in its environment: <root>/<id>.
MARKER = "FAKERUNC_CONTAINER"


@dataclass(frozen=True, slots=True)
class Spawned:
    """A waiting init that dies with this process until `settle` is called."""

    pid: int
    start: int
    leash: int

    def settle(self) -> None:
        """From here on it outlives this process."""
        os.write(self.leash, b"!")
        os.close(self.leash)


def spawn(fifo: str, args: Sequence[str], env: Mapping[str, str], *, shared_pids: bool) -> Spawned:
    """Starts an init that waits at `fifo`; returns when its signal rules are in force."""
    leash_read, leash_write = os.pipe()
    ready_read, ready_write = os.pipe()
    rule = "shared" if shared_pids else "own"
    argv = [_STAND_IN, "init", str(leash_read), str(ready_write), rule, fifo, *args]
    pid = os.fork()
    if pid == 0:
        _become(argv, env, (leash_read, ready_write))
    os.close(leash_read)
    os.close(ready_write)
    ready = os.read(ready_read, 1)
    os.close(ready_read)
    start = start_time(pid)
    if not ready or start is None:
        raise ChildProcessError("unable to start init: the stand-in did not come up")
    return Spawned(pid, start, leash_write)


def _become(argv: list[str], env: Mapping[str, str], kept: tuple[int, int]) -> None:
    """In the child: a session of its own, stdio as given, two pipes, nothing else of its maker's."""
    try:
        os.setsid()
        os.chdir("/")
        for fd in kept:
            os.set_inheritable(fd, True)  # noqa: FBT003 - takes no name
        os.closerange(3, min(kept))
        os.closerange(min(kept) + 1, max(kept))
        os.closerange(max(kept) + 1, os.sysconf("SC_OPEN_MAX"))
        os.execve(sys.executable, [sys.executable, "-ISE", *argv], env)  # noqa: S606 - no shell
    finally:
        os._exit(127)


def start_time(pid: int) -> int | None:
    """Clock ticks since boot at which the living process `pid` began; None for none or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b") ")[2].split()
    except OSError:
        return None
    return None if fields[0] in {b"Z", b"X"} else int(fields[19])


def alive(pid: int, start: int) -> bool:
    return start_time(pid) == start


def open_pidfd(pid: int, start: int) -> int | None:
    """A pidfd of exactly this process; the caller closes it. None if it is gone."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return None
    # Looked at after it was opened: what lives now under this pid is what the pidfd means.
    if alive(pid, start):
        return fd
    os.close(fd)
    return None


def send(pid: int, start: int, number: int) -> bool:
    """False if there is no such process any more."""
    fd = open_pidfd(pid, start)
    if fd is None:
        return False
    try:
        signal.pidfd_send_signal(fd, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(fd)
    return True


def ended(pid: int, start: int, *, within_s: float) -> bool:
    """Waits until the process has ended, reaped or not."""
    fd = open_pidfd(pid, start)
    if fd is None:
        return True
    try:
        return bool(select.select([fd], [], [], within_s)[0])
    finally:
        os.close(fd)


def members(directory: str) -> Iterator[tuple[int, int]]:
    """The living processes (pid, start) of the container whose state directory this is."""
    marker = f"{MARKER}={directory}".encode("utf-8", "surrogateescape")
    for name in os.listdir("/proc"):
        if name.isdigit() and marker in _environment(name):
            start = start_time(int(name))
            if start is not None:
                yield int(name), start


def _environment(pid: str) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def members_ended(directory: str, *, within_s: float) -> bool:
    """Waits until no process of the container is left."""
    deadline = time.monotonic() + within_s
    while left := list(members(directory)):
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not ended(*left[0], within_s=remaining):
            return False
    return True
