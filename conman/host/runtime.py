"""One runtime call: a child that holds the call's lock, bears its marker, and ends in bounded time.

The lock is made and taken before the fork and inherited, so that a daemon that dies in between leaves
evidence that the next one can fence. It must never wait for anybody but its own child (a grandchild may
keep stdout for ever), hand it more environment than it needs, or leave it alive after a time-out.
"""

import os
import select
import shutil
import signal
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from conman.primitives.descriptors import give_back
from conman.primitives.failure import failed
from conman.primitives.fence import make_lock
from conman.primitives.steps import Failed, RunRuntime, RuntimeAnswer, TimedOut

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: The lock's number in the child, and the signals that begin anew there.
_LOCK = 3
_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}

#: Of what a runtime writes, its end is kept: that is where the error is.
_KEPT_BYTES = 64 * 1024


def run_runtime(step: RunRuntime) -> RuntimeAnswer | TimedOut | Failed:
    """Failed says that nothing was executed."""
    try:
        lock = make_lock(step.lock)
    except FileNotFoundError as error:
        # ENOENT would say that there is no such runtime.
        return Failed("ENOLCK", failed(error).text)
    except OSError as error:
        return failed(error)
    try:
        if lock is None:
            return Failed("EWOULDBLOCK", f"an earlier call still holds its lock {step.lock}")
        return _run(step, lock) if _is_there(step.argv[0]) else _missing(step.argv[0])
    except OSError as error:
        return failed(error)
    finally:
        if lock is not None:
            os.close(lock)


def _is_there(program: str) -> bool:
    """Asked first: exec says EACCES, and not ENOENT, if a directory in PATH may not be searched."""
    return "/" in program or shutil.which(program, path=os.environ.get("PATH", _PATH)) is not None


def _missing(program: str) -> Failed:
    return Failed("ENOENT", f"not found in PATH: {program}")


def _run(step: RunRuntime, lock: int) -> RuntimeAnswer | TimedOut:
    # Files and not pipes: they can be read once the child has ended, whoever else has them open.
    with _memory("stdout") as stdout, _memory("stderr") as stderr:
        pid = _spawn(step, lock, stdout, stderr)
        give_back(pid)
        status = _await_end(pid, step.timeout_ms)
        if status is None:
            return TimedOut()
        return RuntimeAnswer(_code(status), _end_of(stdout), _end_of(stderr), time.time_ns())


@contextmanager
def _memory(name: str) -> Generator[int]:
    descriptor = os.memfd_create(name)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _spawn(step: RunRuntime, lock: int, stdout: int, stderr: int) -> int:
    """Its pid. What it inherits is copied in the child: here other threads begin others meanwhile."""
    return os.posix_spawnp(
        step.argv[0],
        step.argv,
        _environment(step.marker, os.environ),
        file_actions=(
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, stdout, 1),
            (os.POSIX_SPAWN_DUP2, stderr, 2),
            (os.POSIX_SPAWN_DUP2, lock, _LOCK),
        ),
        setsid=True,  # ^C in a terminal is for conmand, not for its calls
        setsigmask=(),
        setsigdef=_SIGNALS,
    )


def _environment(marker: str, ours: Mapping[str, str]) -> dict[str, str]:
    name, _, value = marker.partition("=")
    return {"PATH": ours.get("PATH", _PATH), name: value}


def _await_end(pid: int, timeout_ms: int) -> int | None:
    """Its wait status; None: it did not end by itself. In any case it has ended, and was reaped."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        # Nobody could end it in time. Our own child, not yet reaped: its pid is nobody else's.
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return None
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        ended = bool(poll.poll(timeout_ms))
        if not ended:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        return status if ended else None
    finally:
        os.close(handle)


def _code(status: int) -> int:
    """As a shell has it: 128 + n by signal n."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def _end_of(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    kept = os.pread(descriptor, _KEPT_BYTES, max(0, size - _KEPT_BYTES))
    return kept.decode(errors="replace")
