"""A shim's beginning: it cuts itself loose from whoever started it, becomes findable, and runs.

Started by a fork of the zygote, or by exec (`__main__`). Its directory exists and `alive` is locked by
whoever starts it; its socket is bound before it says that it is ready. It must never keep a descriptor
that it was not given, nor end by a signal that was meant for somebody else's terminal.
"""

import ctypes
import json
import os
import signal

from conman.primitives.crash_points import CrashPoints, UnknownCrashPoint
from conman.primitives.processes import boot_id, start_time
from conman.primitives.steps import Done
from conman.shim import recipes
from conman.shim.complaint import complain
from conman.shim.crash_names import known
from conman.shim.performer import Shim, attempt
from conman.shim.protocol import BORN, BOUND, listen

_PR_SET_CHILD_SUBREAPER = 36


def main(directory: str, alive: int, ready: int, *, create_within_s: float = 10.0) -> int:
    """`alive`: the locked lock file. `ready`: a pipe; it gets BORN, and BOUND once the socket is."""
    os.write(ready, BORN)
    _keep_only({0, 1, 2, alive, ready})
    for descriptor in (alive, ready):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - os' own signature
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


def _keep_only(wanted: set[int]) -> None:
    for descriptor in sorted(int(name) for name in os.listdir("/proc/self/fd")):
        if descriptor not in wanted:
            os.closerange(descriptor, descriptor + 1)  # the listing's own is closed already


def _crash_points(directory: str) -> CrashPoints:
    text = os.environ.get("CONMAN_SHIM_CRASH_AT", "")
    disarm = os.environ.get("CONMAN_CRASH_DISARM") or directory
    return CrashPoints(text, known() if text else (), disarm)


def _detach() -> None:
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.chdir("/")
    os.umask(0o022)
    # Ended by SIGKILL only, by whoever holds the evidence that it is no longer needed.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write("conman-shim")
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _settle_in(directory: str) -> None:
    pid = os.getpid()
    identity = {"boot_id": boot_id(), "pid": pid, "start_time": start_time(pid)}
    for step in recipes.settle_in(directory, f"{json.dumps(identity)}\n".encode()):
        if not isinstance(attempt(step), Done):
            raise SystemExit(f"cannot settle in {directory}")
