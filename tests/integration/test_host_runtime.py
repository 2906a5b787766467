"""Runtime calls: their lock, their mark, their environment, their end; then real runc, killed in the middle."""

import errno
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from conman.core import runtime
from conman.core.effects import vocabulary as v
from conman.core.effects.recipes import recipe
from conman.core.model import Container, ContainerSpec, RootfsMode, State
from conman.core.permits import Permits
from conman.primitives import descriptors, processes
from conman.primitives import steps as s
from conman.primitives.mounts import cgroup_mounts
from tests.contract.real_host import RealHost, real_host
from tests.unit.few_descriptors import open_now, room_for

ID = "d" * 32


@pytest.fixture
def host() -> Iterator[RealHost]:
    with real_host() as found:
        yield found


def call(host: RealHost, script: str, timeout_ms: int = 10_000) -> s.RunRuntime:
    """A runtime of one line of shell."""
    mark = host.layout.call_marker(ID, 1, "start")
    return s.RunRuntime(
        ("sh", "-c", script), host.layout.call_lock(ID, 1, "start"), mark, timeout_ms
    )


def answered(host: RealHost, script: str) -> s.RuntimeAnswer:
    result = host.perform(call(host, script))
    assert isinstance(result, s.RuntimeAnswer), result
    return result


def is_free(path: str) -> bool:
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_what_it_says_and_how_it_ends(host: RealHost) -> None:
    found = answered(host, "echo out; echo err >&2; exit 3")
    assert (found.code, found.stdout, found.stderr) == (3, "out\n", "err\n")
    assert found.at > 0
    assert answered(host, "kill -9 $$").code == 137
    assert answered(host, "cat").stdout == ""
    assert answered(host, "printf '\\377'").stdout == "\ufffd"


def test_only_the_end_of_much_output_is_kept(host: RealHost) -> None:
    found = answered(host, "yes | head -c 1000000 >&2; echo last >&2")
    assert len(found.stderr) == 64 * 1024
    assert found.stderr.endswith("last\n")


def test_a_grandchild_with_its_stdout_is_not_waited_for(host: RealHost) -> None:
    started = time.monotonic()
    found = answered(host, "sleep 600 & echo $!")
    assert time.monotonic() - started < 5
    os.kill(int(found.stdout), signal.SIGKILL)


def test_it_has_the_limit_of_descriptors_that_we_were_given(
    host: RealHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptors, "_given", [900])
    # It may look first.
    assert answered(host, "until [ $(ulimit -Sn) = 900 ]; do :; done").code == 0


def test_its_environment_is_path_and_mark(host: RealHost, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "LISTEN_FDS", "WATCHDOG_USEC", "CONMAN_RUN"):
        monkeypatch.setenv(name, "x")
    found = answered(host, f"exec {sys.executable} -ISc 'import os; print(sorted(os.environ))'")
    names = set(eval(found.stdout)) - {"LC_CTYPE", "PWD", "SHLVL", "_", "OLDPWD"}  # noqa: S307
    assert names == {"PATH", "CONMAN_CALL"}
    mark = host.layout.call_marker(ID, 1, "start")
    assert answered(host, "echo CONMAN_CALL=$CONMAN_CALL").stdout == f"{mark}\n"


def test_it_inherits_the_lock_and_nothing_else(host: RealHost) -> None:
    with open(f"{host.top}/open", "w", encoding="ascii"):
        found = answered(host, "ls -l /proc/$$/fd; exec 2>&1")
    lock = host.layout.call_lock(ID, 1, "start")
    assert lock in found.stdout
    assert f"{host.top}/open" not in found.stdout


def test_the_lock_is_held_while_it_runs_and_stays_as_evidence(host: RealHost) -> None:
    lock = host.layout.call_lock(ID, 1, "start")
    assert answered(host, f"flock -n {lock} true || echo held").stdout == "held\n"
    assert os.path.exists(lock)
    assert is_free(lock)


def test_an_earlier_call_that_goes_on_is_not_doubled(host: RealHost) -> None:
    lock = host.layout.call_lock(ID, 1, "start")
    holder = host.start(lock=lock, marker=host.layout.call_marker(ID, 1, "start"))
    result = host.perform(call(host, "true"))
    assert isinstance(result, s.Failed)
    assert result.error == "EWOULDBLOCK"
    fence = s.Fence(lock, host.layout.call_marker(ID, 1, "start"), "", 5_000)
    assert isinstance(host.perform(fence), s.Done)
    assert not host.lives(holder)
    assert answered(host, "echo again").stdout == "again\n"


def test_a_timed_out_call_is_dead_and_reaped(host: RealHost) -> None:
    file = f"{host.top}/pid"
    assert host.perform(call(host, f"echo $$ > {file}; exec sleep 600", 300)) == s.TimedOut()
    with open(file, encoding="ascii") as found:
        assert not os.path.exists(f"/proc/{found.read().strip()}")
    assert is_free(host.layout.call_lock(ID, 1, "start"))


