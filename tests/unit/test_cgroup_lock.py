"""The no-op move that opens the kernel's cgroup lock: done for each asking, moves nobody, harms nobody."""

import os
import queue
from pathlib import Path

import pytest

from conman.host import cgroup_lock
from conman.host.cgroup_lock import CgroupLock

PATIENCE_S = 30


def test_this_process_is_written_to_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    written: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
    monkeypatch.setattr(cgroup_lock, "_write", lambda path, data: written.put((path, data)))
    if not any(cgroup_lock._is_in(path) for path in procs_of_this_process()):
        pytest.skip("this process sees no cgroup that it is in")
    lock = CgroupLock()
    for _ in range(2):
        lock.warm()
        path, data = written.get(timeout=PATIENCE_S)
        assert data == str(os.getpid()).encode()
        assert str(os.getpid()) in Path(path).read_text().split()


def test_what_cannot_be_written_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: queue.SimpleQueue[None] = queue.SimpleQueue()

    def fails(_self: CgroupLock) -> None:
        tried.put(None)
        raise PermissionError

    monkeypatch.setattr(CgroupLock, "_move_to_where_we_are", fails)
    lock = CgroupLock()
    for _ in range(2):
        lock.warm()
        tried.get(timeout=PATIENCE_S)


def procs_of_this_process() -> list[str]:
    points = CgroupLock()._points
    return [f"{point}{path}/cgroup.procs" for path in cgroup_lock._own_paths() for point in points]
