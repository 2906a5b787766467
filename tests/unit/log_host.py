"""A simulated disk below the very code that writes, rotates, reopens and reads a log: it is what `os` is to it.

Everything that changes something is an instant at which the shim may be killed, of a write its middle, too; and
the power may be cut, with each outcome that `scenarios.power` knows. It must never decide anything of a log's.
"""

import errno
import os
import stat as kinds
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import pytest

from conman.host import log_files
from conman.primitives.shared_results import Done
from conman.primitives.shared_steps import Rename, Shared, SyncDirectory, SyncFile, Unlink
from conman.shim import log, rotation
from scenarios import power
from scenarios.disk import Disk, Inode

HOME = "/data/c"
#: Not `log`: in a simulated world nobody looks at a file of that name.
PATH = f"{HOME}/output"
#: Up to so many combinations of contents all are tried; beyond that each alone.
_ALL = 64
_BEGAN = 1_475_716_217_000_000_000
_DESCRIPTORS = "/proc/self/fd/"


class Killed(BaseException):
    """The shim is dead: nothing of it may catch this."""


@dataclass(slots=True)
class Host:
    """Files, and who has which open. `dies_at`: before the so manieth change from 0; -1: at none."""

    disk: Disk = field(default_factory=Disk)
    dies_at: int = -1
    changes: int = 0
    ticks: int = 0
    held: dict[int, int] = field(default_factory=dict[int, int])
    gone: dict[int, Inode] = field(default_factory=dict[int, Inode])
    next: int = 3

    path: ClassVar[ModuleType] = os.path

    def below(self, patch: pytest.MonkeyPatch) -> None:
        """From here on the code of logs stands on this one."""
        for module in (log, rotation, log_files):
            patch.setattr(module, "os", self)
        clock = SimpleNamespace(time_ns=self.now, strftime=time.strftime, gmtime=time.gmtime)
        patch.setattr(log, "time", clock)

    def now(self) -> int:
        self.ticks += 1
        return _BEGAN + self.ticks

    def changes_now(self) -> None:
        if self.changes == self.dies_at:
            raise Killed
        self.changes += 1

    # ---- a shim's steps

    def do(self, steps: tuple[Shared, ...]) -> int:
        """Until one fails."""
        for number, step in enumerate(steps):
            self.changes_now()
            if not isinstance(self._done(step), Done):
                return number
        return len(steps)

    def _done(self, step: Shared) -> object:
        match step:
            case Rename(source, target):
                return self.disk.rename(source, target)
            case Unlink(path):
                return self._unlink(path)
            case SyncFile(path) if path.startswith(_DESCRIPTORS):
                return self._sync(self.held[int(path.removeprefix(_DESCRIPTORS))])
            case SyncFile(path):
                return self.disk.sync(path)
            case SyncDirectory(path):
                return self.disk.sync_directory(path)
            case _:
                raise AssertionError(step)

    def _unlink(self, path: str) -> object:
        """Whoever has it open still has it."""
        number = self.disk.find(path)
        if number is not None:
            self.gone[number] = self.disk.inodes[number]
        return self.disk.unlink(path)

    def _sync(self, number: int) -> Done:
        self._become(number, synced=self._inode(number).data)
        return Done()

    def _inode(self, number: int) -> Inode:
        return self.disk.inodes.get(number) or self.gone[number]

    def _become(self, number: int, **changes: bytes) -> None:
        self.disk.inodes[number] = replace(self._inode(number), **changes)
        self.disk.text = None

    # ---- `os`, as far as the code asks for it

    def open(self, path: str, flags: int, _mode: int = 0) -> int:
        if self.disk.find(path) is None and flags & os.O_CREAT:
            self.changes_now()
            self.disk.make(path, "file")
        self.next += 1
        self.held[self.next] = self._found(path)
        return self.next

    def close(self, descriptor: int) -> None:
        del self.held[descriptor]

    def write(self, descriptor: int, data: memoryview) -> int:
        """At its end: all of it, or half of it first."""
        number = self.held[descriptor]
        before = self._inode(number).data
        self.changes_now()
        self._become(number, data=before + bytes(data[: len(data) // 2]))
        self.changes_now()
        self._become(number, data=before + bytes(data))
        return len(data)

    def pread(self, descriptor: int, count: int, offset: int) -> bytes:
        return self._inode(self.held[descriptor]).data[offset : offset + count]

    def fstat(self, descriptor: int) -> SimpleNamespace:
        return self._told(self.held[descriptor])

    def lstat(self, path: str) -> SimpleNamespace:
        return self._told(self._found(path))

    def listdir(self, path: str) -> list[str]:
        return list(self.disk.inside(path))

    def _found(self, path: str) -> int:
        number = self.disk.find(path)
        if number is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return number

    def _told(self, number: int) -> SimpleNamespace:
        size, links = len(self._inode(number).data), int(number not in self.gone)
        return SimpleNamespace(
            st_dev=1, st_ino=number, st_nlink=links, st_size=size, st_mode=kinds.S_IFREG
        )


def cuts(disk: Disk) -> Iterator[Disk]:
    """What a cut of the power may leave. A log is only appended to, so what was synced of it stays.

    Of the rest: all, nothing, half, or zeros; and of names what `power` says.
    """
    open_ = {n: _contents(one) for n, one in disk.inodes.items() if one.kind == "file"}
    for picks in _picks([len(each) for each in open_.values()]):
        settled = disk.clone()
        for (number, contents), pick in zip(open_.items(), picks, strict=True):
            data = contents[pick]
            settled.inodes[number] = replace(settled.inodes[number], data=data, synced=data)
        settled.text = None
        yield from (after for _, after in power.cuts(settled, "/run"))


def _contents(inode: Inode) -> list[bytes]:
    sure = inode.synced or b""
    rest = inode.data[len(sure) :]
    tails = dict.fromkeys((rest, b"", rest[: len(rest) // 2], bytes(len(rest))))
    return [sure + tail for tail in tails]


def _picks(sizes: list[int]) -> Iterator[tuple[int, ...]]:
    if prod(sizes) <= _ALL:
        yield from product(*map(range, sizes))
        return
    for base in (0, 1):
        whole = tuple(min(base, size - 1) for size in sizes)
        for place, size in enumerate(sizes):
            yield from ((*whole[:place], other, *whole[place + 1 :]) for other in range(size))
