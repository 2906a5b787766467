"""Opens the kernel's cgroup lock before a runtime needs it.

The first process to be moved to a cgroup after some 20 ms of quiet waits 6 to 11 ms for the kernel (an RCU
grace period); those after it wait 0.1 ms. So at the very start of a create, or of an exec, a thread moves this
process to where it is, which changes nothing, and the wait is over when the runtime comes. Nothing depends on
it: it must never hold a request up, nor fail one, nor move this process anywhere else.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress

from conman.primitives.mounts import cgroup_mounts


class CgroupLock:
    """`warm` may be called by any thread, at any time. Its own thread ends with the process."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        # Where hierarchies are mounted changes with a boot at most.
        self._points = tuple(mount.point for mount in cgroup_mounts() if mount.writable)
        threading.Thread(target=self._run, name="cgroup lock", daemon=True).start()

    def warm(self) -> None:
        """Returns at once."""
        self._wanted.set()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            with suppress(OSError):  # not ours to write to, or we have just been moved
                self._move_to_where_we_are()

    def _move_to_where_we_are(self) -> None:
        for path in _own_paths():
            for point in self._points:
                # A path belongs to one hierarchy; in the others it may not exist, or hold others.
                procs = f"{point}{path}/cgroup.procs"
                if _is_in(procs):
                    _write(procs, b"%d" % os.getpid())
                    return


def _own_paths() -> Iterator[str]:
    # Only a newline ends a line: a cgroup's name may have any other character in it.
    with open(
        "/proc/self/cgroup", encoding="utf-8", errors="surrogateescape", newline="\n"
    ) as file:
        paths = {line.rstrip("\n").split(":", 2)[2] for line in file}
    return (path for path in sorted(paths, reverse=True) if "/.." not in path)


def _is_in(procs: str) -> bool:
    try:
        with open(procs, "rb", buffering=0) as file:
            return b"%d" % os.getpid() in file.read().split()
    except OSError:
        return False


def _write(path: str, data: bytes) -> None:
    with open(path, "wb", buffering=0) as file:
        file.write(data)
