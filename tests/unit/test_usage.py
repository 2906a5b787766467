"""What a run uses: counters of control groups of either version as files, and of processes that really live."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.core.usage import Usage
from conman.host import process_list, usage
from conman.primitives.mounts import Mount

V1 = {
    "cpu/c/cpuacct.usage": "1234567\n",
    "memory/c/memory.usage_in_bytes": "9000\n",
    "memory/c/memory.limit_in_bytes": "20000\n",
    "memory/c/memory.stat": "inactive_file 1\ntotal_inactive_file 4000\ntotal_x -1\n",
    "pids/c/pids.current": "3\n",
    "pids/c/pids.max": "max\n",
    "blkio/c/blkio.throttle.io_service_bytes": "8:0 Read 5\n8:0 Write 6\n8:16 Read 7\nTotal 18\n",
}
V2 = {
    "u/c/cpu.stat": "usage_usec 1234\nuser_usec 1\n",
    "u/c/memory.current": "9000\n",
    "u/c/memory.max": "max\n",
    "u/c/memory.stat": "anon 5\ninactive_file 4000\n",
    "u/c/pids.current": "3\n",
    "u/c/pids.max": "100\n",
    "u/c/io.stat": "8:0 rbytes=5 wbytes=6 rios=1\n8:16 rbytes=7 wbytes=0\n254:0\n",
}


def of_files(files: dict[str, str], top: Path, monkeypatch: pytest.MonkeyPatch) -> Usage:
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    mounts = [Mount(str(place), "cgroup", (), writable=True) for place in sorted(top.iterdir())]
    monkeypatch.setattr(usage, "cgroup_mounts", lambda: iter(mounts))
    found = usage.of_cgroup("/c", 0)
    assert found is not None
    assert abs(found.at - time.time_ns()) < 60e9
    assert usage.of_cgroup("/gone", 0) is None
    return found


def test_version_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = of_files(V1, tmp_path, monkeypatch)
    assert found == Usage(found.at, 1234567, 5000, 20000, 3, 0, 12, 6)


def test_version_1_says_no_limit_as_a_large_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = V1 | {"memory/c/memory.limit_in_bytes": "9223372036854771712\n"}
    assert of_files(files, tmp_path, monkeypatch).memory_limit_bytes == 0


def test_version_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = of_files(V2, tmp_path, monkeypatch)
    assert found == Usage(found.at, 1234000, 5000, 0, 3, 100, 12, 6)


def test_controllers_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = of_files({"pids/c/pids.current": "3\n"}, tmp_path, monkeypatch)
    assert found == Usage(found.at, pids=3)


@pytest.fixture
def sleeper() -> Iterator[int]:
    """Popen returns when it has been executed."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process.pid
        process.kill()


def test_processes_summed_up(sleeper: int) -> None:
    found = usage.of_processes([os.getpid(), sleeper, 2**22 + 1], os.getpid())
    assert found.cpu_ns > 0
    assert found.pids >= 2
    assert found.memory_bytes > 2**20
    nobody = usage.of_processes([2**22 + 1], 2**22 + 1)
    assert nobody == Usage(nobody.at)


def test_a_process_is_listed_as_ps_does(sleeper: int) -> None:
    [found] = process_list.listed([2**22 + 1, sleeper])
    assert (found.pid, found.ppid, found.uid) == (sleeper, os.getpid(), os.getuid())
    assert found.command == "sleep 1000"
    assert abs(found.started_at - time.time_ns()) < 60e9
    assert found.tty == process_list._terminal(0) == ""


def test_terminals_and_names() -> None:
    assert process_list._terminal(os.makedev(136, 3)) == "pts/3"
    assert process_list._terminal(os.makedev(137, 1)) == "pts/257"
    assert process_list._terminal(os.makedev(4, 1)) == "4:1"
    assert process_list._command(b"a\0b c\0", b"x") == "a b c"
    assert process_list._command(b"", b"x y") == "[x y]"
