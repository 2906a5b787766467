"""Pause, update, rename and want of memory on a real host, over fakerunc and over the real runc.

The cgroup's files are read by their own names, v1's or v2's, whichever this machine has. Programs in a
container wait for us, and we for them, at FIFOs in its root file system.
"""

import os
import select
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.engine.recorder import replay
from scenarios.stages.daemon import PATIENCE_S
from tests.integration.one_conmand import RUNTIMES, Conmand, await_end
from tests.integration.real_runtime import REAL

pytestmark = pytest.mark.timeout(180)

MEBI = 1024 * 1024
SPIN = ("/bin/sh", "-c", "while :; do :; done")
EAT = "a=xxxxxxxx; while :; do a=$a$a; done"
#: 32 MiB in a variable, then it says so.
HOLD = "a=xxxxxxxx; i=0; while [ $i -lt 22 ]; do a=$a$a; i=$((i+1)); done; echo ready > /ready; read x < /go"


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    yield from running(request.param)


@pytest.fixture
def over_fakerunc() -> Iterator[Conmand]:
    yield from running("fakerunc")


@pytest.fixture
def over_runc() -> Iterator[Conmand]:
    yield from running(REAL)


def running(runtime: str) -> Iterator[Conmand]:
    one = Conmand(Path(tempfile.mkdtemp(prefix="cm", dir="/tmp")), "--runtime", runtime)
    for name in ("go", "ready"):
        os.mkfifo(one.rootfs / name)
    one.start()
    yield one
    one.end()


def run(conmand: Conmand, name: str, *command: str) -> int:
    """Create and start; the init's pid."""
    conmand.create(name, *command)
    assert conmand.ctl("start", name).json == {}
    return int(conmand.status(name)["pid"])


def go(pid: int) -> None:
    """Let the program go on that reads /go."""
    Path(f"/proc/{pid}/root/go").write_text("go\n")


def await_ready(pid: int) -> None:
    handle = os.open(f"/proc/{pid}/root/ready", os.O_RDONLY | os.O_NONBLOCK)
    try:
        ready, _, _ = select.select([handle], [], [], PATIENCE_S)
        assert ready, "it never came so far"
    finally:
        os.close(handle)


def control(conmand: Conmand, name: str, *files: str) -> str:
    """The first of these files that the container's cgroup has."""
    status = conmand.status(name)
    below = f"conman-{conmand.instance}/{status['containerId']}-{status['run']}"
    top = Path("/sys/fs/cgroup")
    for file in files:
        for path in (*top.glob(f"{below}/{file}"), *top.glob(f"*/{below}/{file}")):
            return path.read_text().strip()
    raise AssertionError(f"none of {files}")


def memory(conmand: Conmand, name: str) -> str:
    return control(conmand, name, "memory.limit_in_bytes", "memory.max")


