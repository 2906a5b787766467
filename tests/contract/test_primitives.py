"""What every performer of the primitive steps must do: each step, and each of its outcomes.

One suite for all of them: recipes were proven on the simulator's world, so the real host has to agree
with it, step by step. The stage is set by steps as far as possible.

A host gives: `top` (an empty directory), `boot_id`, `perform(step)`, `start(marker=, lock=, cgroup=)` -> a
living process, `lives(process)`.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import pytest

from conman.primitives import steps as s
from tests.contract.real_host import INSTANCE, real_host
from tests.contract.simulated_host import simulated_host

CGROUP = f"/conman-{INSTANCE}/{'a' * 32}-1"
#: In each mark: another run of this suite has marks of its own.
OWN = f"contract-{INSTANCE}"


class Host(Protocol):
    top: str

    @property
    def boot_id(self) -> str: ...
    def perform(self, step: s.Step) -> s.Result: ...
    def start(
        self, *argv: str, marker: str = "", lock: str = "", cgroup: str = ""
    ) -> s.ProcessId: ...
    def lives(self, process: s.ProcessId) -> bool: ...


HOSTS = {"real": real_host, "simulated": simulated_host}


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    with HOSTS[request.param]() as found:
        yield found


def done(host: Host, *steps: s.Step) -> None:
    for step in steps:
        result = host.perform(step)
        assert isinstance(result, s.Done), (step, result)
        assert result.at > 0


def error(host: Host, step: s.Step) -> str:
    result = host.perform(step)
    assert isinstance(result, s.Failed), result
    assert result.text
    return result.error


def content(host: Host, path: str) -> bytes | None:
    result = host.perform(s.ReadFile(path))
    assert isinstance(result, s.Content | s.Absent)
    return result.data if isinstance(result, s.Content) else None


# ---- files -----------------------------------------------------------------------------------------


def test_check_directory(host: Host) -> None:
    path = f"{host.top}/x"
    assert host.perform(s.CheckDirectory(path)) == s.Absent()
    done(host, s.MakeDirectory(path), s.CheckDirectory(path), s.WriteFile(f"{path}/f", b""))
    assert error(host, s.CheckDirectory(f"{path}/f")) == "ENOTDIR"


def test_check_path(host: Host) -> None:
    path = f"{host.top}/x"
    assert host.perform(s.CheckPath(path)) == s.Absent()
    done(host, s.MakeDirectory(path), s.CheckPath(path))
    done(host, s.WriteFile(f"{path}/f", b""), s.CheckPath(f"{path}/f"))


def test_find_devices_where_there_are_none(host: Host) -> None:
    path = f"{host.top}/x"
    assert host.perform(s.FindDevices(path)) == s.Absent()
    done(host, s.MakeDirectory(path), s.WriteFile(f"{path}/f", b""))
    assert host.perform(s.FindDevices(path)) == s.Devices(())
    assert error(host, s.FindDevices(f"{path}/f")) == "ENODEV"


def test_read_in_root(host: Host) -> None:
    root = f"{host.top}/root"
    assert host.perform(s.ReadInRoot(root, "/etc/passwd")) == s.Absent()
    done(host, s.MakeDirectory(root), s.MakeDirectory(f"{root}/etc"))
    assert host.perform(s.ReadInRoot(root, "/etc/passwd")) == s.Absent()
    done(host, s.WriteFile(f"{root}/etc/passwd", b"root:x"))
    assert host.perform(s.ReadInRoot(root, "/etc/passwd")) == s.Content(b"root:x")
    assert error(host, s.ReadInRoot(root, "/etc")) == "EINVAL"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts overlays")
def test_an_overlay_shows_what_it_is_of(host: Host) -> None:
    lower, upper, work, root = (f"{host.top}/{name}" for name in ("lower", "upper", "work", "root"))
    for path in (lower, upper, work, root, f"{lower}/etc"):
        done(host, s.MakeDirectory(path))
    done(host, s.WriteFile(f"{lower}/etc/passwd", b"root:x"))
    done(host, s.MountOverlay(lower, upper, work, root))
    assert host.perform(s.ReadInRoot(root, "/etc/passwd")) == s.Content(b"root:x")
    done(host, s.Unmount(root))
    assert host.perform(s.ReadInRoot(root, "/etc/passwd")) == s.Absent()


def test_make_directory(host: Host) -> None:
    path = f"{host.top}/x"
    done(host, s.MakeDirectory(path), s.WriteFile(f"{path}/f", b"1"), s.MakeDirectory(path))
    assert content(host, f"{path}/f") == b"1"
    assert error(host, s.MakeDirectory(f"{path}/f")) == "EEXIST"
    assert error(host, s.MakeDirectory(f"{path}/no/y")) == "ENOENT"
    assert error(host, s.MakeDirectory(f"{path}/f/y")) == "ENOTDIR"


def test_make_fifo(host: Host) -> None:
    path = f"{host.top}/x"
    done(host, s.MakeFifo(path), s.MakeFifo(path), s.Unlink(path), s.WriteFile(path, b""))
    assert error(host, s.MakeFifo(path)) == "EEXIST"
    assert error(host, s.MakeFifo(f"{host.top}/no/x")) == "ENOENT"


def test_write_and_read_file(host: Host) -> None:
    path = f"{host.top}/x"
    assert content(host, path) is None
    done(host, s.WriteFile(path, b"a longer one\0"))
    assert content(host, path) == b"a longer one\0"
    done(host, s.WriteFile(path, b"short"), s.WriteFile(path, b"short"))
    assert content(host, path) == b"short"
    assert error(host, s.WriteFile(host.top, b"")) == "EISDIR"
    assert error(host, s.WriteFile(f"{host.top}/no/x", b"")) == "ENOENT"
    assert error(host, s.ReadFile(host.top)) == "EISDIR"


def test_sync(host: Host) -> None:
    path = f"{host.top}/x"
    assert error(host, s.SyncFile(path)) == "ENOENT"
    assert error(host, s.SyncDirectory(path)) == "ENOENT"
    done(host, s.SyncDirectory(path, may_be_gone=True))
    assert error(host, s.SyncFileSystem(path)) == "ENOENT"
    done(host, s.WriteFile(path, b""), s.SyncFile(path), s.SyncDirectory(host.top))
    done(host, s.SyncFileSystem(host.top))
    assert error(host, s.SyncDirectory(path)) == "ENOTDIR"
    assert error(host, s.SyncDirectory(path, may_be_gone=True)) == "ENOTDIR"


def test_rename(host: Host) -> None:
    source, target = f"{host.top}/x", f"{host.top}/y"
    assert host.perform(s.Rename(source, target)) == s.Absent()
    done(host, s.WriteFile(source, b"1"), s.WriteFile(target, b"2"), s.Rename(source, target))
    assert content(host, target) == b"1"
    assert content(host, source) is None
    assert error(host, s.Rename(target, f"{host.top}/no/y")) == "ENOENT"
    assert content(host, target) == b"1"


def test_rename_of_directories(host: Host) -> None:
    source, target = f"{host.top}/x", f"{host.top}/y"
    make = (s.MakeDirectory(source), s.WriteFile(f"{source}/f", b"1"))
    done(host, *make, s.MakeDirectory(target), s.Rename(source, target))
    assert content(host, f"{target}/f") == b"1"
    done(host, *make)
    assert error(host, s.Rename(source, target)) == "ENOTEMPTY"


def test_unlink(host: Host) -> None:
    path = f"{host.top}/x"
    done(host, s.Unlink(path), s.WriteFile(path, b""), s.Unlink(path))
    assert content(host, path) is None
    assert error(host, s.Unlink(host.top)) == "EISDIR"


def test_remove_tree(host: Host) -> None:
    path = f"{host.top}/x"
    done(host, s.RemoveTree(path), s.MakeDirectory(path), s.MakeDirectory(f"{path}/d"))
    done(host, s.WriteFile(f"{path}/f", b""), s.WriteFile(f"{path}/d/f", b""))
    done(host, s.MakeFifo(f"{path}/d/p"), s.RemoveTree(path))
    assert host.perform(s.CheckDirectory(path)) == s.Absent()
    done(host, s.RemoveTree(path))


def test_copy_tree(host: Host) -> None:
    source, target = f"{host.top}/x", f"{host.top}/y"
    assert error(host, s.CopyTree(source, target)) == "ENOENT"
    done(host, s.MakeDirectory(source), s.MakeDirectory(f"{source}/d"))
    done(host, s.WriteFile(f"{source}/d/f", b"1"), s.CopyTree(source, target))
    assert content(host, f"{target}/d/f") == b"1"
    assert content(host, f"{source}/d/f") == b"1"
    assert error(host, s.CopyTree(source, target)) == "EEXIST"


# ---- processes -------------------------------------------------------------------------------------


def test_signal_process(host: Host) -> None:
    process = host.start()
    done(host, s.SignalProcess(process, 9))
    while host.lives(process):
        pass
    assert host.perform(s.SignalProcess(process, 9)) == s.Gone()


@pytest.mark.parametrize("wrong", ["boot", "start"])
def test_another_process_of_the_same_pid_is_not_signalled(host: Host, wrong: str) -> None:
    process = host.start()
    boot = "another" if wrong == "boot" else process.boot_id
    other = s.ProcessId(boot, process.pid, process.start_time + (wrong == "start"))
    assert host.perform(s.SignalProcess(other, 9)) == s.Gone()
    assert host.perform(s.StopProcess(other)) == s.Gone()
    assert host.lives(process)


def test_stop_process(host: Host) -> None:
    process = host.start()
    found = host.perform(s.StopProcess(process))
    assert isinstance(found, s.Stopped)
    assert host.perform(s.StopProcess(process)) == found
    done(host, s.SignalProcess(process, 18))
    assert host.lives(process)
    done(host, s.SignalProcess(process, 9))
    while host.lives(process):
        pass
    assert host.perform(s.StopProcess(process)) == s.Gone()


def test_members_by_their_mark(host: Host) -> None:
    mine, other = f"CONMAN_RUN={OWN}/a-1", f"CONMAN_RUN={OWN}/a-11"
    assert host.perform(s.ListMembers("", mine)) == s.Remaining(())
    members = [host.start(marker=mine) for _ in range(3)]
    stranger = host.start(marker=other)
    pids = tuple(sorted(member.pid for member in members))
    assert host.perform(s.ListMembers("", mine)) == s.Remaining(pids)
    done(host, s.EndMembers("", mine, 5_000))
    assert not any(host.lives(member) for member in members)
    assert host.lives(stranger)
    done(host, s.EndMembers("", mine, 5_000))


@pytest.mark.skipif(os.geteuid() != 0, reason="cgroups need root")
def test_members_by_their_cgroup(host: Host) -> None:
    assert host.perform(s.ListMembers(CGROUP, "CONMAN_RUN=x")) == s.Remaining(())
    done(host, s.EndMembers(CGROUP, "CONMAN_RUN=x", 5_000), s.RemoveCgroup(CGROUP))
    member, stranger = host.start(cgroup=CGROUP), host.start(marker="CONMAN_RUN=x")
    assert host.perform(s.ListMembers(CGROUP, "CONMAN_RUN=x")) == s.Remaining((member.pid,))
    assert host.perform(s.ReadOom(CGROUP)) == s.OomCount(0)
    done(host, s.EndMembers(CGROUP, "CONMAN_RUN=x", 5_000))
    assert not host.lives(member)
    assert host.lives(stranger)
    done(host, s.SignalProcess(stranger, 9))


def test_freezing_by_the_mark(host: Host) -> None:
    mine, other = f"CONMAN_RUN={OWN}/f-1", f"CONMAN_RUN={OWN}/f-11"
    assert host.perform(s.FreezeMembers("", mine, 5_000)) == s.Absent()
    assert host.perform(s.ReadFreezer("", mine)) == s.Freezer(frozen=False)
    first, second = host.start(marker=mine), host.start(marker=mine)
    stranger = host.start(marker=other)
    done(host, s.FreezeMembers("", mine, 5_000), s.FreezeMembers("", mine, 5_000))
    assert host.perform(s.ReadFreezer("", mine)) == s.Freezer(frozen=True)
    assert host.perform(s.ReadFreezer("", other)) == s.Freezer(frozen=False)
    done(host, s.SignalProcess(first, 18))
    assert host.perform(s.ReadFreezer("", mine)) == s.Freezer(frozen=False)
    done(host, s.ThawMembers("", mine), s.ThawMembers("", mine))
    assert host.perform(s.ReadFreezer("", mine)) == s.Freezer(frozen=False)
    done(host, s.FreezeMembers("", mine, 5_000), s.EndMembers("", mine, 5_000))
    assert not any(host.lives(process) for process in (first, second))
    assert host.lives(stranger)


@pytest.mark.skipif(os.geteuid() != 0, reason="cgroups need root")
def test_freezing_a_cgroup(host: Host) -> None:
    mark = "CONMAN_RUN=x"
    assert host.perform(s.FreezeMembers(CGROUP, mark, 5_000)) == s.Absent()
    assert host.perform(s.ReadFreezer(CGROUP, mark)) == s.Freezer(frozen=False)
    done(host, s.ThawMembers(CGROUP, mark))
    member = host.start(cgroup=CGROUP)
    assert host.perform(s.ReadFreezer(CGROUP, mark)) == s.Freezer(frozen=False)
    done(host, s.FreezeMembers(CGROUP, mark, 5_000), s.FreezeMembers(CGROUP, mark, 5_000))
    assert host.perform(s.ReadFreezer(CGROUP, mark)) == s.Freezer(frozen=True)
    done(host, s.SignalProcess(member, 0))
    assert host.lives(member)
    done(host, s.ThawMembers(CGROUP, mark), s.ThawMembers(CGROUP, mark))
    assert host.perform(s.ReadFreezer(CGROUP, mark)) == s.Freezer(frozen=False)
    done(host, s.FreezeMembers(CGROUP, mark, 5_000), s.EndMembers(CGROUP, mark, 5_000))
    assert not host.lives(member)


@pytest.mark.skipif(os.geteuid() != 0, reason="cgroups need root")
def test_the_controls_of_a_cgroup(host: Host) -> None:
    asked = ("pids.max", "no.such.control")
    write = s.WriteControl(CGROUP, "pids.max", "50")
    assert host.perform(s.ReadControls(CGROUP, asked)) == s.Controls(())
    assert host.perform(write) == s.Absent()
    _ = host.start(cgroup=CGROUP)
    if host.perform(s.ReadControls(CGROUP, asked)) == s.Controls(()):
        pytest.skip("no pids controller here: v2 has it only where the parent hands it on")
    assert host.perform(s.ReadControls(CGROUP, asked)) == s.Controls((("pids.max", "max"),))
    assert host.perform(s.WriteControl(CGROUP, "no.such.control", "1")) == s.Absent()
    done(host, write, write)
    assert host.perform(s.ReadControls(CGROUP, asked)) == s.Controls((("pids.max", "50"),))
    assert error(host, s.WriteControl(CGROUP, "pids.max", "fifty")) == "EINVAL"
    assert host.perform(s.ReadControls("", asked)) == s.Controls(())


def test_fence_without_a_lock_is_done_and_makes_none(host: Host) -> None:
    lock = f"{host.top}/lock"
    done(host, s.Fence(lock, f"CONMAN_CALL={OWN}/a-1/create", "", 1_000))
    assert content(host, lock) is None


def test_fence_ends_who_bears_the_mark_or_works_on_the_state(host: Host) -> None:
    lock, mark = f"{host.top}/lock", f"CONMAN_CALL={OWN}/a-1/create"
    ended = (
        host.start(lock=lock, marker=mark),
        host.start(marker=mark),
        host.start(marker=f"_LIBCONTAINER_STATEDIR=/{OWN}/a-1"),
    )
    stranger = host.start(marker=f"CONMAN_CALL={OWN}/a-11/create")
    done(host, s.Fence(lock, mark, f"/{OWN}/a-1", 5_000))
    assert not any(host.lives(process) for process in ended)
    assert host.lives(stranger)


def test_fence_of_several_ends_the_actors_of_each_but_of_an_absent_lock(host: Host) -> None:
    locks = [f"{host.top}/{name}" for name in ("shim", "create", "delete")]
    marks = [f"CONMAN_CALL={OWN}/a-1/{name}" for name in ("shim", "create", "delete")]
    first, second = (host.start(lock=locks[n], marker=marks[n]) for n in (0, 1))
    stranger = host.start(marker=marks[2])
    head, *rest = (s.Fence(locks[n], marks[n], "", 5_000) for n in range(3))
    done(host, replace(head, also=tuple(rest)))
    assert not host.lives(first)
    assert not host.lives(second)
    assert host.lives(stranger)
    assert content(host, locks[2]) is None


# ---- the runtime -----------------------------------------------------------------------------------


def test_a_runtime_that_is_not_there(host: Host) -> None:
    step = s.RunRuntime(("/no/such/runtime",), f"{host.top}/lock", "CONMAN_CALL=c/a-1/start", 1_000)
    assert error(host, step) == "ENOENT"
    # The call's lock tells that it was begun, all the same.
    assert content(host, f"{host.top}/lock") == b""
