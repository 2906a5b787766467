"""Ending members and stop-and-look, on real processes that do not want to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from conman.host.processes import Members, living, newest_pid
from conman.primitives import processes
from conman.primitives import steps as s
from conman.primitives.mounts import cgroup_mounts
from tests.contract.real_host import INSTANCE, RealHost, real_host

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="cgroups need root")
MARK = f"CONMAN_RUN={INSTANCE}/{'b' * 32}-1"
CGROUP = f"/conman-{INSTANCE}/{'b' * 32}-1"

#: A chain, each of which forks the next and ends; whoever is at its head reaps them, not PID 1.
FORKS = """
import ctypes, os, signal, sys, time
ctypes.CDLL(None).prctl(36, 1)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork():
    time.sleep(600)
while True:
    time.sleep(float(sys.argv[1]))
    if os.fork():
        os._exit(0)
"""


@pytest.fixture
def host() -> Iterator[RealHost]:
    with real_host() as found:
        yield found


@root_only
def test_members_that_fork_all_the_time_end(host: RealHost) -> None:
    """Each forks a successor and ends: whoever was listed is gone when the signal comes."""
    for _ in range(4):
        host.start(sys.executable, "-Sc", FORKS, "0", cgroup=CGROUP)
    assert isinstance(host.perform(s.EndMembers(CGROUP, "", 20_000)), s.Done)
    assert host.perform(s.ListMembers(CGROUP, "")) == s.Remaining(())


def test_bearers_that_fork_now_and_then_are_not_overlooked(host: RealHost) -> None:
    """Without a cgroup nobody can be held; but nobody may be taken for gone."""
    for _ in range(4):
        host.start(sys.executable, "-Sc", FORKS, "0.002", marker=MARK)
    assert isinstance(host.perform(s.EndMembers("", MARK, 20_000)), s.Done)
    time.sleep(0.05)
    assert host.perform(s.ListMembers("", MARK)) == s.Remaining(())


def test_who_was_born_last_has_another_number_than_who_was_before(host: RealHost) -> None:
    before = newest_pid()
    host.start("true")
    assert newest_pid() not in {before, 0}


def test_members_that_ignore_signals_or_are_stopped_end(host: RealHost) -> None:
    deaf = host.start("sh", "-c", "trap '' TERM HUP INT; sleep 600; sleep 600", marker=MARK)
    stopped = host.start(marker=MARK)
    os.kill(stopped.pid, signal.SIGSTOP)
    assert isinstance(host.perform(s.EndMembers("", MARK, 5_000)), s.Done)
    assert not host.lives(deaf)
    assert not host.lives(stopped)


def test_a_zombie_is_no_member(host: RealHost) -> None:
    process = host.start("true", marker=MARK)
    while host.lives(process):
        time.sleep(0.001)
    assert host.perform(s.ListMembers("", MARK)) == s.Remaining(())
    told = Members(lambda: frozenset((process.pid,)), bool, dict, dict)
    assert living(told) == (), "where a kernel lists zombies too"


def test_the_dead_prove_nothing_while_they_may_have_forked(host: RealHost) -> None:
    dead, successor = host.start("true"), host.start()
    while host.lives(dead):
        time.sleep(0.001)
    lists = iter([frozenset((dead.pid,)), frozenset((dead.pid, successor.pid))])
    assert living(Members(lambda: next(lists), bool, dict, dict)) == (successor.pid,)


@root_only
def test_a_dead_leader_with_living_threads_is_a_member(host: RealHost) -> None:
    """Its environment went with the leader's memory: only a cgroup tells, of who was in it before."""
    code = (
        "import ctypes, sys, threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "open(sys.argv[1]).close()\n"  # until we open it, too
        "ctypes.CDLL(None).syscall(60, 0)\n"  # exit(2) of this thread only
    )
    os.mkfifo(go := f"{host.top}/go")
    process = host.start(sys.executable, "-Sc", code, go, cgroup=CGROUP)
    os.close(os.open(go, os.O_WRONLY))
    while host.lives(process):
        time.sleep(0.001)
    assert host.perform(s.ListMembers(CGROUP, "")) == s.Remaining((process.pid,))
    assert isinstance(host.perform(s.EndMembers(CGROUP, "", 5_000)), s.Done)
    assert host.perform(s.ListMembers(CGROUP, "")) == s.Remaining(())