def ticks(pid: int) -> int:
    """Of processor time that it has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def burn() -> None:
    """Use processor time ourselves: what could run beside us would have run."""
    before = os.times().user
    while os.times().user - before < 0.2:
        pass


# ---- pause -----------------------------------------------------------------------------------------


def test_paused_and_on(conmand: Conmand) -> None:
    run(conmand, "web", "/bin/sleep", "1000")
    told = conmand.status("web")
    assert conmand.ctl("pause", "web").json == {}
    assert conmand.status("web") == told | {"state": "PAUSED"}
    assert conmand.ctl("pause", "web").json == {}
    refused = conmand.ctl("start", "web")
    assert (refused.code, "it is PAUSED" in refused.error) == (1, True)
    conmand.kill()
    conmand.start()
    assert conmand.status("web") == told | {"state": "PAUSED"}
    assert conmand.ctl("unpause", "web").json == {}
    assert conmand.status("web") == told
    again = conmand.ctl("unpause", "web")
    assert (again.code, "it is RUNNING" in again.error) == (1, True)
    conmand.kill()
    assert replay(str(conmand.record)) == []
    conmand.start()


@pytest.mark.runc
def test_what_is_paused_uses_no_processor(over_runc: Conmand) -> None:
    pid = run(over_runc, "busy", *SPIN)
    assert over_runc.ctl("pause", "busy").code == 0
    used = ticks(pid)
    burn()
    assert ticks(pid) == used
    assert over_runc.ctl("unpause", "busy").code == 0
    while ticks(pid) == used:
        burn()


def test_without_a_cgroup_all_members_are_stopped(over_fakerunc: Conmand) -> None:
    pid = run(over_fakerunc, "web", "/bin/sleep", "1000")
    assert over_fakerunc.ctl("pause", "web").code == 0
    assert Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    assert over_fakerunc.ctl("unpause", "web").code == 0
    assert Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T"


def test_what_is_paused_is_stopped(conmand: Conmand) -> None:
    run(conmand, "web", "/bin/sleep", "1000")
    assert conmand.ctl("pause", "web").code == 0
    assert conmand.ctl("stop", "--timeout", "0", "web").json == {}
    ended = conmand.status("web")
    assert (ended["state"], ended["exitCode"]) == ("EXITED", 137)


def test_what_is_paused_is_killed(conmand: Conmand) -> None:
    run(conmand, "web", "/bin/sleep", "1000")
    assert conmand.ctl("pause", "web").code == 0
    assert conmand.ctl("kill", "web").json == {}
    ended = conmand.ctl("wait", "web").json["status"]
    assert (ended["state"], ended["exitCode"]) == ("EXITED", 137)


def test_what_is_paused_is_removed_by_force_only(conmand: Conmand) -> None:
    pid = run(conmand, "web", "/bin/sleep", "1000")
    handle = os.pidfd_open(pid)
    assert conmand.ctl("pause", "web").code == 0
    assert conmand.ctl("remove", "web").code == 1
    assert conmand.ctl("remove", "--force", "web").json == {}
    await_end(handle)
    assert conmand.leftovers() == []


def test_killed_by_a_stranger_while_it_is_paused(conmand: Conmand) -> None:
    """v1's freezer keeps it until it goes on; everything else lets it die at once."""
    pid = run(conmand, "web", "/bin/sleep", "1000")
    assert conmand.ctl("pause", "web").code == 0
    os.kill(pid, signal.SIGKILL)
    told = conmand.ctl("unpause", "web")
    assert told.code == 0 or "and must be PAUSED" in told.error
    ended = conmand.ctl("wait", "web").json["status"]
    assert (ended["state"], ended["exitCode"]) == ("EXITED", 137)


@pytest.mark.parametrize(
    ("point", "state"),
    [
        ("unpause-container/Thaw/before", "RUNNING"),
        ("unpause-container/Thaw/after", "RUNNING"),
    ],
)
def test_killed_in_it(conmand: Conmand, point: str, state: str) -> None:
    """The client notices nothing: it asks again until it is told."""
    run(conmand, "web", "/bin/sleep", "1000")
    verb = point.partition("-")[0]
    if verb == "unpause":
        assert conmand.ctl("pause", "web").code == 0
    conmand.kill()
    conmand.start(CONMAN_CRASH_AT=point)
    asking = conmand.begin_ctl(verb, "--connect-timeout", str(PATIENCE_S), "web")
    assert conmand.died() == -signal.SIGKILL
    conmand.start()
    out, error = asking.communicate(timeout=PATIENCE_S)
    assert (asking.returncode, out) == (0, "{}\n"), error
    assert conmand.states() == {"web": state}


# ---- update ----------------------------------------------------------------------------------------


@pytest.mark.runc
def test_limits_hold_now_and_in_the_next_run(over_runc: Conmand) -> None:
    run(over_runc, "web", "/bin/sleep", "1000")
    words = ["-m", "64m", "--memory-swap", "96m", "--cpus", "0.5", "--pids-limit", "50"]
    assert over_runc.ctl("update", *words, "web").code == 0
    for _ in range(2):
        assert memory(over_runc, "web") == str(64 * MEBI)
        quota = control(over_runc, "web", "cpu.cfs_quota_us", "cpu.max")
        assert quota.split()[0] == "50000"
        assert control(over_runc, "web", "pids.max") == "50"
        assert over_runc.ctl("stop", "--timeout", "0", "web").code == 0
        assert over_runc.ctl("start", "web").code == 0
    assert over_runc.ctl("update", "-m", "32m", "--memory-swap", "48m", "web").code == 0
    assert memory(over_runc, "web") == str(32 * MEBI)
    assert over_runc.ctl("update", "-m", "128m", "--memory-swap", "-1", "web").code == 0
    assert over_runc.ctl("update", "-m", "0", "--cpus", "0", "--pids-limit", "-1", "web").code == 0
    assert control(over_runc, "web", "cpu.cfs_quota_us", "cpu.max").split()[0] in {"-1", "max"}
    assert control(over_runc, "web", "pids.max") == "max"


