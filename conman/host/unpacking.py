"""A tar put into a container, below a root that nobody can lead out of, by the rules of cp.

The place is looked up with the root as "/". From there on each directory is opened by the one before, and a link
in the way is no directory; a link that has a file's name is replaced, never followed. It must never make what
does something when it is opened: devices, FIFOs and sockets are refused.
"""

import errno
import os
import shutil
import tarfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import IO, BinaryIO

from conman.host.linux import open_in_root

_WALKED = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MADE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack(root: str, path: str, source: BinaryIO, *, owners: bool) -> None:
    """Into the directory at `path`, else under that name. `owners`: as the tar has them, else root.

    Raises OSError, with the path that it is about; tarfile.TarError for what is no tar.
    """
    place, name = _place(root, path)
    try:
        with tarfile.open(fileobj=source, mode="r|") as tar:
            unpacking = _Unpacking(place, name, owners=owners)
            unpacking.needs_directory = path.endswith("/") and bool(name)
            for member in tar:
                unpacking.put(member, tar.extractfile(member) if member.isreg() else None)
            unpacking.finish()
    finally:
        os.close(place)


def _place(root: str, path: str) -> tuple[int, str]:
    """A directory, and the name in it that is meant; "": the directory itself."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return open_in_root(root, path, os.O_PATH | os.O_DIRECTORY), ""
    parent, _, name = path.rstrip("/").rpartition("/")
    return open_in_root(root, parent or "/", os.O_PATH | os.O_DIRECTORY), name


class _Unpacking:
    def __init__(self, place: int, name: str, *, owners: bool) -> None:
        self._place = place
        self._name = name
        self._owners = owners
        #: What is meant is a directory that is not there, by how it was written.
        self.needs_directory = False
        self._has_top: bool | None = None
        self._made: list[tuple[list[str], tarfile.TarInfo]] = []

    def put(self, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        parts = self._parts(member.name, member)
        if not parts:
            return
        with self._parent(parts) as parent:
            if member.isdir():
                self._make_directory(parent, parts, member)
            elif member.issym():
                _free(parent, parts[-1])
                os.symlink(member.linkname, parts[-1], dir_fd=parent)
                self._own(member, parts[-1], parent)
            elif member.islnk():
                _free(parent, parts[-1])
                self._link(parent, parts[-1], self._parts(member.linkname, member))
            elif content is not None:
                _free(parent, parts[-1])
                self._write(parent, parts[-1], member, content)
            else:
                what = "is neither a file, a directory nor a link"
                raise OSError(errno.EINVAL, what, member.name)

    def finish(self) -> None:
        """What is put into a directory changes its times; and it may not be writable."""
        for parts, member in reversed(self._made):
            with self._parent([*parts, ""]) as directory:
                handle = os.open(".", os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
                try:
                    self._dress(handle, member)
                finally:
                    os.close(handle)

    def _parts(self, name: str, member: tarfile.TarInfo) -> list[str]:
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or ".." in parts:
            raise OSError(errno.EINVAL, "leads out of the place", member.name)
        if self._has_top is None:
            self._has_top = bool(parts)
            if self.needs_directory and not member.isdir():
                raise NotADirectoryError(errno.ENOTDIR, "there is no such directory")
        if self._name:
            parts = [self._name, *parts[1 if self._has_top else 0 :]]
        return parts

    @contextmanager
    def _parent(self, parts: list[str]) -> Generator[int]:
        handle = os.dup(self._place)
        try:
            for part in parts[:-1]:
                below = os.open(part, _WALKED, dir_fd=handle)
                os.close(handle)
                handle = below
            yield handle
        finally:
            os.close(handle)

    def _make_directory(self, parent: int, parts: list[str], member: tarfile.TarInfo) -> None:
        try:
            os.mkdir(parts[-1], 0o700, dir_fd=parent)
        except FileExistsError:
            os.close(os.open(parts[-1], _WALKED, dir_fd=parent))  # else it is none
        else:
            self._made.append((parts, member))

    def _link(self, parent: int, name: str, first: list[str]) -> None:
        """A second name of a file that came before."""
        with self._parent(first) as other:
            os.link(first[-1], name, src_dir_fd=other, dst_dir_fd=parent, follow_symlinks=False)

    def _write(self, parent: int, name: str, member: tarfile.TarInfo, content: IO[bytes]) -> None:
        with os.fdopen(os.open(name, _MADE, 0o600, dir_fd=parent), "wb") as file:
            shutil.copyfileobj(content, file)
            file.flush()  # what is written changes its times, and may take rights away
            self._dress(file.fileno(), member)

    def _dress(self, handle: int, member: tarfile.TarInfo) -> None:
        if os.geteuid() == 0:
            os.chown(handle, *self._owner(member))
        os.chmod(handle, member.mode & 0o7777)
        os.utime(handle, (member.mtime, member.mtime))

    def _own(self, member: tarfile.TarInfo, name: str, parent: int) -> None:
        if os.geteuid() == 0:
            os.chown(name, *self._owner(member), dir_fd=parent, follow_symlinks=False)

    def _owner(self, member: tarfile.TarInfo) -> tuple[int, int]:
        return (member.uid, member.gid) if self._owners else (0, 0)


def _free(parent: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=parent)
