"""The cgroup of all shims of an instance, outside of the daemon's: killing the service's cgroup spares them.

The zygote enters it, so its shims are born there; a shim by exec is put there by its spawner while its
interpreter starts. It must never hold a container, and goes only when it is empty.
"""

import errno
import os
import threading
import time

from conman.primitives.cgroup_entry import enter
from conman.primitives.mounts import cgroup_mounts

_LEFT_ALONE = (errno.EBUSY, errno.ENOTEMPTY, errno.ENOENT)

_BUSY_S = 1.0
_RETRY_S = 0.002


class ShimCgroup:
    """`path`: below each hierarchy's root, as in /conman-<instance>/shims."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = threading.Lock()

    def place(self, pid: int) -> None:
        """Move a process there, in every hierarchy that is writable. Raises OSError."""
        with self._lock:
            enter(self.path, pid)

    def remove(self) -> None:
        """Remove what is empty: the cgroup, then the instance's above it. Raises OSError."""
        with self._lock:
            for mount in cgroup_mounts():
                if mount.writable:
                    _remove(f"{mount.point}{self.path}")
                    _remove(os.path.dirname(f"{mount.point}{self.path}"))


def _remove(path: str) -> None:
    """The kernel answers EBUSY for a moment after the last member was reaped."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            os.rmdir(path)
            return
        except OSError as error:
            if error.errno not in _LEFT_ALONE:
                raise
            if error.errno != errno.EBUSY or _is_in_use(path) or time.monotonic() >= deadline:
                return
        time.sleep(_RETRY_S)


def _is_in_use(path: str) -> bool:
    """EBUSY is what the kernel says of a cgroup with members, and of one with cgroups below it too."""
    try:
        with open(f"{path}/cgroup.procs", "rb", buffering=0) as file:
            if file.read(1):
                return True
        with os.scandir(path) as entries:
            return any(entry.is_dir() for entry in entries)
    except FileNotFoundError:
        return False
