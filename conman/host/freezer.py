"""The freezer of a cgroup: brings all its processes to a stand, and says whether they stand. v1 and v2.

Where a cgroup is in v1's freezer, that one is used, else v2's own. It must never say frozen before the
kernel does: a write only begins it.
"""

import errno
import os
import select
import time

from conman.primitives.failure import failed
from conman.primitives.mounts import cgroup_mounts
from conman.primitives.steps import Absent, Done, Failed, TimedOut

#: v1 tells nobody that it is done: it is asked again.
_TICK_S = 0.001
_GONE = (errno.ENOENT, errno.ENODEV)


def freeze(cgroup: str, timeout_ms: int) -> Done | Absent | TimedOut | Failed:
    """Until the kernel says that all stand. TimedOut: some may stand."""
    deadline = time.monotonic() + timeout_ms / 1000
    try:
        if directory := _v1(cgroup):
            return _freeze_v1(directory, deadline)
        if directory := _v2(cgroup):
            return _freeze_v2(directory, deadline)
    except OSError as error:
        return Absent() if error.errno in _GONE else failed(error)
    return Absent()


def frozen(cgroup: str) -> bool:
    """Whether all stand. Raises OSError for what is no absence."""
    try:
        if directory := _v1(cgroup):
            return _says_frozen(directory)
        directory = _v2(cgroup)
        return bool(directory) and b"frozen 1" in _read(f"{directory}/cgroup.events").splitlines()
    except OSError as error:
        if error.errno in _GONE:
            return False
        raise


def _freeze_v1(directory: str, deadline: float) -> Done | TimedOut:
    """Written again each time: a process that forks meanwhile can hold up the first try."""
    while True:
        _write(f"{directory}/freezer.state", b"FROZEN")
        if _says_frozen(directory):
            return Done(time.time_ns())
        if time.monotonic() >= deadline:
            return TimedOut()
        time.sleep(_TICK_S)


def _says_frozen(directory: str) -> bool:
    return _read(f"{directory}/freezer.state").strip() == b"FROZEN"


def _freeze_v2(directory: str, deadline: float) -> Done | TimedOut:
    with open(f"{directory}/cgroup.events", "rb", buffering=0) as events:
        _write(f"{directory}/cgroup.freeze", b"1")
        poll = select.poll()
        poll.register(events, select.POLLPRI)
        while b"frozen 1" not in events.read().splitlines():
            left_ms = round((deadline - time.monotonic()) * 1000)
            if left_ms <= 0:
                return TimedOut()
            poll.poll(left_ms)
            events.seek(0)
    return Done(time.time_ns())


def _v1(cgroup: str) -> str:
    return _directory(cgroup, "cgroup", "freezer")


def _v2(cgroup: str) -> str:
    return _directory(cgroup, "cgroup2", "")


def _directory(cgroup: str, kind: str, controller: str) -> str:
    """Where this cgroup is in that hierarchy; "" where it is not."""
    for mount in cgroup_mounts():
        if mount.kind == kind and (not controller or controller in mount.options):
            directory = f"{mount.point}{cgroup}"
            if os.path.isdir(directory):
                return directory
    return ""


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def _write(path: str, data: bytes) -> None:
    with open(path, "r+b", buffering=0) as file:
        file.write(data)
