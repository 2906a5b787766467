"""Who a process is: (boot id, pid, start time), and what it runs. Read from /proc, only the boot is remembered.

A pid alone is nobody: it is given to another once its owner was reaped. A zombie counts as dead. What
`create` records of an init and what stop-and-look compares are both read here, hence alike.
"""

import errno
import os

from conman.frozen import frozen
from conman.primitives.light import signal
from conman.primitives.shared_results import Done, Gone, ProcessId
from conman.primitives.shared_steps import SignalProcess

#: Names another file to read the boot id from, so that a test can act out a reboot.
BOOT_ID_FILE = "CONMAN_BOOT_ID_FILE"

#: It has to fit into a packet of the shim's, with much else.
_CMDLINE = 4096

#: 52 numbers and a name.
_LONGEST_STAT = 4096

_DEAD = (b"Z", b"X", b"x")


@frozen
class ProgramFile:
    """What a process runs. `cmdline`: its arguments, each ended by NUL; of a long one the begin."""

    device: int
    inode: int
    cmdline: str


#: By file: it stays what it is for as long as this process lives.
_boot_ids: dict[str, str] = {}


def boot_id() -> str:
    """This boot's random name."""
    path = os.environ.get(BOOT_ID_FILE, "/proc/sys/kernel/random/boot_id")
    if path not in _boot_ids:
        with open(path, "rb", buffering=0) as file:
            _boot_ids[path] = file.read().strip().decode()
    return _boot_ids[path]


def start_time(pid: int) -> int | None:
    """Clock ticks since boot, of a zombie too; None when there is no such process."""
    found = _stat(pid)
    return None if found is None else found[1]


def lives(process: ProcessId) -> bool:
    """Whether exactly this process exists and is no zombie. Asks for the boot only if it must."""
    found = _stat(process.pid)
    if found is None or found[0] in _DEAD or found[1] != process.start_time:
        return False
    return process.boot_id == boot_id()


def program(pid: int) -> ProgramFile | None:
    """None when the process is gone, or is a zombie, which runs nothing."""
    try:
        executable = os.stat(f"/proc/{pid}/exe")
        with open(f"/proc/{pid}/cmdline", "rb", buffering=0) as file:
            cmdline = file.read(_CMDLINE).decode(errors="backslashreplace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return ProgramFile(executable.st_dev, executable.st_ino, cmdline)


def pidfd(pid: int) -> int | None:
    """A handle of the process that now has this pid; None when nobody has, or only a thread."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):  # a thread, as old and new kernels say it
            return None
        raise


def send(step: SignalProcess) -> Done | Gone:
    """Signal exactly this process. Raises OSError for what is no absence (EPERM, EMFILE)."""
    handle = pidfd(step.process.pid)
    if handle is None:
        return Gone()
    try:
        # Compared with the pidfd in hand: from here on it is this process or a dead one.
        if not lives(step.process):
            return Gone()
        signal.pidfd_send_signal(handle, step.signal)
    except ProcessLookupError:
        return Gone()
    finally:
        os.close(handle)
    return Done()


def _stat(pid: int) -> tuple[bytes, int] | None:
    """State and start time: fields 3 and 22 of proc(5)'s stat, counted from behind the name."""
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fields = os.read(file, _LONGEST_STAT).rpartition(b")")[2].split()
    except ProcessLookupError:
        return None
    finally:
        os.close(file)
    return fields[0], int(fields[19])
