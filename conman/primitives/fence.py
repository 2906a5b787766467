"""Fence, then look: makes every earlier actor of one lock harmless, and proves it.

A killed daemon's runtime call goes on, and so may its shim. Each was started with the descriptor of a
lock file, and with a marker in its environment. The lock is the proof, the marker finds whom to end.

It must never create the lock file (an absent one means that nobody was ever started), never end this
process or a child of it that has not yet exec'd, and never believe a pid: it kills by pidfd, after
looking at the process again. A process whose environment may not be read is not known to be a bearer;
while it holds the lock the answer is Remaining, not Done.
"""

import errno
import fcntl
import os
import select
import time
from _collections_abc import Iterable, Sequence

from conman.frozen import frozen
from conman.primitives.failure import failed
from conman.primitives.light import signal
from conman.primitives.marks import (
    GONE,
    are_executing,
    bears,
    environment_of,
    has_arguments,
    is_marked,
    is_our_child,
    read,
)
from conman.primitives.processes import pidfd
from conman.primitives.shared_results import Done, Failed, Remaining
from conman.primitives.shared_steps import Fence

_STATE_MARK = "_LIBCONTAINER_STATEDIR="

#: How long the dead are waited for before everybody is looked at again.
_ROUND_S = 0.1

#: A child between fork and exec holds the lock and bears no marker: its exec is no event to wait for.
_EXEC_S = 0.002


def fence(step: Fence) -> Done | Remaining | Failed:
    """Done: the locks were taken (and are let go again), and nobody bears their marks."""
    fences = (step, *step.also)
    deadline = time.monotonic() + step.timeout_ms / 1000
    try:
        while True:
            locks = _opened(fences)
            try:
                left = _end_all(fences, locks, deadline)
                if left is not None:
                    return Remaining(left)
                if all(map(_is_settled, fences, locks)):
                    return Done(time.time_ns())
            finally:
                _close(locks)
    except OSError as error:
        return failed(error)


def _opened(fences: tuple[Fence, ...]) -> list[int | None]:
    """None: nobody was ever started with this lock."""
    locks: list[int | None] = []
    try:
        locks.extend(open_lock(one.lock) for one in fences)
    except OSError:
        _close(locks)
        raise
    return locks


def _is_settled(step: Fence, lock: int | None) -> bool:
    """Whether the lock is the one that we have, or still absent: who was ended may have made it before."""
    return not os.path.lexists(step.lock) if lock is None else is_still(step.lock, lock)


def _close(locks: Iterable[int | None]) -> None:
    for lock in locks:
        if lock is not None:
            os.close(lock)


def make_lock(path: str) -> int | None:
    """Make a lock file if need be, and lock it: its descriptor. None: somebody else holds it."""
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        is_ours = False
        try:
            if not take(lock):
                return None
            # Unlinked between open and flock, it would be nobody's evidence: another one is made.
            is_ours = os.path.lexists(path) and is_still(path, lock)
            if is_ours:
                return lock
        finally:
            if not is_ours:
                os.close(lock)


def open_lock(path: str) -> int | None:
    """A descriptor of an existing lock file, not yet locked; None where there is none."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def take(lock: int) -> bool:
    """Lock an open file for us; False when somebody else holds it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_still(path: str, lock: int) -> bool:
    """Whether the path still names the file that was locked, or names nothing any more."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(lock))
    except FileNotFoundError:
        return True


def _end_all(
    fences: tuple[Fence, ...], locks: Sequence[int | None], deadline: float
) -> tuple[int, ...] | None:
    """None once the locks are ours and nobody bears a mark; else who was left at the deadline."""
    known = [(one, lock) for one, lock in zip(fences, locks, strict=True) if lock is not None]
    marks = frozenset(os.fsencode(mark) for one, _ in known for mark in _marks(one))
    bare: set[int] = set()
    _end_suspect(fences[0].suspect, _Wanted(marks, tuple(map(_to_lock, known))), deadline)
    while known:
        wanted = _Wanted(marks, tuple(one for one in map(_to_lock, known) if not take(one.fd)))
        found, nameless = wanted.bearers()
        if not found and wanted.locks:
            found = wanted.holders()
        if not (found or wanted.locks or are_executing(nameless - bare)):
            return None
        if time.monotonic() >= deadline:
            return found
        _end(found, wanted, min(deadline, time.monotonic() + _ROUND_S))
        bare |= {pid for pid in nameless if has_arguments(pid)}
    return None


def _marks(step: Fence) -> tuple[str, ...]:
    return (step.marker, *([_STATE_MARK + step.state_directory] if step.state_directory else []))


@frozen
class _Lock:
    """One that somebody else holds. `fd`: its file, open; `name`: that file's."""

    fd: int
    name: str


