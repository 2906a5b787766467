"""The shim with real runtimes: fakerunc for everybody, runc as root. What no script of ours can fake."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from conman.host.shim_cgroup import ShimCgroup
from conman.host.shims import Shims
from conman.host.spawner import Spawner
from conman.primitives.fence import fence, open_lock, take
from conman.primitives.mounts import cgroup_mounts
from conman.primitives.processes import lives, start_time
from conman.primitives.steps import Absent, Done, Fence, ProcessId
from tests.integration.one_shim import CALL_MARK, OneShim, read, write
from tests.integration.real_runtime import REAL

INSTANCE = f"{os.getpid():08x}"
CGROUP = f"/conman-{INSTANCE}/c-1"


@dataclass
class Container:
    """A bundle, and the runtime that is to run it."""

    one: OneShim
    runtime: str

    def bundle(self, *argv: str, memory: int = 0) -> None:
        bundle = f"{self.one.root}/bundle"
        shutil.rmtree(bundle, ignore_errors=True)
        os.makedirs(f"{bundle}/rootfs/bin")
        os.mkdir(f"{bundle}/rootfs/dev")  # crun wants one, whatever is mounted
        for name in ("sh", "sleep", "yes", "cat", "echo"):
            # fakerunc runs none of these, but looks whether they are there.
            shutil.copy(
                "/bin/busybox" if self.runtime == REAL else sys.executable,
                f"{bundle}/rootfs/bin/{name}",
            )
        write(f"{bundle}/config.json", json.dumps(config(argv, memory)))

    def task(self) -> str:
        root, pid_file = f"{self.one.root}/run/runtime", f"{self.one.directory}/init.pid"
        argv = (
            *(self.runtime, "--root", root, "--log", f"{self.one.directory}/create.log"),
            *("--log-format", "json", "create", "--bundle", f"{self.one.root}/bundle"),
            *("--pid-file", pid_file, "c-1"),
        )
        return self.one.task(argv=argv, cgroup=CGROUP if self.runtime == REAL else "")

    def create(self) -> dict[str, Any]:
        return self.one.ask("create", self.task()).call

    def call(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        root = f"{self.one.root}/run/runtime"
        call = (self.runtime, "--root", root, *argv)
        return subprocess.run(call, capture_output=True, text=True, check=False, timeout=30)

    def start(self) -> None:
        started = self.call("start", "c-1")
        assert started.returncode == 0, started.stderr

    def close(self) -> None:
        self.one.kill()
        self.one.end_call()
        self.call("delete", "--force", "c-1")
        self.one.close()
        for mount in cgroup_mounts():
            for path in (f"{mount.point}{CGROUP}", f"{mount.point}/conman-{INSTANCE}"):
                if os.path.isdir(path):
                    os.rmdir(path)


def config(argv: tuple[str, ...], memory: int) -> dict[str, object]:
    return {
        "ociVersion": "1.0.2",
        "process": {"user": {"uid": 0, "gid": 0}, "args": argv, "cwd": "/", "env": ["PATH=/bin"]},
        "root": {"path": "rootfs"},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {
            "cgroupsPath": CGROUP,
            "namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")],
            "resources": {"memory": {"limit": memory, "swap": memory}} if memory else {},
        },
    }


@pytest.fixture(params=["fakerunc", pytest.param(REAL, marks=pytest.mark.runc)])
def container(request: pytest.FixtureRequest) -> Iterator[Container]:
    root = tempfile.mkdtemp(prefix="cs-", dir="/tmp")
    beside = os.path.join(os.path.dirname(sys.executable), "fakerunc")
    made = Container(OneShim(root), beside if request.param == "fakerunc" else REAL)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(root)


def test_a_container_is_created_started_and_its_end_recorded(container: Container) -> None:
    one = container.one
    container.bundle("sh", "-c", "echo out; echo err >&2; exit 7")
    one.must_spawn()
    call = container.create()
    assert (call["code"], call["stderr"]) == (0, "")
    init = call["init"]
    assert int(read(f"{one.directory}/init.pid")) == init["pid"]
    # The init that create left holds nothing of the call's; crun's does, until it is started.
    lock = open_lock(one.lock)
    assert lock is not None
    assert take(lock) == (container.runtime != "crun")
    os.close(lock)
    container.start()
    ended = one.ask("exit")
    assert (ended.exit["code"], ended.exit["signal"], ended.recorded) == (7, 0, True)
    assert json.loads(read(one.record)) == ended.exit
    lines = sorted(line.split(" ", 1)[1] for line in read(one.log).splitlines())
    assert lines == ["stderr F err", "stdout F out"]


def test_a_container_killed_by_a_signal(container: Container) -> None:
    container.bundle("sleep", "600")
    container.one.must_spawn()
    init = container.create()["init"]
    container.start()
    container.call("kill", "c-1", "9")
    ended = container.one.ask("exit").exit
    assert (ended["code"], ended["signal"], ended["pid"]) == (137, 9, init["pid"])


def test_a_command_that_is_not_there_is_told_in_the_runtimes_words(container: Container) -> None:
    container.bundle("/nothing/here")
    container.one.must_spawn()
    call = container.create()
    assert call["code"] == 1
    assert call["init"] is None
    words = (
        "executable file `/nothing/here` not found in $PATH: No such file"
        if container.runtime == "crun"
        else 'exec: "/nothing/here": stat /nothing/here: no such file'
    )
    assert words in call["stderr"]
    assert not os.path.exists(container.one.log)


def test_a_container_outlives_its_shim(container: Container) -> None:
    """S07: `yes | cat` writes to its own FIFO, so nobody's death is a broken pipe."""
    one = container.one
    container.bundle("sh", "-c", "yes | cat")
    one.must_spawn()
    init = container.create()["init"]
    container.start()
    one.kill()
    with open(f"{one.directory}/stdout", "rb", buffering=0) as reader:
        assert sum(len(reader.read(65536)) for _ in range(50)) > 65536
    assert lives(
        ProcessId(read("/proc/sys/kernel/random/boot_id").strip(), init["pid"], init["start_time"])
    )
    assert one.call("exit") == Absent()


