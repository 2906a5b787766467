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

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
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
class _Level:
    """A directory on the way down: where its copy is, and the subdirectories still to do."""

    target: str
    identity: os.stat_result
    left: list[str]


class _Walk:
    """Where the copy stands: `here` is its one open directory, so that a tree may be as deep as it likes.

    What is read is read below it: whoever owns the tree may put a link in the place of any directory meanwhile.
    """

    __slots__ = ("_path", "here")

    def __init__(self, path: str) -> None:
        self._path = path
        self.here = os.open(path, _DIRECTORY)

    def at(self, name: str) -> str:
        """A path for calls that know of no open directory."""
        return f"/proc/self/fd/{self.here}/{name}"

    def enter(self, name: str) -> None:
        self._move(os.open(name, _DIRECTORY, dir_fd=self.here), os.path.join(self._path, name))

    def climb(self, identity: os.stat_result) -> None:
        self._move(os.open("..", _DIRECTORY, dir_fd=self.here), os.path.dirname(self._path))
        if not os.path.samestat(os.fstat(self.here), identity):
            raise OSError(errno.EXDEV, "the tree was moved while it was copied", self._path)

    def _move(self, there: int, path: str) -> None:
        os.close(self.here)
        self.here, self._path = there, path

    def name(self, error: OSError) -> None:
        """Say of which file it is, in words that mean something to others."""
        if isinstance(error.filename, str):
            below = error.filename.removeprefix(self.at(""))
            error.filename = os.path.normpath(os.path.join(self._path, below))


@frozen
class _Copy:
    """One copy under way. `links`: where each file with several names was copied to."""

    device: int
    links: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])

    def directory(self, source: str, target: str) -> None:
        walk = _Walk(source)
        try:
            self._directory(walk, target)
        except OSError as error:
            walk.name(error)
            raise
        finally:
            os.close(walk.here)

    def _directory(self, walk: _Walk, target: str) -> None:
        """Depth first; a directory's own attributes last, for its content changes its times."""
        levels = [self._fill(walk, target)]
        while True:
            level = levels[-1]
            if level.left:
                name = level.left.pop()
                walk.enter(name)
                levels.append(self._fill(walk, os.path.join(level.target, name)))
                continue
            _copy_attributes(walk.at("."), level.target, os.fstat(walk.here))
            levels.pop()
            if not levels:
                return
            walk.climb(levels[-1].identity)

    def _fill(self, walk: _Walk, target: str) -> _Level:
        """Copy all but the subdirectories, which are left."""
        level = _Level(target, os.fstat(walk.here), [])
        if level.identity.st_dev != self.device:
            raise OSError(errno.EXDEV, "it was mounted while the tree was copied", walk.at("."))
        os.mkdir(target, 0o700)
        with os.scandir(walk.here) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            pair = (walk.at(name), os.path.join(target, name))
            found = os.lstat(pair[0])
            if not stat.S_ISDIR(found.st_mode):
                self._file(*pair, found)
            elif found.st_dev == self.device:
                level.left.append(name)
            else:  # a mount: its point is copied, empty
                os.mkdir(pair[1], 0o700)
                _copy_attributes(*pair, found)
        return level

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
    for name in _names_of_extended(source):
        try:
            value = os.getxattr(source, name, follow_symlinks=False)
            os.setxattr(target, name, value, follow_symlinks=False)
        except OSError as error:
            # One that cannot be copied says nothing of the next.
            if error.errno not in skipped:
                raise


def _names_of_extended(source: str) -> list[str]:
    try:
        return os.listxattr(source, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        return []
