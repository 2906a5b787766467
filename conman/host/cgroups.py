"""A run's cgroup in every hierarchy: who is in it, thawing it, removing it. v1, v2 and both at once.

The hierarchies are read from mountinfo each time. What must never happen here: a cgroup being taken for
empty because it could not be read. Only the kernel's "no such file" (or device: removed while being
read) says that there is none.
"""

import errno
import os
import time
from collections.abc import Iterator

from conman.primitives.mounts import cgroup_mounts

_BUSY_S = 1.0
_RETRY_S = 0.002
_GONE = (errno.ENOENT, errno.ENODEV, errno.ESRCH)


def members(cgroup: str) -> frozenset[int]:
    """The pids in this cgroup and below it, zombies included."""
    return frozenset(
        int(line)
        for directory in _tree(cgroup)
        for line in _read(f"{directory}/cgroup.procs").split()
        if line != b"0"  # a process of a pid namespace that is not below ours
    )


def has(cgroup: str, pid: int) -> bool:
    """Whether a thread of this process is in it, or below, in any hierarchy.

    The leader alone does not tell: when it has ended before its threads, v1 shows it at the root.
    """
    threads = _subdirectories(f"/proc/{pid}/task")
    return any(_is_in(cgroup, f"/proc/{pid}/task/{thread}/cgroup") for thread in threads)


def _is_in(cgroup: str, told: str) -> bool:
    # A cgroup's name may hold whatever a path may, and no newline.
    lines = _read(told).decode(errors="surrogateescape").split("\n")
    return any(f"{line.split(':', 2)[2]}/".startswith(f"{cgroup}/") for line in lines if line)


def freeze(cgroup: str) -> None:
    """Not waited for: from now on no member comes back from a system call, or out of fork(2)."""
    for directory in _tree(cgroup, _writable()):
        _write(f"{directory}/freezer.state", b"FROZEN")
        _write(f"{directory}/cgroup.freeze", b"1")


def thaw(cgroup: str) -> None:
    """A frozen member dies of a pending SIGKILL only once it is thawed."""
    for directory in _tree(cgroup, _writable()):
        _write(f"{directory}/freezer.state", b"THAWED")
        _write(f"{directory}/cgroup.freeze", b"0")


def controls(cgroup: str, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Name and content of those of these files that it has, each from the first hierarchy that has it."""
    if not cgroup:
        return ()
    places = [f"{root}{cgroup}" for root in _hierarchies()]
    found = ((name, _first(places, name)) for name in names)
    return tuple((name, _read(path).decode().strip()) for name, path in found if path)


def set_control(cgroup: str, name: str, value: str) -> bool:
    """False: it has no such file. Raises OSError, with the file's name, when the kernel refuses."""
    path = _first([f"{root}{cgroup}" for root in _hierarchies()], name) if cgroup else ""
    if not path:
        return False
    try:
        _write(path, value.encode())
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from error
    return True


def _first(places: list[str], name: str) -> str:
    found = (f"{place}/{name}" for place in places if os.path.isdir(place))
    return next((path for path in found if os.path.exists(path)), "")


def children(cgroup: str) -> frozenset[str]:
    """The names of the cgroups directly below, in any hierarchy."""
    return frozenset(name for root in _hierarchies() for name in _subdirectories(f"{root}{cgroup}"))


def remove(cgroup: str) -> None:
    """The cgroup and what is below it, wherever we may. Raises OSError: EBUSY when somebody is in it."""
    for directory in reversed(tuple(_tree(cgroup, _writable()))):
        _remove(directory)


def remove_parent(cgroup: str) -> None:
    """The directory that all runs of an instance share goes with the last of them."""
    for root in _writable():
        try:
            os.rmdir(f"{root}{os.path.dirname(cgroup)}")
        except OSError as error:
            if error.errno not in (*_GONE, errno.ENOTEMPTY, errno.EBUSY):
                raise


def _hierarchies() -> tuple[str, ...]:
    """Where each one is mounted; one that is mounted twice counts twice, which does no harm."""
    return tuple(found.point for found in cgroup_mounts())


def _writable() -> tuple[str, ...]:
    """Without those that are mounted read-only: nobody has made anything there, and rmdir(2) says EROFS of nothing."""
    return tuple(found.point for found in cgroup_mounts() if found.writable)


def _tree(cgroup: str, roots: tuple[str, ...] | None = None) -> Iterator[str]:
    """The cgroup's directory in each hierarchy that has it, and all below, parents first."""
    if not cgroup.strip("/"):
        raise AssertionError("the root cgroup is nobody's")
    for root in _hierarchies() if roots is None else roots:
        yield from _walk(f"{root}{cgroup}")


def _walk(directory: str) -> Iterator[str]:
    """Without recursion: how deep it goes is its container's to say."""
    left = [directory] if os.path.lexists(directory) else []
    while left:
        here = left.pop()
        yield here
        left.extend(f"{here}/{name}" for name in _subdirectories(here))


def _subdirectories(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError as error:
        if error.errno in _GONE:
            return []
        raise


def _remove(directory: str) -> None:
    """The kernel answers EBUSY for a moment after the last member was reaped."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            os.rmdir(directory)
            return
        except OSError as error:
            if error.errno in _GONE:
                return
            if error.errno != errno.EBUSY or time.monotonic() >= deadline:
                raise
        time.sleep(_RETRY_S)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError as error:
        if error.errno in _GONE:
            return b""
        if error.errno == errno.EOPNOTSUPP:  # a threaded cgroup of v2: its domain above lists all
            return b""
        raise


def _write(path: str, data: bytes) -> None:
    """Write to a control file, where this hierarchy has it (asked to create one, it says EACCES)."""
    try:
        control = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _GONE:
            return
        raise
    try:
        os.write(control, data)
    except OSError as error:
        if error.errno not in _GONE:
            raise
    finally:
        os.close(control)