@pytest.mark.parametrize("after_ms", [0, 3, 6, 10, 20, 40, 80, 160])
def test_hello_in_the_middle_of_create_leaves_nothing_of_the_call(
    container: Container, after_ms: int
) -> None:
    one = container.one
    container.bundle("sleep", "600")
    one.must_spawn()
    # What it is answered does not matter: to a shim that waits, the end of the second's connection
    # is the end of its daemon, and it leaves.
    caller = threading.Thread(target=lambda: one.call("create", container.task()))
    caller.start()
    caller.join(after_ms / 1000)
    second = Shims()
    try:
        call = one.ask("hello", shims=second).call
    finally:
        second.close()
        caller.join()
    if call is None:  # create had not yet been heard
        return
    assert (call["code"] == 0) == (call["init"] is not None)
    lock = open_lock(one.lock)
    assert lock is not None
    # crun's waiting init holds its create's lock until it is started (docs/host.md).
    is_the_inits = container.runtime == "crun" and call["code"] == 0
    assert take(lock) is not is_the_inits
    os.close(lock)
    if call["code"] != 0:
        assert bearers(one.state) == []


@pytest.mark.parametrize("after_ms", [0, 2, 5, 10, 20, 40])
def test_a_create_whose_shim_is_killed_is_fenced(container: Container, after_ms: int) -> None:
    """First the shim, then its call: the order of every recovery."""
    one = container.one
    container.bundle("sleep", "600")
    one.must_spawn()
    caller = threading.Thread(target=lambda: one.call("create", container.task()))
    caller.start()
    caller.join(after_ms / 1000)
    one.kill()
    caller.join()
    marker = CALL_MARK
    assert isinstance(fence(Fence(one.lock, marker, one.state, 5_000)), Done)
    if os.path.exists(one.lock):
        assert bearers(one.state) == []


def bearers(state: str) -> list[int]:
    mark = f"_LIBCONTAINER_STATEDIR={state}".encode()
    found: list[int] = []
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if mark in file.read().split(b"\0"):
                    found.append(pid)
        except OSError:
            continue
    return found


# ---- as root -----------------------------------------------------------------------------------


@pytest.mark.runc
@pytest.mark.parametrize("container", [REAL], indirect=True)
def test_the_kernels_oom_counter_is_recorded(container: Container) -> None:
    container.bundle("sh", "-c", "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done", memory=16 << 20)
    container.one.must_spawn()
    container.create()
    container.start()
    ended = container.one.ask("exit").exit
    assert (ended["code"], ended["oom_kills"] > 0) == (137, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="cgroups need root")
def test_shims_are_placed_in_their_own_cgroup() -> None:
    root = tempfile.mkdtemp(prefix="cs-", dir="/tmp")
    one = OneShim(root)
    path = f"/conman-{INSTANCE}/shims"
    cgroup = ShimCgroup(path)
    one.shims = Shims(Spawner(place=cgroup.place))
    try:
        one.must_spawn()
        pid = one.pid()
        assert start_time(pid)
        places = {line.split(":", 2)[2] for line in read(f"/proc/{pid}/cgroup").splitlines()}
        assert places == {path}
        cgroup.remove()  # not while a shim is in it
        assert {line.split(":", 2)[2] for line in read(f"/proc/{pid}/cgroup").splitlines()} == {
            path
        }
    finally:
        one.close()
        cgroup.remove()
        shutil.rmtree(root)
    left = [f"{mount.point}/conman-{INSTANCE}" for mount in cgroup_mounts()]
    assert not any(os.path.exists(place) for place in left)
