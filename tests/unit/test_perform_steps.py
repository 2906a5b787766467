"""The shared steps where the contract suite does not go: refusals by value, counters, other boots."""

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conman.primitives import processes
from conman.primitives import steps as s
from conman.primitives.failure import failed
from conman.primitives.mounts import cgroup_mounts, mounts
from conman.primitives.perform import perform
from conman.primitives.shared_steps import Shared

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="cgroups need root")


@contextmanager
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    child = subprocess.Popen(["sleep", "600"])
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def identify(pid: int) -> s.ProcessId:
    started = processes.start_time(pid)
    assert started is not None
    return s.ProcessId(processes.boot_id(), pid, started)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (s.MakeDirectory("{here}/file"), "EEXIST"),
        (s.MakeDirectory("{here}/none/below"), "ENOENT"),
        (s.MakeFifo("{here}/file"), "EEXIST"),
        (s.WriteFile("{here}/none/below", b""), "ENOENT"),
        (s.WriteFile("{here}", b""), "EISDIR"),
        (s.ReadFile("{here}"), "EISDIR"),
        (s.ReadFile("{here}/file/below"), "ENOTDIR"),
        (s.SyncFile("{here}/none"), "ENOENT"),
        (s.SyncDirectory("{here}/file"), "ENOTDIR"),
        (s.SyncFileSystem("{here}/none"), "ENOENT"),
        (s.Rename("{here}/file", "{here}/none/below"), "ENOENT"),
        (s.Unlink("{here}"), "EISDIR"),
        (s.CheckDirectory("{here}/file"), "ENOTDIR"),
    ],
)
def test_what_fails_is_a_value(tmp_path: Path, step: Shared, error: str) -> None:
    (tmp_path / "file").write_text("x")
    for field in ("path", "source", "target"):
        if hasattr(step, field):
            object.__setattr__(step, field, getattr(step, field).format(here=tmp_path))
    result = perform(step)
    assert isinstance(result, s.Failed)
    assert result.error == error
    assert str(tmp_path) in result.text


@pytest.mark.parametrize("step", [s.SyncFile("/dev/null"), s.SyncDirectory("/proc/self")])
def test_what_cannot_be_synced_is_refused(step: Shared) -> None:
    """By the kernel, which was asked: fsync(2) of what has no storage is EINVAL."""
    result = perform(step)
    assert isinstance(result, s.Failed)
    assert result.error == "EINVAL"


def test_an_error_without_a_file_or_number_is_told_too() -> None:
    assert failed(OSError(errno.ENOSPC, "No space left")) == s.Failed("ENOSPC", "No space left")
    assert failed(OSError("strange")) == s.Failed("EUNKNOWN", "strange")


def test_a_file_is_written_whole_and_anew(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    for data in (b"x" * 10_000_000, b"short", b""):
        assert isinstance(perform(s.WriteFile(path, data)), s.Done)
        assert perform(s.ReadFile(path)) == s.Content(data)
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_file_system_is_synced(tmp_path: Path) -> None:
    assert isinstance(perform(s.SyncFileSystem(str(tmp_path))), s.Done)


# ---- processes ---------------------------------------------------------------------------------


def test_the_boot_id_can_be_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = processes.boot_id()
    (tmp_path / "boot").write_text("another\n")
    monkeypatch.setenv("CONMAN_BOOT_ID_FILE", str(tmp_path / "boot"))
    assert processes.boot_id() == "another" != real
    with sleeper() as child:
        now = identify(child.pid)
        before = s.ProcessId(real, now.pid, now.start_time)
        assert perform(s.SignalProcess(before, signal.SIGKILL)) == s.Gone()
        assert child.poll() is None
        assert isinstance(perform(s.SignalProcess(now, 0)), s.Done)


def test_a_zombie_is_gone_but_its_start_is_known() -> None:
    with sleeper() as child:
        process = identify(child.pid)
        assert processes.lives(process)
        child.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert processes.start_time(child.pid) == process.start_time
        assert not processes.lives(process)
        assert processes.program(child.pid) is None
        assert perform(s.SignalProcess(process, signal.SIGKILL)) == s.Gone()


def test_a_thread_is_no_process() -> None:
    told, go = threading.Event(), threading.Event()
    ids: list[int] = []

    def body() -> None:
        ids.append(threading.get_native_id())
        told.set()
        go.wait()

    thread = threading.Thread(target=body)
    thread.start()
    told.wait()
    try:
        assert processes.pidfd(ids[0]) is None
    finally:
        go.set()
        thread.join()


def test_a_name_with_a_parenthesis_does_not_confuse() -> None:
    rename = "open('/proc/self/comm', 'w').write('a) S 1 (x'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", rename], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with sleeper() as later:
            first, second = identify(child.pid), identify(later.pid)
        assert 0 < first.start_time <= second.start_time
        child.communicate(b"\n")


def test_what_a_process_runs() -> None:
    with sleeper() as child:
        runs = processes.program(child.pid)
        while runs is not None and not runs.cmdline.startswith("sleep"):
            runs = processes.program(child.pid)
        assert runs is not None
        assert runs.cmdline == "sleep\x00600\x00"
        executable = os.stat(f"/proc/{child.pid}/exe")
        assert (runs.device, runs.inode) == (executable.st_dev, executable.st_ino)


# ---- mounts, counters --------------------------------------------------------------------------


def test_mounts_are_read() -> None:
    assert any(mount.point == "/proc" and mount.kind == "proc" for mount in mounts())


def test_no_cgroup_has_no_oom() -> None:
    assert perform(s.ReadOom("")) == s.OomCount(0)
    assert perform(s.ReadOom("/conman-00000000/none-1")) == s.OomCount(0)


@root_only
def test_the_kernels_counter_is_read() -> None:
    cgroup = f"/conman-{os.getpid():08x}"
    places = [f"{m.point}{cgroup}" for m in cgroup_mounts() if "memory" in m.options]
    if not places:
        pytest.skip("no memory hierarchy of cgroup v1")
    os.mkdir(places[0])
    try:
        assert perform(s.ReadOom(cgroup)) == s.OomCount(0)
        Path(places[0], "memory.limit_in_bytes").write_text(str(8 << 20))
        eat = "open('{}/cgroup.procs', 'w').write('0')\nx = bytearray(64 << 20)"
        eaten = subprocess.run([sys.executable, "-c", eat.format(places[0])], check=False)
        assert eaten.returncode == -signal.SIGKILL
        assert perform(s.ReadOom(cgroup)) == s.OomCount(1)
    finally:
        os.rmdir(places[0])
