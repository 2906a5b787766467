"""The runtime's calls, as processes: how they are begun, and what a create left.

Its lock is flocked before it exists, and it inherits the descriptor: whoever holds the lock later knows
that nothing of this call goes on. Its stdout and stderr are the container's. It must never inherit the
shim's own lock, its signals, or what a service manager told the daemon.
"""

import os

from conman.primitives.descriptors import begun_as_given
from conman.primitives.light import signal
from conman.primitives.processes import program, start_time
from conman.shim.complaint import complain
from conman.shim.json_text import loads
from conman.shim.task import Init, Task

# Found out before a shim is forked: what a fork computes it pays for.
_PATH = os.environ.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}

#: Answers must fit into a packet, whatever a runtime says.
_WORDS = 4000

_LOG_END = 64 * 1024


def spawn(argv: tuple[str, ...], marker: str, lock: int, ends: tuple[int | None, int, int]) -> int:
    """Begin the call; its pid. Raises FileNotFoundError when there is no such runtime.

    `ends`: its stdin, stdout, stderr; stdin None: nothing is to be read there, as from a shim's own.
    """
    name, _, value = marker.partition("=")
    os.set_inheritable(lock, True)  # noqa: FBT003 - os' own signature; one thread: nobody else forks
    own: list[int] = []
    try:
        # Ours are theirs meanwhile: by file actions libc hands on none that is beyond the child's limit.
        own.extend(os.dup(each) for each in range(len(ends)))
        for target, end in enumerate(ends):
            if end is not None:
                os.dup2(end, target)
        return begun_as_given(
            lambda: os.posix_spawnp(
                argv[0],
                argv,
                {"PATH": _PATH, name: value},
                setsigmask=(),
                setsigdef=_SIGNALS,
            )
        )
    finally:
        for target, kept in enumerate(own):
            os.dup2(kept, target)
            os.close(kept)


def is_missing(program: str, error: OSError) -> bool:
    """Whether there is no such program: exec says EACCES too, if it may not search all of PATH."""
    if isinstance(error, FileNotFoundError):
        return True
    if not isinstance(error, PermissionError) or "/" in program:
        return False
    places = _PATH.split(":")
    return not any(os.path.exists(f"{place}/{program}") for place in places)


def init_of(task: Task) -> Init | None:
    """The process that a successful create left; a zombie too, for its exit is still to be reaped."""
    try:
        with open(task.pid_file, "rb", buffering=0) as file:
            pid = int(file.read())
        started = start_time(pid)
        runs = program(pid)
    except (OSError, ValueError) as error:
        complain(f"the runtime answered 0 but left no init: {error}")
        return None
    if started is None:
        complain(f"the runtime answered 0 but its init {pid} does not exist")
        return None
    if runs is None:
        return Init(task.boot_id, pid, started, 0, 0, "")
    return Init(task.boot_id, pid, started, runs.device, runs.inode, runs.cmdline)


def last_words(log: str, written: bytes) -> str:
    """Why a call failed: the last error in its JSON log, else what it wrote to its stderr."""
    return (_last_error(log) or written.decode(errors="backslashreplace"))[-_WORDS:]


def _last_error(log: str) -> str:
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LOG_END))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return ""
    except OSError as error:
        complain(f"what the runtime said cannot be read: {error}")
        return ""
    errors = (_error_in(line) for line in reversed(lines))
    return next((error for error in errors if error), "")


def _error_in(line: bytes) -> str:
    try:
        entry: object = loads(line)
    except ValueError:
        return ""
    match entry:
        case {"level": "error" | "fatal" | "panic", "msg": str(text)}:
            return text
        case _:
            return ""
