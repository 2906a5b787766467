"""The cgroup of all shims of an instance, outside of the daemon's: killing the service's cgroup spares them.

A shim is put there by its spawner while its interpreter starts, before it runs anything. It must never
hold a container, and goes with its last shim only when asked to.
"""

import errno
import os
import threading
from contextlib import suppress

from conman.primitives.mounts import Mount, cgroup_mounts

_LEFT_ALONE = (errno.EBUSY, errno.ENOTEMPTY, errno.ENOENT)


class ShimCgroup:
    """`path`: below each hierarchy's root, as in /conman-<instance>/shims."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()

    def place(self, pid: int) -> None:
        """Move a process there, in every hierarchy that is writable. Raises OSError."""
        with self._lock:
            for mount in cgroup_mounts():
                if mount.writable:
                    _make(mount, self._path)
                    _write(f"{mount.point}{self._path}/cgroup.procs", str(pid).encode())

    def remove(self) -> None:
        """Remove what is empty: the cgroup, then the instance's above it. Raises OSError."""
        with self._lock:
            for mount in cgroup_mounts():
                if mount.writable:
                    _remove(f"{mount.point}{self._path}")
                    _remove(os.path.dirname(f"{mount.point}{self._path}"))


def _make(mount: Mount, path: str) -> None:
    here = mount.point
    for name in path.strip("/").split("/"):
        above, here = here, f"{here}/{name}"
        with suppress(FileExistsError):
            os.mkdir(here, 0o755)
        if "cpuset" in mount.options:
            # On v1 a new cpuset allows nothing, and a process cannot be moved there.
            _inherit(above, here, "cpuset.cpus")
            _inherit(above, here, "cpuset.mems")


def _inherit(above: str, here: str, name: str) -> None:
    with open(f"{here}/{name}", "rb", buffering=0) as file:
        if file.read().strip():
            return
    with open(f"{above}/{name}", "rb", buffering=0) as file:
        _write(f"{here}/{name}", file.read())


def _write(path: str, data: bytes) -> None:
    with open(path, "wb", buffering=0) as file:
        file.write(data)


def _remove(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno not in _LEFT_ALONE:
            raise
