"""Files of a container as a tar stream: read below a root that nobody can lead out of.

The path is looked up with the root as "/"; from there on every step is by the descriptor of the directory
that was opened before, and no link is followed, so a program that changes its files meanwhile leads nowhere.
It must never open what does something when it is opened: only files, directories and links are copied.
"""

import errno
import os
import stat
import tarfile
from collections.abc import Generator
from contextlib import contextmanager
from typing import BinaryIO

from conman.host.linux import open_in_root

_DEEPEST = 128
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def pack(root: str, path: str, out: BinaryIO, *, follow_link: bool) -> None:
    """Write what is at `path` as a tar, below its own name; with a final "/." below none.

    Raises OSError, with the path that it is about.
    """
    flags = os.O_PATH if follow_link or path.endswith(("/", "/.")) else os.O_PATH | os.O_NOFOLLOW
    handle = open_in_root(root, path, flags)
    try:
        name = "." if path.endswith("/.") else path.rstrip("/").rpartition("/")[2] or "."
        with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            _Packing(tar).add(handle, name, 0)
    finally:
        os.close(handle)


class _Packing:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def add(self, handle: int, name: str, depth: int) -> None:
        """What this O_PATH descriptor is, under that name."""
        found = os.fstat(handle)
        if stat.S_ISLNK(found.st_mode):
            self._tar.addfile(_info(name, found, tarfile.SYMTYPE, os.readlink("", dir_fd=handle)))
        elif stat.S_ISREG(found.st_mode):
            self._add_file(handle, name)
        elif stat.S_ISDIR(found.st_mode):
            self._tar.addfile(_info(name, found, tarfile.DIRTYPE))
            self._add_directory(handle, name, depth)

    def _add_file(self, handle: int, name: str) -> None:
        with open(os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            info = _info(name, found, tarfile.REGTYPE)
            info.size = found.st_size
            self._tar.addfile(info, file)

    def _add_directory(self, handle: int, name: str, depth: int) -> None:
        if depth == _DEEPEST:
            raise OSError(errno.ENAMETOOLONG, "directories are nested too deeply", name)
        with _opened(".", os.O_DIRECTORY | _FLAGS, handle) as directory:
            for each in sorted(os.listdir(directory)):
                try:
                    with _opened(
                        each, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW, directory
                    ) as found:
                        self.add(found, each if name == "." else f"{name}/{each}", depth + 1)
                except FileNotFoundError:
                    continue  # it was removed since


@contextmanager
def _opened(name: str, flags: int, directory: int) -> Generator[int]:
    handle = os.open(name, flags, dir_fd=directory)
    try:
        yield handle
    finally:
        os.close(handle)


def _info(name: str, found: os.stat_result, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.mode = stat.S_IMODE(found.st_mode)
    info.uid, info.gid, info.mtime = found.st_uid, found.st_gid, int(found.st_mtime)
    return info
