"""Removes a directory with all that is in it, whatever a container has put there.

Only one directory is open at a time and nothing recurses, so a tree may be as deep as it likes. It must
never follow a symbolic link, and never enter a mount: behind one lie files that are not ours to remove.
"""

import errno
import os
import stat

from conman.frozen import frozen
from conman.primitives.mounts import mounts

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def remove_tree(path: str) -> None:
    """Raises OSError: EBUSY for a mount in the way. An absent directory is no error."""
    above, name = os.path.split(os.path.abspath(path))
    try:
        walk = _Walk(os.open(above, _DIRECTORY))
    except FileNotFoundError:
        return
    try:
        if _is_there(name, walk.here):
            _refuse_mounts(os.path.join(os.path.realpath(above), name))
            walk.remove(name)
    finally:
        os.close(walk.here)


def _is_there(name: str, here: int) -> bool:
    try:
        os.stat(name, dir_fd=here, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _refuse_mounts(path: str) -> None:
    # The device number alone does not tell: a bind mount may be of this very file system.
    for mount in mounts():
        if mount.point == path or mount.point.startswith(f"{path}/"):
            raise OSError(errno.EBUSY, "something is mounted here", mount.point)


@frozen
class _Level:
    """A directory on the way down: its name in its parent, and the subdirectories still to do."""

    name: str
    identity: os.stat_result
    left: list[str]


class _Walk:
    """Where the removal stands: `here` is its one open directory, whatever happens."""

    __slots__ = ("_device", "here")

    def __init__(self, here: int) -> None:
        self.here = here
        self._device = os.fstat(here).st_dev

    def remove(self, name: str) -> None:
        """Remove one tree, deepest first, and come back."""
        levels = [_Level("", os.fstat(self.here), [name])]
        while True:
            level = levels[-1]
            if level.left:
                below = level.left.pop()
                self._enter(below)
                levels.append(_Level(below, os.fstat(self.here), _remove_files(self.here)))
            elif len(levels) > 1:
                self._climb(levels[-2].identity)
                os.rmdir(level.name, dir_fd=self.here)
                levels.pop()
            else:
                return

    def _enter(self, name: str) -> None:
        _make_accessible(name, self.here)
        below = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self.here)
        self._move(below)
        if os.fstat(below).st_dev != self._device:
            raise OSError(errno.EBUSY, "something is mounted here", name)

    def _climb(self, identity: os.stat_result) -> None:
        above = os.open("..", _DIRECTORY, dir_fd=self.here)
        self._move(above)
        if not os.path.samestat(os.fstat(above), identity):
            raise OSError(errno.EXDEV, "the tree was moved while it was removed")

    def _move(self, there: int) -> None:
        os.close(self.here)
        self.here = there


def _remove_files(here: int) -> list[str]:
    """Unlink all but the subdirectories, whose names are given back."""
    with os.scandir(here) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        if not is_directory:
            os.unlink(name, dir_fd=here)
    return [name for name, is_directory in found if is_directory]


def _make_accessible(name: str, here: int) -> None:
    """An ordinary user may own directories that he himself may not enter or change."""
    found = os.stat(name, dir_fd=here, follow_symlinks=False)
    if os.geteuid() != 0 and stat.S_ISDIR(found.st_mode) and found.st_mode & 0o700 != 0o700:
        os.chmod(name, 0o700, dir_fd=here)
