"""Shims by a fork of the zygote; the zygote killed, stopped, orphaned: no shim is lost, none is left over."""

import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from conman.host import spawner
from conman.host.shim_cgroup import ShimCgroup
from conman.host.shims import Shims
from conman.host.spawner import Spawner
from conman.host.zygote import Zygote
from conman.primitives.fence import fence, open_lock, take
from conman.primitives.mounts import cgroup_mounts
from conman.primitives.processes import start_time
from conman.primitives.steps import Absent, BeginShim, Done, Failed, Fence, SpawnShim
from tests.integration.one_shim import CONTAINER, HERE, SHIM_MARK, OneShim, end, one_shim, read

PATIENCE_S = 30


@pytest.fixture
def zygote() -> Iterator[Zygote]:
    made = Zygote()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def one(zygote: Zygote) -> Iterator[OneShim]:
    with one_shim() as made:
        made.shims = Shims(Spawner(zygote))
        yield made


def pid_of(zygote: Zygote) -> int:
    assert zygote._process is not None
    return zygote._process.pid


def parent(pid: int) -> int:
    return int(read(f"/proc/{pid}/stat").rpartition(")")[2].split()[1])


def until(holds: Callable[[], bool], what: str) -> None:
    """Neither a lock nor a word in /proc is an event."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.002)


def is_free(lock: str) -> bool:
    descriptor = open_lock(lock)
    if descriptor is None:
        return True
    try:
        return take(descriptor)
    finally:
        os.close(descriptor)


# ---- what it forks -----------------------------------------------------------------------------


def test_a_forked_shim_is_a_shim_of_its_own(one: OneShim, zygote: Zygote) -> None:
    one.must_spawn()
    pid = one.pid()
    assert parent(pid) == pid_of(zygote)
    assert read(f"/proc/{pid}/comm") == "conman-shim\n"
    words = read(f"/proc/{pid}/cmdline").rstrip("\0").split("\0")
    assert words == ["conman-shim", one.directory]
    assert SHIM_MARK in read(f"/proc/{pid}/environ").split("\0")
    assert os.getsid(pid) == pid
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        os.kill(pid, number)
    assert one.ask("hello").call is None
    held = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    files = {name for name in held if name.startswith("/")}
    assert files == {"/dev/null", f"{one.directory}/alive", f"{one.directory}/shim.stderr"}


def test_a_forked_shim_reaps_its_container(one: OneShim) -> None:
    one.runtime_does(CONTAINER, "echo out; exit 7")
    one.must_spawn()
    ended = one.run()
    assert (ended.exit["code"], ended.recorded) == (7, True)
    assert read(one.log).endswith(" stdout F out\n")


def test_many_are_forked_at_once(one: OneShim) -> None:
    places = [f"{one.root}/run/shims/d{number}-1" for number in range(8)]
    steps = [SpawnShim(place, f"CONMAN_SHIM={HERE}/{place[-4:]}", 20_000) for place in places]
    results: list[object] = []
    threads = [
        threading.Thread(target=lambda s=step: results.append(one.shims.spawn(s))) for step in steps
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert [type(result) for result in results] == [Done] * len(places)
    finally:
        for step in steps:
            ended = fence(Fence(f"{step.directory}/alive", step.marker, "", 5_000))
            assert isinstance(ended, Done)


def begin(one: OneShim) -> object:
    return one.shims.begin(BeginShim(one.directory, SHIM_MARK))


def test_one_that_was_begun_is_the_one_that_is_spawned(one: OneShim) -> None:
    assert isinstance(begin(one), Done)
    assert isinstance(begin(one), Done)
    one.must_spawn()
    pid = one.pid()
    one.must_spawn()
    assert one.pid() == pid
    assert one.ask("hello").call is None


def test_one_that_was_begun_and_killed_is_replaced(one: OneShim) -> None:
    begin(one)
    ended = fence(Fence(f"{one.directory}/alive", SHIM_MARK, "", 5_000))
    assert isinstance(ended, Done)
    one.must_spawn()
    # Had it come up before it was killed, that is told; the next one finds nobody.
    one.must_spawn()
    assert one.ask("hello").call is None


def test_one_that_was_begun_by_nobody_is_started_by_exec(one: OneShim, zygote: Zygote) -> None:
    zygote.fork = lambda *_: None  # type: ignore[method-assign]
    assert isinstance(begin(one), Done)
    assert is_free(f"{one.directory}/alive")
    one.must_spawn()
    assert parent(one.pid()) == os.getpid()


def test_one_that_nobody_waits_for_is_forgotten_with_its_directory(one: OneShim) -> None:
    before = len(os.listdir("/proc/self/fd"))
    begin(one)
    fence(Fence(f"{one.directory}/alive", SHIM_MARK, "", 5_000))
    shutil.rmtree(one.directory)
    one.shims.sweep(now=True)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_shim_that_cannot_come_up_says_why(one: OneShim) -> None:
    os.makedirs(f"{one.directory}/stdout")
    result = one.spawn()
    assert isinstance(result, Failed)
    assert "cannot settle in" in result.text
    assert is_free(f"{one.directory}/alive")


def test_a_shim_outlives_its_zygote(one: OneShim, zygote: Zygote) -> None:
    one.must_spawn()
    pid = one.pid()
    zygote.close()
    assert one.ask("hello").call is None
    assert start_time(pid) is not None


def test_the_zygote_is_deaf_to_a_terminal_and_ends_with_its_connection(zygote: Zygote) -> None:
    pid = pid_of(zygote)
    until(lambda: read(f"/proc/{pid}/comm") == "conman-zygote\n", "it never came up")
    # The last thing that it does before it listens.
    until(lambda: "conman-zygote" in read(f"/proc/{pid}/cmdline"), "it never came up")
    assert os.getsid(pid) == pid
    handle = os.pidfd_open(pid)
    try:
        assert zygote._process is not None
        zygote._process._connection.close()
        assert select.select([handle], [], [], PATIENCE_S)[0]
    finally:
        os.close(handle)


@pytest.mark.skipif(os.geteuid() != 0, reason="cgroups need root")
def test_a_shim_is_born_in_the_shims_cgroup(one: OneShim, zygote: Zygote) -> None:
    top = f"/conman-test{os.getpid()}"
    cgroup = ShimCgroup(f"{top}/shims")
    zygote.enter(cgroup.path)
    try:
        one.must_spawn()
        lines = read(f"/proc/{one.pid()}/cgroup").splitlines()
        assert {line.split(":", 2)[2] for line in lines} == {cgroup.path}
        # So is one of the zygote that takes its place.
        kill(pid_of(zygote))
        one.kill()
        one.must_spawn()
        lines = read(f"/proc/{one.pid()}/cgroup").splitlines()
        assert {line.split(":", 2)[2] for line in lines} == {cgroup.path}
    finally:
        one.kill()
        zygote.close()
        cgroup.remove()
    assert not any(os.path.exists(f"{mount.point}{top}") for mount in cgroup_mounts())


# ---- its absence never matters -----------------------------------------------------------------


def kill(pid: int) -> None:
    """And wait until it is dead; it is reaped by whoever started it."""
    handle = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        assert select.select([handle], [], [], PATIENCE_S)[0]
    finally:
        os.close(handle)


def test_another_takes_the_place_of_one_that_died(one: OneShim, zygote: Zygote) -> None:
    first = pid_of(zygote)
    kill(first)
    one.must_spawn()
    assert pid_of(zygote) != first
    assert parent(one.pid()) == pid_of(zygote)
    assert start_time(first) is None  # and it was reaped


def test_where_none_can_be_started_a_shim_comes_by_exec(
    one: OneShim, zygote: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    zygote.close()
    monkeypatch.setattr("conman.host.zygote._begin", lambda: None)
    one.must_spawn()
    assert parent(one.pid()) == os.getpid()


def test_a_shim_by_exec_raises_the_limit_of_descriptors_that_we_were_given(
    one: OneShim, zygote: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setattr(spawner, "given", lambda: 900)
    zygote.fork = lambda *_: None  # type: ignore[method-assign]
    one.must_spawn()
    assert resource.prlimit(one.pid(), resource.RLIMIT_NOFILE) == (hard, hard)
    one.runtime_does('ulimit -Sn >"$here/limit"; exit 1')
    assert one.create().call["code"] == 1
    assert read(f"{one.root}/rt/limit") == "900\n"


@pytest.mark.parametrize("by", ["its death", "our patience"])
def test_a_request_that_a_zygote_never_read_is_done_by_exec(
    one: OneShim, zygote: Zygote, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setattr(spawner, "ZYGOTE_S", 0.2 if by == "our patience" else PATIENCE_S)
    stopped = pid_of(zygote)
    os.kill(stopped, signal.SIGSTOP)
    results: list[object] = []
    asking = threading.Thread(target=lambda: results.append(one.spawn()))
    asking.start()
    until(lambda: os.path.exists(f"{one.directory}/alive"), "nothing was asked")
    until(lambda: not is_free(f"{one.directory}/alive"), "nothing was asked")
    if by == "its death":
        os.kill(stopped, signal.SIGKILL)
    asking.join()
    assert isinstance(results[0], Done), results
    assert parent(one.pid()) == os.getpid()
    assert start_time(stopped) is None or by == "its death"


# ---- its daemon dies ---------------------------------------------------------------------------


def test_a_request_in_flight_holds_the_lock_and_can_be_fenced(one: OneShim) -> None:
    """The daemon was killed with it in the zygote's socket; its shim is yet to be born."""
    zygote = orphan_with_request(one)
    lock = f"{one.directory}/alive"
    try:
        assert not is_free(lock)
        step = Fence(lock, SHIM_MARK, "", PATIENCE_S * 1000)
        results: list[object] = []
        fencing = threading.Thread(target=lambda: results.append(fence(step)))
        fencing.start()
        os.kill(zygote[0], signal.SIGCONT)
        fencing.join()
        assert isinstance(results[0], Done), results
        assert is_free(lock)
        assert one.call("hello") == Absent()
    finally:
        end(*zygote)