def _to_lock(known: tuple[Fence, int]) -> _Lock:
    step, fd = known
    return _Lock(fd, os.path.basename(step.lock))


@frozen
class _Wanted:
    """Whom a fence ends."""

    marks: frozenset[bytes]
    locks: tuple[_Lock, ...]

    def bearers(self) -> tuple[tuple[int, ...], set[int]]:
        """Who bears a mark, and who has no environment at all: in an exec it is there last."""
        found: list[int] = []
        nameless: set[int] = set()
        for pid in _others():
            environment = environment_of(pid)
            if is_marked(environment, self.marks):
                found.append(pid)
            elif not environment:
                nameless.add(pid)
        return tuple(found), nameless

    def holders(self) -> tuple[int, ...]:
        """Who has a lock's file open, marked or not."""
        return tuple(pid for pid in _others() if self._holds(pid))

    def includes(self, pid: int) -> bool:
        return bears(pid, self.marks) or self._holds(pid)

    def _holds(self, pid: int) -> bool:
        directory = f"/proc/{pid}/fd"
        try:
            held = any(self._is_lock(f"{directory}/{fd}") for fd in os.listdir(directory))
        except GONE:
            return False
        # An unmarked child of ours is about to exec something else, which closes the file.
        return held and not is_our_child(pid)

    def _is_lock(self, link: str) -> bool:
        try:
            # Its name first: a stat of a stranger's file may hang in a dead file system.
            name = os.path.basename(os.readlink(link))
            return any(
                one.name == name and os.path.samestat(os.stat(link), os.fstat(one.fd))
                for one in self.locks
            )
        except GONE:
            return False
        except OSError as error:
            # A stranger's, deeper in directories than any path can tell; a lock is not.
            if error.errno == errno.ENAMETOOLONG:
                return False
            raise


def _others() -> list[int]:
    """Every process but this one."""
    return sorted({int(name) for name in os.listdir("/proc") if name.isdigit()} - {os.getpid()})


def _end_suspect(path: str, wanted: _Wanted, deadline: float) -> None:
    """Nothing depends on what stands in the file: who is no actor is spared, who is one is found anyway."""
    pid = _pid_in(path) if path else None
    if pid is not None and pid != os.getpid() and wanted.includes(pid):
        _end((pid,), wanted, min(deadline, time.monotonic() + _ROUND_S))


def _pid_in(path: str) -> int | None:
    try:
        told = read(path)
    except OSError:
        return None
    number = told.partition(b'"pid":')[2].partition(b",")[0].strip(b" }\n")
    return int(number) if number.isdigit() else None


def _end(pids: tuple[int, ...], wanted: _Wanted, until: float) -> None:
    """SIGKILL them, and wait a while until they are dead; with nobody to wait for, a moment."""
    if not pids:
        time.sleep(_EXEC_S)
    handles: list[tuple[int, int]] = []
    try:
        handles.extend((pid, handle) for pid in pids if (handle := pidfd(pid)) is not None)
        for pid, handle in handles:
            # Looked at again with the pidfd in hand: the pid may be another's by now.
            if wanted.includes(pid):
                _kill(handle)
        for _, handle in handles:
            _await_death(handle, until)
    finally:
        for _, handle in handles:
            os.close(handle)


def _kill(handle: int) -> None:
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return


def _await_death(handle: int, until: float) -> None:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    poll.poll(max(0, round((until - time.monotonic()) * 1000)))
