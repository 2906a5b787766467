"""Looks at what a user names: paths, device nodes, files of a root file system. Changes nothing.

What is named belongs to somebody else, who may change it under us: files are opened first and judged by
their descriptor, never opened for what they might do when opened (a FIFO, a tape).
"""

import os
import stat
from collections.abc import Iterator

from conman.host.linux import open_in_root
from conman.primitives import steps as s
from conman.primitives.results import DeviceNode

LARGEST_FILE = 4 * 1024 * 1024

#: Below /dev, what belongs to one container or one mount namespace.
_NOT_DEVICES = ("fd", "mqueue", "pts", "shm")
_CONSOLE = "console"


def look(step: s.CheckPath | s.FindDevices | s.ReadInRoot) -> s.Result:
    """Raises OSError for what none of the outcomes says."""
    try:
        match step:
            case s.CheckPath(path):
                os.stat(path)
                return s.Done()
            case s.FindDevices(path):
                return _find_devices(path)
            case s.ReadInRoot(root, path):
                return _read_in_root(root, path)
    except FileNotFoundError:
        return s.Absent()


def _find_devices(path: str) -> s.Result:
    found = os.stat(path)
    if stat.S_ISDIR(found.st_mode):
        return s.Devices(tuple(_below(path)))
    node = _node(path, found)
    return s.Devices((node,)) if node else s.Failed("ENODEV", f"No device node: {path}")


def _below(directory: str) -> Iterator[DeviceNode]:
    """Links are left out: what they lead to is here under its own name, or not for us."""
    with os.scandir(directory) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _NOT_DEVICES:
                yield from _below(entry.path)
        elif entry.name != _CONSOLE:
            try:
                node = _node(entry.path, entry.stat(follow_symlinks=False))
            except FileNotFoundError:
                continue  # unplugged just now
            if node:
                yield node


def _node(path: str, found: os.stat_result) -> DeviceNode | None:
    kinds = {stat.S_IFCHR: "c", stat.S_IFBLK: "b"}
    kind = kinds.get(stat.S_IFMT(found.st_mode))
    if kind is None:
        return None
    major, minor = os.major(found.st_rdev), os.minor(found.st_rdev)
    mode = stat.S_IMODE(found.st_mode)
    return DeviceNode(path, kind, major, minor, mode, found.st_uid, found.st_gid)


def _read_in_root(root: str, path: str) -> s.Result:
    handle = open_in_root(root, path, os.O_PATH)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return s.Failed("EINVAL", f"No regular file: {path}")
        with open(f"/proc/self/fd/{handle}", "rb", buffering=0) as file:
            data = _at_most(file.fileno(), LARGEST_FILE + 1)
    finally:
        os.close(handle)
    if len(data) > LARGEST_FILE:
        return s.Failed("EFBIG", f"File too large: {path}")
    return s.Content(data)


def _at_most(handle: int, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := os.read(handle, size - len(data))):
        data += more
    return data
