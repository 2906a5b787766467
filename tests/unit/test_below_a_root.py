"""A path is looked up below a root also while others rename and mount, of which the kernel says EAGAIN."""

import ctypes
import errno
import os
from pathlib import Path

import pytest

from conman.host import linux


class Busy:
    """A libc on a machine where somebody renames at each of the first calls."""

    def __init__(self, times: int) -> None:
        self._left = times
        self._libc = linux._libc

    def syscall(self, *arguments: object) -> int:
        if not self._left:
            return self._libc.syscall(*arguments)
        self._left -= 1
        ctypes.set_errno(errno.EAGAIN)
        return -1


def test_who_renames_meanwhile_is_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    monkeypatch.setattr(linux, "_libc", Busy(2))
    handle = linux.open_in_root(str(tmp_path), "/a/../a/b", os.O_PATH)
    assert os.path.samestat(os.fstat(handle), (tmp_path / "a/b").stat())
    os.close(handle)


def test_it_is_not_tried_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "_libc", Busy(1_000_000))
    with pytest.raises(BlockingIOError):
        linux.open_in_root(str(tmp_path), "/", os.O_PATH)
