"""The end of a run's members, and stop-and-look. Who the members are, is told by whoever calls.

Signals go by pidfd, and nobody is believed dead before the kernel says so. It must never signal a pid
that was not looked at again after its handle was opened, nor this process itself.
"""

import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from conman.frozen import frozen
from conman.primitives import processes
from conman.primitives.failure import failed
from conman.primitives.marks import bears
from conman.primitives.steps import (
    Absent,
    Done,
    Failed,
    Gone,
    ProcessId,
    Remaining,
    Stopped,
    StopProcess,
    TimedOut,
)

#: How long the dead of one round are waited for before the members are listed again.
_ROUND_S = 0.5

_STOP_S = 5.0
_STOP_TICK_S = 0.0002
_DEAD = (b"Z", b"X", b"x")
_STANDS = (b"T", b"t", *_DEAD)
_GONE = (FileNotFoundError, ProcessLookupError)


@frozen
class Members:
    """Who belongs to a run. `listed` may tell of dead ones too."""

    listed: Callable[[], Iterable[int]]
    has: Callable[[int], bool]
    freeze: Callable[[], None]
    thaw: Callable[[], None]


def bearers(marker: str) -> Members:
    """Whoever has this `NAME=value` in its environment. Nobody can freeze them."""
    mark = frozenset((os.fsencode(marker),))
    return Members(partial(_bearers, mark), partial(bears, marks=mark), _nothing, _nothing)


def living(members: Members) -> tuple[int, ...]:
    """The pids of those that live, this process aside; a zombie does not.

    Whoever was listed may have forked and died since, so one list of the dead proves nothing.
    """
    for _ in range(2):
        if alive := tuple(pid for pid in sorted(_listed(members)) if not _is_dead(pid)):
            return alive
    return ()


def end_all(members: Members, timeout_ms: int) -> Done | Remaining | Failed:
    """Until no member lives, or the time is over."""
    deadline = time.monotonic() + timeout_ms / 1000
    known_dead: frozenset[int] = frozenset()
    try:
        # Proof is a list of nobody but those who were dead before it was made.
        while (listed := _listed(members)) - known_dead:
            if time.monotonic() >= deadline:
                return Remaining(tuple(sorted(listed - known_dead)))
            _end(members, min(deadline, time.monotonic() + _ROUND_S))
            known_dead = frozenset(pid for pid in listed if _is_dead(pid))
    except OSError as error:
        return failed(error)
    return Done(time.time_ns())


def freeze_all(members: Members, timeout_ms: int) -> Done | Absent | TimedOut | Failed:
    """By SIGSTOP, where no cgroup can do it: until a list of all has only such as stand."""
    deadline = time.monotonic() + timeout_ms / 1000
    try:
        while alive := living(members):
            running = [pid for pid in alive if not _stands(pid)]
            if not running:
                return Done(time.time_ns())
            if time.monotonic() >= deadline:
                return TimedOut()
            _stop_all(members, running, deadline)
        return Absent()
    except OSError as error:
        return failed(error)


def _stop_all(members: Members, pids: list[int], deadline: float) -> None:
    for pid in pids:
        _signal(members, pid, signal.SIGSTOP)
    while time.monotonic() < deadline and not all(map(_stands, pids)):
        time.sleep(_STOP_TICK_S)


def all_stand(members: Members) -> bool:
    """Whether somebody lives, and nobody of them runs. Raises OSError."""
    alive = living(members)
    return bool(alive) and all(map(_stands, alive))


def go_on(members: Members) -> None:
    """SIGCONT to each. Once is enough: who stands still forks nobody. Raises OSError."""
    for pid in living(members):
        _signal(members, pid, signal.SIGCONT)


def _signal(members: Members, pid: int, number: signal.Signals) -> None:
    """To a member, and to nobody who has its pid by now."""
    if (handle := processes.pidfd(pid)) is None:
        return
    try:
        if members.has(pid):
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return
    finally:
        os.close(handle)