def test_with_the_zygote_a_request_in_flight_is_gone(one: OneShim) -> None:
    zygote = orphan_with_request(one)
    assert not is_free(f"{one.directory}/alive")
    end(*zygote)
    until(lambda: is_free(f"{one.directory}/alive"), "somebody still has it")
    assert not os.path.exists(f"{one.directory}/shim.pid")


# A daemon that asks a stopped zygote for a shim. Its descriptor `tell` goes along as `ready`.
ASKS = """
import os, signal, sys
from conman.host.zygote import Zygote
from conman.primitives.fence import make_lock
from conman.primitives.processes import start_time
directory, tell = sys.argv[1], int(sys.argv[2])
zygote = Zygote()
pid = zygote._process.pid
os.kill(pid, signal.SIGSTOP)
os.makedirs(directory)
alive = make_lock(f"{directory}/alive")
assert zygote.fork(MARK, directory, (alive, tell)) == pid
os.write(tell, f"{pid} {start_time(pid)}".encode())
signal.pause()
""".replace("MARK", repr(SHIM_MARK))


def orphan_with_request(one: OneShim) -> tuple[int, int]:
    """Pid and start time of a stopped zygote, whose daemon was killed after it had asked for a shim."""
    told, tell = os.pipe()
    words = [sys.executable, "-c", ASKS, one.directory, str(tell)]
    with subprocess.Popen(words, pass_fds=(tell,)) as daemon:
        os.close(tell)
        try:
            assert select.select([told], [], [], PATIENCE_S)[0]
            pid, started = os.read(told, 100).split()
        finally:
            daemon.kill()
            os.close(told)
    return int(pid), int(started)
