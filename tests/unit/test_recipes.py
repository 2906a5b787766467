"""What must hold of every recipe, whatever it is for: nothing is believed durable that was not synced.

The simulator finds a missing sync where a story can tell the difference; these are the rules themselves, and
the recipes of which no story has the host: copies, probes, modes, fakerunc's names, a RUN that was lost.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, get_args

import pytest

from conman.core.effects import recipes, recipes_boot
from conman.core.effects import vocabulary as v
from conman.core.execs import Exec, ExecSpec
from conman.core.layout import CALLS, Layout
from conman.core.model import Container, ContainerSpec, Control, Init, RootfsMode, State
from conman.core.permits import Permits
from conman.core.requests import Streams
from conman.core.spec import ConsoleSize, LogLimits, Resolved, Stdio
from conman.primitives import steps as s
from conman.primitives.steps import ProcessId
from conman.shim import recipes as shim
from conman.shim import task

ID, RUN = "a" * 32, 3
LAYOUT = Layout("/data", "/run/conman", "0" * 8, "boot")
PROCESS = ProcessId("boot", 7, 70)
INIT = Init(PROCESS, 1, 2, "sleep")
ROW = Container(ID, "web", ContainerSpec("sleep"), RootfsMode.OVERLAY, State.CREATED, RUN)
CONTROLS = (Control("cpu.max", "1", "2"), Control("memory.max", "3", "4"))
VALUES: dict[str, Any] = {
    "container": ROW,
    "run": RUN,
    "permits": Permits(),
    "container_id": ID,
    "process": PROCESS,
    "init": INIT,
    "controls": CONTROLS,
    "signal": 15,
    "data": b"{}",
    "op": "create",
    "runtime": "runc",
    "log": LogLimits(9, 2),
    "stdio": Stdio(),
    "streams": Streams(stdout=True),
    "exec": Exec("e" * 32, RUN, ExecSpec("/bin/true"), Resolved()),
    "exec_id": "e" * 32,
    "console_size": ConsoleSize(24, 80),
}


def effects() -> list[v.HostEffect]:
    """One of each kind."""
    kinds = [
        kind
        for kind in vars(v).values()
        if isinstance(kind, type) and issubclass(kind, v.HostEffect) and kind is not v.HostEffect
    ]
    made = [
        kind(**{f.name: VALUES.get(f.name, f"/{f.name}") for f in fields(kind)}) for kind in kinds
    ]  # type: ignore[arg-type]
    return sorted(made, key=repr)


def steps(effect: v.HostEffect, layout: Layout = LAYOUT) -> recipes.Recipe:
    return recipes.recipe(effect, layout)


BOOT: dict[str, tuple[s.Step, ...]] = {
    "publish": recipes_boot.publish("/data", "stamp", b""),
    "put_aside": recipes_boot.put_aside("/data", "row", b""),
    "make_places": recipes_boot.make_places(LAYOUT),
    "probe_overlay": recipes_boot.probe_overlay("/data"),
    "write_exit": shim.write_exit("/data/runs/1", b""),
    "settle_in": shim.settle_in("/run/shim", b""),
    "complete_log": shim.complete_log("/data/c/log", (3, 4)),
    "keep_limits": shim.keep_limits("/run/shim", "{}"),
}
EVERY = {repr(one)[:40]: steps(one) for one in effects()} | BOOT
in_all = pytest.mark.parametrize("recipe", EVERY.values(), ids=list(EVERY))


def parent(path: str) -> str:
    return path.rpartition("/")[0]


def is_lasting(path: str) -> bool:
    return path.startswith("/data") and "/probe" not in path


def places(recipe: recipes.Recipe, wanted: Callable[[Any], bool]) -> list[int]:
    return [index for index, one in enumerate(recipe) if wanted(one)]


def test_there_is_a_recipe_for_each_effect() -> None:
    assert len(effects()) > 35
    assert all(steps(one) for one in effects())
    assert v.HostEffect not in get_args(v.ChangeEffect)


@in_all
def test_a_name_is_synced_after_it_changes(recipe: recipes.Recipe) -> None:
    for index, step in enumerate(recipe):
        match step:
            case s.Rename(source, target) if is_lasting(target):
                changed = {parent(target)} | ({parent(source)} if is_lasting(source) else set())
                # A removed tree comes back to the trash only: that one is synced when it is empty.
                synced = {one.path for one in recipe[index:] if isinstance(one, s.SyncDirectory)}
                assert changed <= synced
            case _:
                pass


@in_all
def test_what_is_published_was_synced(recipe: recipes.Recipe) -> None:
    for index, step in enumerate(recipe):
        if isinstance(step, s.Rename) and step.source.endswith(".tmp") and is_lasting(step.target):
            before = recipe[:index]
            kinds = [type(one) for one in before if getattr(one, "path", "") == step.source]
            assert kinds[-1] in {s.SyncFile, s.SyncFileSystem}


@in_all
def test_a_directory_is_made_before_what_is_in_it(recipe: recipes.Recipe) -> None:
    made = [one.path for one in recipe if isinstance(one, s.MakeDirectory)]
    for index, step in enumerate(recipe):
        if isinstance(step, s.MakeDirectory | s.WriteFile) and parent(step.path) in made:
            assert s.MakeDirectory(parent(step.path)) in [plain(one) for one in recipe[:index]]


def plain(step: s.Step) -> s.Step:
    """Whatever its mode."""
    return s.MakeDirectory(step.path) if isinstance(step, s.MakeDirectory) else step


@in_all
def test_nothing_is_removed_under_a_mount(recipe: recipes.Recipe) -> None:
    for index, step in enumerate(recipe):
        if isinstance(step, s.Unmount):
            assert not places(recipe[:index], lambda one, at=step: one == s.RemoveTree(at.path))


@in_all
def test_every_wait_has_an_end_that_is_felt(recipe: recipes.Recipe) -> None:
    for step in recipe:
        timeout = getattr(step, "timeout_ms", None)
        assert timeout is None or timeout >= 1_000, step


def test_root_and_upper_are_for_the_users_in_there() -> None:
    made = [
        one
        for one in steps(v.PrepareBundle(ROW, RUN, Permits()))
        if isinstance(one, s.MakeDirectory)
    ]
    modes = {one.path: one.mode for one in made}
    open_ = {LAYOUT.rootfs(ID), LAYOUT.upper(ID)}
    assert {path for path, mode in modes.items() if mode == 0o755} == open_
    assert {mode for path, mode in modes.items() if path not in open_} == {0o700}


def test_a_copy_begins_with_what_an_interrupted_one_left() -> None:
    target = f"{LAYOUT.rootfs(ID)}.tmp"
    kinds = [type(one) for one in steps(v.CopyRootfs(ID, "/images/a"))]
    assert kinds == [s.RemoveTree, s.CopyTree, s.SyncFileSystem, s.Rename, s.SyncDirectory]
    assert steps(v.CopyRootfs(ID, "/images/a"))[:2] == (
        s.RemoveTree(target),
        s.CopyTree("/images/a", target),
    )


def test_a_work_directory_is_another_ones_until_it_is_made_anew() -> None:
    work = LAYOUT.work(ID, RUN)
    *before, mount = steps(v.MountRootfs(ID, RUN, "/images/a"))
    assert before == [s.RemoveTree(work), s.MakeDirectory(work)]
    assert mount == s.MountOverlay("/images/a", LAYOUT.upper(ID), work, LAYOUT.rootfs(ID))
    assert steps(v.UnmountRootfs(ID, RUN)) == (s.Unmount(LAYOUT.rootfs(ID)), s.RemoveTree(work))
    assert steps(v.UnmountRootfs(ID, RUN, keeps_root=True)) == (s.RemoveTree(work),)


def test_a_cgroup_goes_with_the_name_that_fakerunc_gives_it() -> None:
    names = s.RemoveTree(f"{LAYOUT.runtime_root()}/.cgroups{LAYOUT.cgroup(ID, RUN)}")
    assert steps(v.RemoveCgroup(ID, RUN)) == (s.RemoveCgroup(LAYOUT.cgroup(ID, RUN)), names)
    assert steps(v.RemoveCgroup(ID, RUN), replace(LAYOUT, has_cgroups=False)) == (names,)


def test_the_trash_is_emptied_and_that_is_synced() -> None:
    assert steps(v.EmptyTrash(ID)) == (
        s.RemoveTree(LAYOUT.trash(ID)),
        s.SyncDirectory(LAYOUT.trash()),
    )


def test_a_shim_goes_after_its_fences() -> None:
    whole = steps(v.EndShim(ID, RUN))
    [fence] = fences = places(whole, lambda one: isinstance(one, s.Fence))
    locks = places(whole, lambda one: isinstance(one, s.Unlink))
    assert len(getattr(whole[fence], "also", ())) == len(locks) == len(CALLS)
    assert max(fences) < min(locks)
    assert whole[-2:] == (s.RemoveTree(LAYOUT.shim(ID, RUN)), s.Release(ID, RUN))


@pytest.mark.parametrize("op", CALLS)
def test_a_create_is_fenced_by_its_state_and_what_needs_a_program_that_runs(op: str) -> None:
    [fence] = steps(v.FenceCall(ID, RUN, op))
    state = LAYOUT.runtime_state(ID, RUN) if op in {"create", "exec"} else ""
    assert isinstance(fence, s.Fence)
    assert (fence.state_directory, fence.lock) == (state, LAYOUT.call_lock(ID, RUN, op))


def test_where_locks_were_lost_marks_are_ended_first() -> None:
    lost = replace(LAYOUT, has_lost_run=True)
    [ends, state, fence] = steps(v.FenceCall(ID, RUN, "create"), lost)
    assert ends == s.EndMembers("", LAYOUT.call_marker(ID, RUN, "create"), recipes.FENCE_MS)
    mark = f"_LIBCONTAINER_STATEDIR={LAYOUT.runtime_state(ID, RUN)}"
    assert state == s.EndMembers("", mark, recipes.FENCE_MS)
    assert isinstance(fence, s.Fence)
    assert (
        len(steps(v.FenceCall(ID, RUN, "start"), lost))
        == len(steps(v.FenceShim(ID, RUN), lost))
        == 2
    )


def test_a_delete_holds_nobody_up() -> None:
    [delete] = steps(v.RuntimeDelete(ID, RUN, "runc"))
    [start] = steps(v.RuntimeStart(ID, RUN, "runc"))
    assert isinstance(delete, s.RunRuntime)
    assert isinstance(start, s.RunRuntime)
    assert (delete.timeout_ms, start.timeout_ms) == (recipes.DELETE_MS, recipes.RUNTIME_MS)


def test_limits_go_back_the_way_they_came() -> None:
    cgroup = LAYOUT.members_cgroup(ID, RUN)
    assert steps(v.SetLimits(ID, RUN, CONTROLS)) == (
        s.WriteControl(cgroup, "cpu.max", "2"),
        s.WriteControl(cgroup, "memory.max", "4"),
    )
    assert steps(v.RestoreLimits(ID, RUN, CONTROLS)) == (
        s.WriteControl(cgroup, "memory.max", "3"),
        s.WriteControl(cgroup, "cpu.max", "1"),
    )


def test_signals_are_what_they_are() -> None:
    assert steps(v.SignalInit(PROCESS, 15)) == (s.SignalProcess(PROCESS, 15),)
    assert steps(v.EndMembers(ID, RUN, INIT))[0] == s.SignalProcess(PROCESS, 9)
    assert len(steps(v.EndMembers(ID, RUN, None))) == 1
    assert steps(v.Freeze(ID, RUN, PROCESS))[-1] == s.SignalProcess(PROCESS, 0)


def test_a_record_that_was_found_is_synced_with_its_name() -> None:
    record = LAYOUT.exit_record(ID, RUN)
    assert steps(v.KeepExitRecord(ID, RUN)) == (
        s.Unlink(f"{record}.tmp"),
        s.SyncFile(record),
        s.SyncDirectory(parent(record)),
    )


def test_an_undone_run_leaves_nothing_that_comes_back() -> None:
    assert steps(v.RemoveRunRecord(ID, RUN)) == (
        s.RemoveTree(LAYOUT.run_record(ID, RUN)),
        s.SyncDirectory(LAYOUT.runs(ID), may_be_gone=True),
        s.Unlink(f"{LAYOUT.config(ID)}.tmp"),
        s.SyncDirectory(LAYOUT.bundle(ID), may_be_gone=True),
    )


def test_what_is_put_aside_has_its_name_and_content() -> None:
    whole = recipes_boot.put_aside("/data", "row", b"{}")
    assert s.WriteFile("/data/salvaged/row.tmp", b"{}") in whole
    assert s.Rename("/data/salvaged/row.tmp", "/data/salvaged/row") in whole


def test_the_places_in_data_are_synced_once_all_are_made() -> None:
    *made, last = recipes_boot.make_places(LAYOUT)
    assert last == s.SyncDirectory("/data")
    paths = {one.path for one in made if isinstance(one, s.MakeDirectory)}
    assert {path for path in paths if is_lasting(path)} == {LAYOUT.containers(), LAYOUT.trash()}
    assert {*recipes_boot.run_parts(LAYOUT)} < paths


def test_the_overlay_probe_mounts_what_it_has_made() -> None:
    whole = recipes_boot.probe_overlay("/data")
    assert whole[:2] == recipes_boot.forget_probe("/data")
    made = [one.path for one in whole if isinstance(one, s.MakeDirectory)]
    mount, write = whole[-2:]
    assert isinstance(mount, s.MountOverlay)
    assert {mount.lower, mount.upper, mount.work, mount.target} <= set(made)
    assert write == s.WriteFile(f"{mount.target}/file", b"")


def test_the_log_is_synced_with_its_name() -> None:
    assert shim.complete_log("/data/c/log") == (
        s.SyncFile("/data/c/log"),
        s.SyncDirectory("/data/c"),
    )


def test_a_shim_settles_in_before_anybody_looks() -> None:
    assert shim.settle_in("/run/s", b"7") == (
        s.WriteFile("/run/s/shim.pid.tmp", b"7"),
        s.Rename("/run/s/shim.pid.tmp", "/run/s/shim.pid"),
        s.MakeFifo("/run/s/stdout"),
        s.MakeFifo("/run/s/stderr"),
    )


def test_a_shims_fence_is_shorter_than_the_wait_for_its_hello() -> None:
    fence = shim.end_call("/l", "M=1", "/s")
    assert (fence.lock, fence.marker, fence.state_directory) == ("/l", "M=1", "/s")
    assert 1_000 <= fence.timeout_ms < recipes.HELLO_MS


def test_a_shim_is_told_what_it_needs_for_one_call() -> None:
    [call] = steps(v.RuntimeCreate(ID, RUN, "runc", LogLimits(9, 2), Stdio()))
    assert isinstance(call, s.CallShim)
    assert (call.directory, call.op) == (LAYOUT.shim(ID, RUN), "create")
    told = task.parse_task(call.body)
    assert told.argv[0] == "runc"
    assert told.lock == LAYOUT.call_lock(ID, RUN, "create")
    assert told.marker == LAYOUT.call_marker(ID, RUN, "create")
    assert told.state_directory == LAYOUT.runtime_state(ID, RUN)
    assert told.pid_file == LAYOUT.init_pid(ID, RUN)
    assert told.record_directory == LAYOUT.run_record(ID, RUN)
    assert (told.log, told.cgroup) == (LAYOUT.log(ID), LAYOUT.members_cgroup(ID, RUN))
    assert (told.boot_id, told.timeout_ms) == ("boot", recipes.RUNTIME_MS)
    assert call.timeout_ms > told.timeout_ms
