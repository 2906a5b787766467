"""Performs the primitive steps on files, signals and counters on the real host, with system calls only.

Daemon and shim both use it, so it stands on the standard library and is quick to import. A step that
fails is a value, `Failed`, never an exception. It must never decide anything, add a step of its own
(an fsync belongs in a recipe), or know of a step that daemon and shim do not share.
"""

import ctypes
import os
import stat
import time

from conman.primitives import steps as s
from conman.primitives.failure import failed
from conman.primitives.mounts import Mount, cgroup_mounts
from conman.primitives.processes import send
from conman.primitives.trees import remove_tree

#: The steps that are performed here.
Shared = (
    s.CheckDirectory
    | s.MakeDirectory
    | s.MakeFifo
    | s.WriteFile
    | s.ReadFile
    | s.SyncFile
    | s.SyncDirectory
    | s.SyncFileSystem
    | s.Rename
    | s.Unlink
    | s.RemoveTree
    | s.SignalProcess
    | s.ReadOom
)


def perform(step: Shared) -> s.Result:
    """Do one step. An OSError is answered as Failed."""
    try:
        result = _perform(step)
    except OSError as error:
        return failed(error, getattr(step, "path", ""))
    return s.Done(time.time_ns()) if result is None else result


def _perform(step: Shared) -> s.Result | None:
    """None stands for Done."""
    match step:
        case s.CheckDirectory(path):
            return _check_directory(path)
        case s.MakeDirectory(path, mode):
            return _make_directory(path, mode)
        case s.MakeFifo(path, mode):
            return _make_fifo(path, mode)
        case s.WriteFile(path, data, mode):
            return _write_file(path, data, mode)
        case s.ReadFile(path):
            return _read_file(path)
        case s.SyncFile(path):
            return _sync(path, os.O_RDONLY)
        case s.SyncDirectory(path):
            return _sync(path, os.O_RDONLY | os.O_DIRECTORY)
        case s.SignalProcess():
            return None if isinstance(result := send(step), s.Done) else result
        case s.ReadOom(cgroup):
            return s.OomCount(_oom_kills(cgroup))
        case _:
            return _replace_or_remove(step)


def _replace_or_remove(
    step: s.SyncFileSystem | s.Rename | s.Unlink | s.RemoveTree,
) -> s.Result | None:
    match step:
        case s.SyncFileSystem(path):
            return _sync_file_system(path)
        case s.Rename(source, target):
            return _rename(source, target)
        case s.Unlink(path):
            return _unlink(path)
        case s.RemoveTree(path):
            return remove_tree(path)


def _check_directory(path: str) -> s.Result | None:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return s.Absent()
    return None if stat.S_ISDIR(mode) else s.Failed("ENOTDIR", f"Not a directory: {path}")


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


def _read_file(path: str) -> s.Result:
    try:
        with open(path, "rb", buffering=0) as file:
            return s.Content(file.read())
    except FileNotFoundError:
        return s.Absent()


def _sync(path: str, flags: int) -> None:
    fd = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _sync_file_system(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(fd) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
    finally:
        os.close(fd)


def _rename(source: str, target: str) -> s.Result | None:
    try:
        os.rename(source, target)
    except FileNotFoundError:
        if os.path.lexists(source):
            raise
        return s.Absent()
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
        with open(f"{mount.point}{cgroup}/{name}", encoding="ascii") as file:
            counters = dict(line.split(maxsplit=1) for line in file)
    except FileNotFoundError:
        return 0
    return int(counters.get("oom_kill", "0"))