@pytest.mark.runc
def test_what_the_kernel_refuses_changes_nothing(over_runc: Conmand) -> None:
    pid = run(over_runc, "big", "/bin/sh", "-c", HOLD)
    await_ready(pid)
    shares = ("cpu.shares", "cpu.weight")
    before = memory(over_runc, "big"), control(over_runc, "big", *shares)
    refused = over_runc.ctl("update", "-m", "8m", "--cpu-shares", "512", "big")
    assert refused.code == 1
    # v1's own file refuses; v2 would kill, so conman asks first.
    words = ("memory.limit_in_bytes", "the memory limit cannot become 8 MiB")
    assert any(each in refused.error for each in words)
    assert (memory(over_runc, "big"), control(over_runc, "big", *shares)) == before
    bad = over_runc.ctl("update", "--cpuset-cpus", "4095", "big")
    assert (bad.code, "cpuset.cpus" in bad.error) == (1, True)
    assert over_runc.status("big")["state"] == "RUNNING"


def test_limits_that_make_no_sense(conmand: Conmand) -> None:
    conmand.create("web", "/bin/sleep", "1000")
    assert conmand.ctl("update", "web").code == 2
    assert conmand.ctl("update", "-m", "64", "web").code == 1
    assert conmand.ctl("update", "-m", "64m", "--memory-swap", "32m", "web").code == 1
    assert conmand.ctl("update", "--memory-swap", "32m", "web").code == 1
    assert conmand.ctl("update", "-m", "64m", "web").code == 0
    assert conmand.ctl("update", "--memory-swap", "32m", "web").code == 1
    assert conmand.ctl("update", "-m", "64m", "nobody").code == 1


# ---- rename ----------------------------------------------------------------------------------------


def test_renamed(conmand: Conmand) -> None:
    container_id = conmand.create("old", "/bin/sleep", "1000")
    other = conmand.create("other", "/bin/sleep", "1000")
    assert conmand.ctl("rename", "old", "new").json == {}
    assert conmand.states() == {"new": "CREATED", "other": "CREATED"}
    taken = conmand.ctl("rename", "new", "other")
    assert (taken.code, other in taken.error) == (1, True)
    assert conmand.ctl("rename", "new", "new").json == {}
    assert conmand.ctl("rename", "new", "-no-name-").code != 0
    conmand.kill()
    conmand.start()
    assert conmand.status("new")["containerId"] == container_id
    assert conmand.ctl("status", "old").code == 1
    conmand.create("old", "/bin/sleep", "1000")
    assert conmand.ctl("start", "new").code == 0


# ---- want of memory --------------------------------------------------------------------------------


@pytest.mark.runc
def test_the_program_is_killed_for_want_of_memory(over_runc: Conmand) -> None:
    pid = run(over_runc, "eats", "/bin/sh", "-c", f"read x < /go; {EAT}")
    assert over_runc.ctl("update", "--memory", "16m", "eats").code == 0
    go(pid)
    ended = over_runc.ctl("wait", "eats").json["status"]
    told = (ended["state"], ended["exitCode"], ended["reason"], ended["oomKilled"])
    assert told == ("EXITED", 137, "OOMKilled", True)


@pytest.mark.runc
def test_a_child_is_killed_for_want_of_memory(over_runc: Conmand) -> None:
    pid = run(over_runc, "feeds", "/bin/sh", "-c", f"read x < /go; sh -c '{EAT}'; exit 0")
    assert over_runc.ctl("update", "--memory", "16m", "feeds").code == 0
    go(pid)
    ended = over_runc.ctl("wait", "feeds").json["status"]
    told = (ended["exitCode"], ended["reason"], ended["oomKilled"])
    assert told == (0, "Completed", True)
    assert over_runc.ctl("start", "feeds").code == 0
    assert over_runc.status("feeds")["oomKilled"] is False