def test_a_call_that_cannot_be_watched_is_ended_and_not_said_to_be_none(
    host: RealHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was executed, and without a pidfd nobody could end it in time."""

    def fails(_pid: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    before = children()
    monkeypatch.setattr(os, "pidfd_open", fails)
    assert host.perform(call(host, "exec sleep 600")) == s.TimedOut()
    assert children() == before
    assert is_free(host.layout.call_lock(ID, 1, "start"))


def children() -> str:
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return file.read()


def test_where_nothing_it_says_could_be_kept_nothing_is_executed(host: RealHost) -> None:
    """There is room for its lock, and for one of its outputs."""
    step, before = call(host, "true"), open_now()
    with room_for(2):
        result = host.perform(step)
    assert isinstance(result, s.Failed)
    assert result.error == "EMFILE"
    assert open_now() == before


@pytest.mark.parametrize("name", ["conman-no-such-runtime", "/no/such/runtime"])
def test_a_missing_runtime(host: RealHost, name: str) -> None:
    result = host.perform(replace(call(host, ""), argv=(name,)))
    assert isinstance(result, s.Failed)
    assert result.error == "ENOENT"


def test_a_missing_place_for_the_lock_is_no_missing_runtime(host: RealHost) -> None:
    result = host.perform(replace(call(host, ""), lock=f"{host.top}/no/lock"))
    assert isinstance(result, s.Failed)
    assert result.error == "ENOLCK"


def test_a_runtime_that_is_no_program(host: RealHost) -> None:
    result = host.perform(replace(call(host, ""), argv=(host.top,)))
    assert isinstance(result, s.Failed)
    assert result.error == "EACCES"


# ---- real runc -------------------------------------------------------------------------------------

INSPECT = (
    "id; hostname; ip -o addr show lo; echo $CONMAN_RUN; grep -E 'CapEff|NoNewPrivs' /proc/1/status"
)


def container(spec: ContainerSpec) -> Container:
    return Container(ID, "web", spec, RootfsMode.OVERLAY, State.CREATED, 1)


def prepare(host: RealHost, spec: ContainerSpec) -> None:
    """What the create saga does before the runtime: bundle, rootfs."""
    busybox = shutil.which("busybox")
    assert busybox is not None
    os.makedirs(f"{host.top}/lower/bin")
    shutil.copy(busybox, f"{host.top}/lower/bin/busybox")
    for name in ("sh", "sleep", "id", "hostname", "ip", "grep", "cat"):
        os.symlink("busybox", f"{host.top}/lower/bin/{name}")
    perform(
        host,
        v.PrepareBundle(container(spec), 1, Permits()),
        v.MountRootfs(ID, 1, f"{host.top}/lower"),
    )
    os.makedirs(host.layout.shim(ID, 1))


#: What the engine holds and watches by itself: no daemon is here to do it.
THE_ENGINES = s.WatchProcess | s.HoldOutput | s.ReadExitStatus | s.Release


def perform(host: RealHost, *effects: v.HostEffect) -> s.Result:
    result: s.Result = s.Done()
    for effect in effects:
        for step in recipe(effect, host.layout):
            if isinstance(step, THE_ENGINES):
                continue
            result = host.perform(step)
            assert not isinstance(result, s.Failed | s.TimedOut | s.Remaining), (step, result)
    return result


def create(host: RealHost, output: str) -> s.Result:
    """The shim's part: the container has an output of its own, not the call's."""
    argv = runtime.create_argv("runc", host.layout, ID, 1)
    command = ("sh", "-c", f'exec "$@" >{output} 2>&1 </dev/null', "sh", *argv)
    lock, mark = host.layout.call_lock(ID, 1, "create"), host.layout.call_marker(ID, 1, "create")
    return host.perform(s.RunRuntime(command, lock, mark, 20_000))


def clean_up(host: RealHost) -> None:
    """Settle's effects, after whatever happened; then nothing may be left."""
    perform(host, v.FenceCall(ID, 1, "create"))
    perform(
        host,
        v.EndMembers(ID, 1, None),
        v.RemoveRuntimeState(ID, 1),
        v.RemoveCgroup(ID, 1),
        v.UnmountRootfs(ID, 1),
        v.EndShim(ID, 1),
        v.RemoveFiles(ID),
    )
    assert host.perform(s.ListHost()) == s.Inventory()
    assert host.mounted(host.top) == 0
    assert host.cgroup_directories(f"/conman-{host.layout.instance}") == []


@pytest.mark.runc
def test_a_container_s_life_by_recipes(host: RealHost) -> None:
    prepare(host, ContainerSpec("/bin/sh", ("-c", INSPECT)))
    try:
        assert isinstance(answer := create(host, f"{host.top}/out"), s.RuntimeAnswer)
        assert answer.code == 0
        with open(host.layout.init_pid(ID, 1), encoding="ascii") as file:
            init = host.identify(int(file.read()))
        before = host.perform(s.StopProcess(init))
        assert isinstance(before, s.Stopped)
        told = processes.program(init.pid)
        assert told is not None
        assert before == s.Stopped(told.device, told.inode, told.cmdline)
        perform(host, v.SignalInit(init, signal.SIGCONT))
        assert host.perform(s.ListMembers(host.layout.members_cgroup(ID, 1), "")) == s.Remaining(
            (init.pid,)
        )
        assert host.perform(s.ListHost()) == s.Inventory((ID,), ((ID, 1),))
        assert perform(host, v.LookForStart(ID, 1)) == s.Absent()
        started = perform(host, v.RuntimeStart(ID, 1, "runc"))
        assert isinstance(started, s.RuntimeAnswer)
        assert started.code == 0, started
        assert perform(host, v.LookForStart(ID, 1)) == s.Content(b"")
        _await_end(host, init)
        with open(f"{host.top}/out", encoding="ascii") as file:
            lines = file.read().splitlines()
        assert lines[:2] == ["uid=0 gid=0", ID[:12]]
        assert "127.0.0.1/8" in lines[2]
        assert f"{host.layout.instance}/{ID}-1" in lines
        assert [line.split()[-1] for line in lines[-2:]] == ["00000000a80425fb", "1"]
    finally:
        clean_up(host)


@pytest.mark.runc
def test_the_program_s_start_is_seen_by_stop_and_look(host: RealHost) -> None:
    prepare(host, ContainerSpec("/bin/sleep", ("600",), user="1000:1000", rootfs_readonly=True))
    try:
        create(host, "/dev/null")
        with open(host.layout.init_pid(ID, 1), encoding="ascii") as file:
            init = host.identify(int(file.read()))
        before = host.perform(s.StopProcess(init))
        perform(host, v.SignalInit(init, signal.SIGCONT), v.RuntimeStart(ID, 1, "runc"))
        _await_change(init.pid, before)
        after = host.perform(s.StopProcess(init))
        assert isinstance(after, s.Stopped)
        assert after.cmdline == "/bin/sleep\x00600\x00"
        assert after != before
    finally:
        clean_up(host)


#: What a create makes, in its order: {state} is runc's directory, {cgroup} the run's in one hierarchy.
MILESTONES = ("", "{state}", "{state}/exec.fifo", "{cgroup}", "{state}/state.json", "{pid_file}")


@pytest.mark.runc
@pytest.mark.parametrize("milestone", MILESTONES)
def test_a_create_that_is_killed_anywhere_is_fenced_and_leaves_nothing(
    host: RealHost, milestone: str
) -> None:
    """The caller of runc dies (a shim, by SIGKILL); runc itself goes on, until it is fenced."""
    prepare(host, ContainerSpec("/bin/sleep", ("600",)))
    argv = runtime.create_argv("runc", host.layout, ID, 1)
    mark = host.layout.call_marker(ID, 1, "create")
    lock = host.layout.call_lock(ID, 1, "create")
    code = "import os, subprocess, sys; subprocess.run(sys.argv[1:], close_fds=False)"
    shim = host.start(sys.executable, "-ISc", code, *argv, marker=mark, lock=lock)
    _await_path(host, milestone)
    host.perform(s.SignalProcess(shim, signal.SIGKILL))
    clean_up(host)
    assert host.perform(s.ListMembers("", mark)) == s.Remaining(()), "a create goes on"


@pytest.mark.runc
def test_a_runtime_s_refusal_is_its_last_words(host: RealHost) -> None:
    prepare(host, ContainerSpec("/bin/no-such-program"))
    try:
        lock, mark = (
            host.layout.call_lock(ID, 1, "create"),
            host.layout.call_marker(ID, 1, "create"),
        )
        argv = runtime.create_argv("runc", host.layout, ID, 1)
        answer = host.perform(s.RunRuntime(argv, lock, mark, 20_000))
        refusal = runtime.refusal_of("create", "runc", answer, "/bin/no-such-program")
        assert refusal.reason == "CommandNotFound"
    finally:
        clean_up(host)


def _await_path(host: RealHost, milestone: str) -> None:
    pids = next(
        mount.point
        for mount in cgroup_mounts()
        if mount.kind == "cgroup2" or "pids" in mount.options
    )
    path = milestone.format(
        state=host.layout.runtime_state(ID, 1),
        cgroup=f"{pids}{host.layout.cgroup(ID, 1)}",
        pid_file=host.layout.init_pid(ID, 1),
    )
    deadline = time.monotonic() + 20
    while path and not os.path.exists(path):
        assert time.monotonic() < deadline


def _await_end(host: RealHost, process: s.ProcessId) -> None:
    deadline = time.monotonic() + 10
    while host.lives(process):
        assert time.monotonic() < deadline
        time.sleep(0.001)


def _await_change(pid: int, before: s.Result) -> None:
    deadline = time.monotonic() + 10
    while (found := processes.program(pid)) is None or before == s.Stopped(
        found.device, found.inode, found.cmdline
    ):
        assert time.monotonic() < deadline
        time.sleep(0.001)
