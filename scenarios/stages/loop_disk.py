"""A disk whose power can be cut: an ext4 in a file, mounted by a loop device. Root only.

ext4's own shutdown drops what was not written, journal included; the next mount replays the journal, as after
a reset. Without `noauto_da_alloc` ext4 would write a renamed file out by itself and hide a missing fsync. What
it never shows is a missing fsync of a directory, once anything else has committed the journal.
It must never cut, mount or unmount anything but its own.
"""

import fcntl
import os
import subprocess
from itertools import count
from pathlib import Path

_SIZE = 64 << 20
#: linux/ext4.h, EXT4_IOC_SHUTDOWN: _IOR('X', 125, __u32), and to write nothing, not even the journal.
_SHUTDOWN, _NO_LOG_FLUSH = 0x8004587D, b"\x02\0\0\0"
_OPTIONS = "loop,noauto_da_alloc"


class LoopDisk:
    """Below `top`: its file, and `place`, where it is mounted."""

    def __init__(self, top: Path) -> None:
        self._top, self.place = top, top / "m"
        self._is_mounted = False
        self._boots = count(1)
        self._file = self._new_file()
        self.place.mkdir()
        with self._file.open("wb") as file:
            file.truncate(_SIZE)
        _run("mkfs.ext4", "-q", "-F", str(self._file))
        self._mount()

    def sync(self) -> None:
        """All that is there survives."""
        _run("sync", "--file-system", str(self.place))

    def shut(self) -> None:
        """The power goes: nothing is written any more, and whoever uses it has nothing but errors.

        To be done first: an overlay that is unmounted would have all of its upper file system written out.
        """
        handle = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, _SHUTDOWN, _NO_LOG_FLUSH)
        finally:
            os.close(handle)

    def boot(self) -> None:
        """The power is back. What is mounted is a copy: another mount namespace may hold the old one for a while."""
        self.close()
        old, self._file = self._file, self._new_file()
        _run("cp", "--sparse=always", str(old), str(self._file))
        old.unlink()
        self._mount()

    def close(self) -> None:
        """Also when its power is gone, or it has not come back."""
        if self._is_mounted:
            _run("umount", "--lazy", str(self.place))
        self._is_mounted = False

    def _new_file(self) -> Path:
        return self._top / f"disk-{next(self._boots)}"

    def _mount(self) -> None:
        _run("mount", "-o", _OPTIONS, str(self._file), str(self.place))
        self._is_mounted = True


def _run(*words: str) -> None:
    """Raises OSError."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{words[0]}: {done.stderr.strip()}")
