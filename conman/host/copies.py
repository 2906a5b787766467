"""Copies a root file system: owners, modes, times, hard links, devices, holes, extended attributes.

It is done in this process and not by cp(1), because a killed daemon's cp would go on writing into what
the next daemon removes. Where the file system can, a file's blocks are shared (reflink). It must never
follow a symbolic link, nor copy what is mounted inside the source, nor make anything durable.
"""

import errno
import fcntl
import os
import stat
import time
from dataclasses import field

from conman.frozen import frozen
from conman.primitives.failure import failed
from conman.primitives.steps import CopyTree, Done, Failed

_FICLONE = 0x40049409
_NO_DATA = (errno.ENXIO, errno.EINVAL)
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.ENODATA)
#: An ordinary user cannot copy owners and privileged attributes; cp -a leaves them out, too.
_PRIVILEGED = (errno.EPERM, errno.EACCES)


def copy_tree(step: CopyTree) -> Done | Failed:
    """The source's content becomes the target's, which must not exist."""
    try:
        source = os.path.realpath(step.source)
        _Copy(os.stat(source).st_dev).directory(source, step.target)
    except OSError as error:
        return failed(error)
    return Done(time.time_ns())


@frozen
class _Copy:
    """One copy under way. `links`: where each file with several names was copied to."""

    device: int
    links: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])

    def directory(self, source: str, target: str) -> None:
        """Depth first; a directory's own attributes last, for its content changes its times."""
        left = [(source, target, False)]
        while left:
            source, target, is_filled = left.pop()
            if is_filled:
                _copy_attributes(source, target, os.lstat(source))
                continue
            os.mkdir(target, 0o700)
            left.append((source, target, True))
            left.extend((below, into, False) for below, into in self._fill(source, target))

    def _fill(self, source: str, target: str) -> list[tuple[str, str]]:
        """Copy all but the subdirectories, which are given back."""
        below: list[tuple[str, str]] = []
        if os.lstat(source).st_dev != self.device:  # a mount: its point is copied, empty
            return below
        with os.scandir(source) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            pair = (os.path.join(source, name), os.path.join(target, name))
            found = os.lstat(pair[0])
            if stat.S_ISDIR(found.st_mode):
                below.append(pair)
            else:
                self._file(*pair, found)
        return below

    def _file(self, source: str, target: str, found: os.stat_result) -> None:
        identity = (found.st_dev, found.st_ino)
        if identity in self.links:
            os.link(self.links[identity], target, follow_symlinks=False)
            return
        if found.st_nlink > 1:
            self.links[identity] = target
        if stat.S_ISLNK(found.st_mode):
            os.symlink(os.readlink(source), target)
        elif stat.S_ISREG(found.st_mode):
            _copy_content(source, target, found.st_size)
        else:
            os.mknod(target, stat.S_IFMT(found.st_mode) | 0o600, found.st_rdev)
        _copy_attributes(source, target, found)


def _copy_content(source: str, target: str, size: int) -> None:
    reader = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            if not _clone(reader, writer):
                _copy_data(reader, writer, size)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _clone(reader: int, writer: int) -> bool:
    try:
        fcntl.ioctl(writer, _FICLONE, reader)
    except OSError as error:
        # Another file system, or one that cannot; anything else shows again when copying.
        if error.errno in (errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL):
            return False
        raise
    return True


def _copy_data(reader: int, writer: int, size: int) -> None:
    """Only what is no hole."""
    position = 0
    while position < size:
        try:
            start = os.lseek(reader, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno not in _NO_DATA:
                raise
            break
        position = os.lseek(reader, start, os.SEEK_HOLE)
        _copy_range(reader, writer, start, position)
    os.ftruncate(writer, size)


def _copy_range(reader: int, writer: int, start: int, end: int) -> None:
    os.lseek(writer, start, os.SEEK_SET)
    while start < end:
        copied = os.sendfile(writer, reader, start, end - start)
        if copied == 0:  # it became shorter while it was read
            return
        start += copied


def _copy_attributes(source: str, target: str, found: os.stat_result) -> None:
    """The owner first: a change of it takes setuid bits and capabilities away."""
    if os.geteuid() == 0:
        os.chown(target, found.st_uid, found.st_gid, follow_symlinks=False)
    _copy_extended(source, target)
    if not stat.S_ISLNK(found.st_mode):
        os.chmod(target, stat.S_IMODE(found.st_mode))
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns), follow_symlinks=False)


def _copy_extended(source: str, target: str) -> None:
    skipped = _UNSUPPORTED if os.geteuid() == 0 else (*_UNSUPPORTED, *_PRIVILEGED)
    try:
        for name in os.listxattr(source, follow_symlinks=False):
            value = os.getxattr(source, name, follow_symlinks=False)
            os.setxattr(target, name, value, follow_symlinks=False)
    except OSError as error:
        if error.errno not in skipped:
            raise
