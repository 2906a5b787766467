"""A shim's beginning: it cuts itself loose from whoever started it, becomes findable, and runs.

Started by a fork of the zygote, or by exec (`__main__`). Its directory exists and `alive` is locked by
whoever starts it; its socket is bound before it says that it is ready. It must never keep a descriptor
that it was not given, nor end by a signal that was meant for somebody else's terminal.
"""

import ctypes
import os

from conman.primitives.crash_points import CrashPoints, UnknownCrashPoint
from conman.primitives.descriptors import allow_descriptors
from conman.primitives.light import signal
from conman.primitives.processes import boot_id, start_time
from conman.primitives.shared_results import Done
from conman.shim import recipes
from conman.shim.appearance import rename
from conman.shim.complaint import complain
from conman.shim.crash_names import known
from conman.shim.json_text import dumps
from conman.shim.performer import Shim, attempt
from conman.shim.protocol import BORN, BOUND, listen

# Found here, so that a fork finds them found.
_PR_SET_CHILD_SUBREAPER = 36
_prctl = ctypes.CDLL(None, use_errno=True).prctl
_DESCRIPTORS = os.sysconf("SC_OPEN_MAX")
_BOOT_ID = boot_id()
_CRASH_AT = os.environ.get("CONMAN_SHIM_CRASH_AT", "")
_NOWHERE = CrashPoints("", (), "")


def main(directory: str, alive: int, ready: int, *, create_within_s: float = 10.0) -> int:
    """`alive`: the locked lock file. `ready`: a pipe; it gets BORN, and BOUND once the socket is."""
    os.write(ready, BORN)
    _close_all_but(alive, ready)
    for descriptor in (alive, ready):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - os' own signature
    allow_descriptors()
    try:
        points = _crash_points(directory)
    except UnknownCrashPoint as error:
        complain(str(error))
        return 2
    _detach()
    _settle_in(directory)
    points.passes("shim/bind/before")
    listener = listen(directory)
    points.passes("shim/bind/after")
    os.write(ready, BOUND)
    os.close(ready)
    Shim(directory, listener, points).run(create_within_s)
    return 0


def ignore_signals() -> None:
    """A shim is ended by SIGKILL only, by whoever holds the evidence that it is no longer needed."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _close_all_but(alive: int, ready: int) -> None:
    begin = 3
    for kept in (*sorted((alive, ready)), _DESCRIPTORS):
        os.closerange(begin, kept)
        begin = kept + 1


def _crash_points(directory: str) -> CrashPoints:
    if not _CRASH_AT:
        return _NOWHERE
    disarm = os.environ.get("CONMAN_CRASH_DISARM") or directory
    return CrashPoints(_CRASH_AT, known(), disarm)


def _detach() -> None:
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.chdir("/")
    os.umask(0o022)
    rename(b"conman-shim")
    if _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _settle_in(directory: str) -> None:
    pid = os.getpid()
    identity = {"boot_id": _BOOT_ID, "pid": pid, "start_time": start_time(pid)}
    for step in recipes.settle_in(directory, f"{dumps(identity)}\n".encode()):
        if not isinstance(attempt(step), Done):
            raise SystemExit(f"cannot settle in {directory}")
