"""A tar as it comes, put where a person wants it, by cp's rules: into a directory that is there, else under that name.

It must never write anywhere but below the place that was named.
"""

import os
import tarfile
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

from conman.ctl.failure import CommandFailed


class Pieces:
    """What comes in pieces, as a file to read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def read(self, size: int) -> bytes:
        while len(self._left) < size and (piece := next(self._pieces, b"")):
            self._left += piece
        read, self._left = self._left[:size], self._left[size:]
        return read


def unpack(pieces: Iterator[bytes], target: str, *, owners: bool) -> None:
    """`owners`: as they are in the container. Raises CommandFailed, or OSError."""
    place = _Place(target, owners=owners)
    with tarfile.open(fileobj=cast("IO[bytes]", Pieces(pieces)), mode="r|") as tar:
        for member in tar:
            place.put(member, tar.extractfile(member) if member.isreg() else None)
    place.finish()


class _Place:
    def __init__(self, target: str, *, owners: bool) -> None:
        self._target = target
        self._owners = owners
        self._is_there = os.path.isdir(target)
        self._directories: list[tuple[str, tarfile.TarInfo]] = []
        self._top: str | None = None

    def put(self, member: tarfile.TarInfo, content: "IO[bytes] | None") -> None:
        path = self._path(member)
        if member.isdir():
            os.makedirs(path, mode=0o700, exist_ok=True)
            self._directories.append((path, member))
            return
        if os.path.islink(path) or (member.issym() and os.path.lexists(path)):
            os.unlink(path)
        if member.issym():
            os.symlink(member.linkname, path)
            self._own(path, member)
        elif content is not None:
            _write(path, cast("BinaryIO", content))
            self._own(path, member)
            _dress(path, member)

    def finish(self) -> None:
        """Directories last: they may not be writable, and what is put into them changes their times."""
        for path, member in reversed(self._directories):
            self._own(path, member)
            _dress(path, member)

    def _path(self, member: tarfile.TarInfo) -> str:
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        if member.name.startswith("/") or ".." in parts:
            raise CommandFailed(f"conmand sent {member.name!r}, which leads out of {self._target}")
        if self._top is None:
            self._begin(member)
        if not self._is_there and self._top != ".":
            parts = parts[1:]
        return os.path.join(self._target, *parts)

    def _begin(self, member: tarfile.TarInfo) -> None:
        self._top = member.name
        if self._is_there:
            return
        if member.isdir() and os.path.lexists(self._target):
            raise CommandFailed(f"{self._target} is no directory: a directory cannot be put there")
        if not member.isdir() and self._target.endswith("/"):
            raise CommandFailed(f"there is no directory {self._target}: make it first")

    def _own(self, path: str, member: tarfile.TarInfo) -> None:
        if self._owners:
            os.chown(path, member.uid, member.gid, follow_symlinks=False)


def _write(path: str, content: BinaryIO) -> None:
    with open(path, "wb") as file:
        while piece := content.read(1 << 20):
            file.write(piece)


def _dress(path: str, member: tarfile.TarInfo) -> None:
    os.chmod(path, member.mode & 0o7777)
    os.utime(path, (member.mtime, member.mtime))