@root_only
def test_a_frozen_member_is_thawed_to_die(host: RealHost) -> None:
    process = host.start(cgroup=CGROUP)
    [freezer] = [m.point for m in cgroup_mounts() if "freezer" in m.options] or [""]
    control, word = (
        (f"{freezer}{CGROUP}/freezer.state", "FROZEN")
        if freezer
        else (f"{host.cgroup_directories(CGROUP)[0]}/cgroup.freeze", "1")
    )
    with open(control, "w", encoding="ascii") as file:
        file.write(word)
    assert isinstance(host.perform(s.EndMembers(CGROUP, "", 5_000)), s.Done)
    assert not host.lives(process)


@root_only
def test_members_below_count(host: RealHost) -> None:
    process = host.start(cgroup=f"{CGROUP}/below/deep")
    assert host.perform(s.ListMembers(CGROUP, "")) == s.Remaining((process.pid,))
    assert isinstance(host.perform(s.EndMembers(CGROUP, "", 5_000)), s.Done)
    assert isinstance(host.perform(s.RemoveCgroup(CGROUP)), s.Done)
    assert host.cgroup_directories(f"/conman-{INSTANCE}") == []


@root_only
def test_a_cgroup_in_use_stays_and_says_so(host: RealHost) -> None:
    host.start(cgroup=CGROUP)
    result = host.perform(s.RemoveCgroup(CGROUP))
    assert isinstance(result, s.Failed)
    assert result.error == "EBUSY"


@root_only
def test_the_parent_stays_while_another_run_is_there(host: RealHost) -> None:
    host.start(cgroup=f"/conman-{INSTANCE}/{'c' * 32}-1")
    host.join(CGROUP, host.start().pid)
    host.perform(s.EndMembers(CGROUP, "", 5_000))
    assert isinstance(host.perform(s.RemoveCgroup(CGROUP)), s.Done)
    assert not host.cgroup_directories(CGROUP)
    assert host.cgroup_directories(f"/conman-{INSTANCE}")


def test_stop_tells_what_create_would_record(host: RealHost) -> None:
    process = host.start("sh", "-c", "sleep 600; true")
    found = host.perform(s.StopProcess(process))
    told = processes.program(process.pid)
    assert told is not None
    assert found == s.Stopped(told.device, told.inode, told.cmdline)
    assert told.cmdline == "sh\0-c\0sleep 600; true\0"


def test_stop_waits_for_every_thread(host: RealHost) -> None:
    code = (
        "import threading\n"
        "def spin():\n while True: pass\n"
        "[threading.Thread(target=spin).start() for _ in range(8)]"
    )
    process = host.start(sys.executable, "-Sc", code)
    while len(os.listdir(f"/proc/{process.pid}/task")) < 9:
        time.sleep(0.001)
    assert isinstance(host.perform(s.StopProcess(process)), s.Stopped)
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        with open(f"/proc/{process.pid}/task/{thread}/stat", encoding="ascii") as file:
            assert file.read().rpartition(")")[2].split()[0] == "T"


def test_a_process_that_ends_instead_of_stopping_is_gone(host: RealHost) -> None:
    process = host.start("true")
    host.reap(process)
    assert host.perform(s.StopProcess(process)) == s.Gone()


def test_nothing_is_left_of_a_member_s_children(host: RealHost) -> None:
    """A daemonised grandchild bears the mark as well."""
    started = host.start("sh", "-c", "setsid sleep 601 & wait", marker=MARK)
    deadline = time.monotonic() + 5
    while len(_listed(host)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert isinstance(host.perform(s.EndMembers("", MARK, 5_000)), s.Done)
    assert _listed(host) == ()
    assert not host.lives(started)


def _listed(host: RealHost) -> tuple[int, ...]:
    found = host.perform(s.ListMembers("", MARK))
    assert isinstance(found, s.Remaining)
    return found.pids


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a process that it may not signal")
def test_a_member_that_may_not_be_signalled_is_a_failure() -> None:
    """As an ordinary user: root's processes are not his to end, and their environment not to read."""
    code = (
        "import os; os.setuid(65534)\n"
        "from conman.host import processes\n"
        "members = processes.Members(lambda: frozenset((1,)), bool, dict, dict)\n"
        "print(processes.end_all(members, 200))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=20
    )
    assert "Failed(error='EPERM'" in done.stdout, done.stderr
