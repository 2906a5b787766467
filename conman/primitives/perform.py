"""Performs the primitive steps on files, signals and counters on the real host, with system calls only.

Daemon and shim both use it, so it stands on the standard library and is quick to import. A step that
fails is a value, `Failed`, never an exception. It must never decide anything, add a step of its own
(an fsync belongs in a recipe), or know of a step that daemon and shim do not share.
"""

import ctypes
import os
import stat
import time

from conman.primitives import shared_results as r
from conman.primitives import shared_steps as s
from conman.primitives.failure import failed
from conman.primitives.mounts import Mount, cgroup_mounts
from conman.primitives.processes import send
from conman.primitives.trees import remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def perform(step: s.Shared) -> r.SharedResult:
    """Do one step. An OSError is answered as Failed."""
    try:
        result = _BY_TYPE[type(step)](step)
    except OSError as error:
        return failed(error, getattr(step, "path", ""))
    return r.Done(time.time_ns()) if result is None else result


def _check_directory(path: str) -> r.SharedResult | None:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return r.Absent()
    return None if stat.S_ISDIR(mode) else r.Failed("ENOTDIR", f"Not a directory: {path}")


def _make_directory(path: str, mode: int) -> None:
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        if not stat.S_ISDIR(os.stat(path).st_mode):
            raise


def _make_fifo(path: str, mode: int) -> None:
    try:
        os.mkfifo(path, mode)
    except FileExistsError:
        if not stat.S_ISFIFO(os.stat(path, follow_symlinks=False).st_mode):
            raise


def _write_file(path: str, data: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)


def _read_file(path: str) -> r.SharedResult:
    try:
        with open(path, "rb", buffering=0) as file:
            return r.Content(file.read())
    except FileNotFoundError:
        return r.Absent()


def sync(path: str, flags: int) -> None:
    """fsync(2) of what is opened with these flags. Raises OSError."""
    fd = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _sync_directory(path: str, *, may_be_gone: bool) -> None:
    try:
        sync(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        if not may_be_gone:
            raise


def _sync_file_system(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(fd) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
    finally:
        os.close(fd)


def _rename(source: str, target: str) -> r.SharedResult | None:
    try:
        os.rename(source, target)
    except FileNotFoundError:
        if os.path.lexists(source):
            raise
        return r.Absent()
    return None


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def _oom_kills(cgroup: str) -> int:
    """The highest count that any hierarchy knows; 0 where the cgroup, or its counter, is not."""
    return (
        max((_oom_kills_in(mount, cgroup) for mount in cgroup_mounts()), default=0) if cgroup else 0
    )


def _oom_kills_in(mount: Mount, cgroup: str) -> int:
    name = "memory.events" if mount.kind == "cgroup2" else "memory.oom_control"
    try:
        with open(f"{mount.point}{cgroup}/{name}", "rb", buffering=0) as file:
            words = file.read().split()
    except FileNotFoundError:
        return 0
    return int(words[words.index(b"oom_kill") + 1]) if b"oom_kill" in words else 0


#: Looked up and not matched: a shim shares each class with its zygote until it touches it. None: Done.
_BY_TYPE: "dict[type[s.Shared], Callable[[Any], r.SharedResult | None]]" = {
    s.CheckDirectory: lambda step: _check_directory(step.path),
    s.MakeDirectory: lambda step: _make_directory(step.path, step.mode),
    s.MakeFifo: lambda step: _make_fifo(step.path, step.mode),
    s.WriteFile: lambda step: _write_file(step.path, step.data, step.mode),
    s.ReadFile: lambda step: _read_file(step.path),
    s.SyncFile: lambda step: sync(step.path, os.O_RDONLY),
    s.SyncDirectory: lambda step: _sync_directory(step.path, may_be_gone=step.may_be_gone),
    s.SyncFileSystem: lambda step: _sync_file_system(step.path),
    s.Rename: lambda step: _rename(step.source, step.target),
    s.Unlink: lambda step: _unlink(step.path),
    s.RemoveTree: lambda step: remove_tree(step.path),
    s.SignalProcess: lambda step: None if (sent := send(step)) == r.Done() else sent,
    s.ReadOom: lambda step: r.OomCount(_oom_kills(step.cgroup)),
}
