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
PATIENCE_S = 10.0  # runc's 100 looks, 100 ms apart


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


@dataclass(frozen=True, slots=True)
class Descriptors:
    """What a stand-in begins with: `terminal` as its stdio unless -1, `count` more from 3 on."""

    terminal: int = -1
    count: int = 0


def spawn(
    fifo: str,
    args: Sequence[str],
    env: Mapping[str, str],
    given: Descriptors,
    *,
    shared_pids: bool,
    kind: str = "runc",
) -> Spawned:
    """Starts an init that waits at `fifo`; returns when its signal rules are in force.

    `kind`: the flavour that it waits as.
    """
    leash_read, leash_write = os.pipe()
    rule = "shared" if shared_pids else "own"
    argv = ["init", str(leash_read), kind, rule, fifo, *args]
    pid, start = _started(argv, env, given, (leash_read,))
    os.close(leash_read)
    return Spawned(pid, start, leash_write)


def spawn_beside(
    init: int, args: Sequence[str], env: Mapping[str, str], given: Descriptors
) -> tuple[int, int]:
    """Starts what exec asks for: (pid, start). It dies with `init`, a pid, or with nobody: 0."""
    return _started(["exec", str(init), *args], env, given, ())


def _started(
    argv: list[str], env: Mapping[str, str], given: Descriptors, kept: tuple[int, ...]
) -> tuple[int, int]:
    """A child that has become a stand-in and said so, as (pid, start)."""
    ready_read, ready_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        mode, *rest = argv
        _become([_STAND_IN, mode, str(ready_write), *rest], env, given, (*kept, ready_write))
    os.close(ready_write)
    ready = os.read(ready_read, 1)
    os.close(ready_read)
    if not ready:
        raise ChildProcessError("unable to start init: the stand-in did not come up")
    # A short program may be over by now; until it is reaped its start is known.
    return pid, int(_stat(pid)[19])


def _become(
    argv: list[str], env: Mapping[str, str], given: Descriptors, kept: tuple[int, ...]
) -> None:
    """In the child: a session of its own, what it is given, `kept`, nothing else of its maker's."""
    try:
        os.setsid()
        os.chdir("/")
        if given.terminal >= 0:
            # Only here: few containers have one.
            from fakerunc.console import take  # noqa: PLC0415

            take(given.terminal)
        least = 3
        for fd in sorted({*range(3, 3 + given.count), *kept}):
            os.set_inheritable(fd, True)  # noqa: FBT003 - takes no name
            os.closerange(least, fd)
            least = fd + 1
        os.closerange(least, os.sysconf("SC_OPEN_MAX"))
        os.execve(sys.executable, [sys.executable, "-ISE", *argv], env)  # noqa: S606 - no shell
    finally:
        os._exit(127)


def start_time(pid: int) -> int | None:
    """Clock ticks since boot at which the living process `pid` began; None for none or a zombie."""
    try:
        fields = _stat(pid)
    except OSError:
        return None
    return None if fields[0] in {b"Z", b"X"} else int(fields[19])


def _stat(pid: int) -> list[bytes]:
    """The fields of /proc/PID/stat (proc(5)) from the state on, a zombie's too."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b") ")[2].split()


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


def suspend_members(directory: str) -> None:
    """Until a look finds nobody who still runs: who was forked meanwhile is stopped in the next."""
    while moving := [found for found in members(directory) if not _stopped(found[0])]:
        for pid, start in moving:
            send(pid, start, signal.SIGSTOP)


def resume_members(directory: str) -> None:
    for pid, start in members(directory):
        send(pid, start, signal.SIGCONT)


def _stopped(pid: int) -> bool:
    try:
        return _stat(pid)[0] in {b"T", b"t", b"Z", b"X"}
    except OSError:
        return True


def end_members(directory: str) -> None:
    """KILL to whoever is left, and their end."""
    for pid, start in members(directory):
        send(pid, start, signal.SIGKILL)
    members_ended(directory, within_s=PATIENCE_S)