def stop(step: StopProcess) -> Stopped | Gone | TimedOut | Failed:
    """SIGSTOP; then, once every thread stands, what the process is."""
    try:
        if not _halt(step.process):
            return Gone()
        deadline = time.monotonic() + _STOP_S
        while not _stands(step.process.pid):
            if time.monotonic() >= deadline:
                return TimedOut()
            # That a process has stopped is told to its parent only: here there is no event.
            time.sleep(_STOP_TICK_S)
        return _look(step.process)
    except OSError as error:
        return failed(error)


def _halt(process: ProcessId) -> bool:
    """SIGSTOP to exactly this process; False when it is gone."""
    handle = processes.pidfd(process.pid)
    if handle is None:
        return False
    try:
        if not processes.lives(process):
            return False
        signal.pidfd_send_signal(handle, signal.SIGSTOP)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def _look(process: ProcessId) -> Stopped | Gone:
    found = processes.program(process.pid)
    if found is None or not processes.lives(process):
        return Gone()
    return Stopped(found.device, found.inode, found.cmdline)


def _stands(pid: int) -> bool:
    """Whether no thread of it runs; true also when it is gone."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except _GONE:
        return True
    return all(_state(f"/proc/{pid}/task/{thread}") in _STANDS for thread in threads)


def _is_dead(pid: int) -> bool:
    """A leader that has ended before its threads looks like a zombie, and lives on."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except _GONE:
        return True
    return all(_state(f"/proc/{pid}/task/{thread}") in _DEAD for thread in threads)


def _state(directory: str) -> bytes:
    try:
        with open(f"{directory}/stat", "rb", buffering=0) as file:
            return file.read().rpartition(b")")[2].split()[0]
    except _GONE:
        return b"X"


def _listed(members: Members) -> frozenset[int]:
    return frozenset(members.listed()) - {os.getpid()}


def _bearers(mark: frozenset[bytes]) -> Iterator[int]:
    """Each as soon as it is found. Nobody, only if nobody was born unseen meanwhile.

    A bearer may fork and die before it is looked at, and its child is not in the list of before.
    But the child's number is a later one: so the later ones are looked at, until there are none.
    """
    newest = newest_pid()
    # Twice: in the middle of an exec a process has no environment at all.
    pids = _all_pids() * 2
    while True:
        is_borne = False
        for pid in pids:
            if bears(pid, mark):
                is_borne = True
                yield pid
        before, newest = newest, newest_pid()
        if is_borne or before == newest:
            return
        # The numbers begin anew at the greatest: then all are looked at again.
        pids = list(range(newest, before, -1)) if newest > before else _all_pids()


def _all_pids() -> list[int]:
    """The youngest first, who may be about to fork."""
    return sorted((int(name) for name in os.listdir("/proc") if name.isdigit()), reverse=True)


def newest_pid() -> int:
    """The number that was given last, in this namespace (proc(5), /proc/loadavg)."""
    with open("/proc/loadavg", "rb", buffering=0) as file:
        return int(file.read().split()[-1])


def _nothing() -> None:
    """There is nothing to be done about it."""


def _end(members: Members, until: float) -> None:
    """SIGKILL to each, then a while of waiting for their deaths."""
    handles: list[int] = []
    try:
        _kill_all(members, handles)
        for handle in handles:
            _await_death(handle, until)
    finally:
        for handle in handles:
            os.close(handle)


def _kill_all(members: Members, handles: list[int]) -> None:
    """Held meanwhile, or else they may fork faster than they are listed and killed."""
    members.freeze()
    try:
        for pid in members.listed():
            if pid == os.getpid() or (handle := processes.pidfd(pid)) is None:
                continue
            handles.append(handle)
            # Asked with the handle in hand: the pid may have become a stranger's.
            if members.has(pid):
                _kill(handle)
    finally:
        members.thaw()


def _kill(handle: int) -> None:
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return


def _await_death(handle: int, until: float) -> None:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    poll.poll(max(0, round((until - time.monotonic()) * 1000)))
