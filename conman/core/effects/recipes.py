"""Each host effect as a tuple of primitive steps, and what their results amount to.

This is where durability lives: which fsync, in what order, before which rename. A step missing here is
missing in the simulator too, so the simulator finds it. A recipe decides nothing at run time: steps are
done in order until one fails, and the last result is the effect's outcome.
"""

from conman.core import limits, runtime
from conman.core.bundle.config import config_json
from conman.core.effects import recipes_exec
from conman.core.effects import vocabulary as v
from conman.core.layout import CALLS, Layout
from conman.core.shim_call import create_body, stream_body, succeed_body
from conman.frozen import replace
from conman.primitives import steps as s

Recipe = tuple[s.Step, ...]

FENCE_MS = 5_000
RUNTIME_MS = 60_000
#: A delete is never needed: what hangs in it holds nobody up for long.
DELETE_MS = 10_000
SHIM_READY_MS = 10_000
HELLO_MS = 5_000
EXIT_RECORD_MS = 15_000
END_MEMBERS_MS = 10_000
FREEZE_MS = 10_000
SIGKILL = 9


def recipe(effect: v.HostEffect, layout: Layout, runtime_ms: int = RUNTIME_MS) -> Recipe:
    """The steps of one effect, in order. `runtime_ms`: what a call of a runtime may take."""
    match effect:
        case v.RuntimeCreate():
            return _create(effect, layout, runtime_ms)
        case v.RuntimeExec():
            return recipes_exec.runtime_exec(effect, layout, runtime_ms)
        case v.RuntimeStart() | v.RuntimeDelete():
            return _call(effect, layout, runtime_ms)
        case v.CheckRootfs(path):
            return (s.CheckDirectory(path),)
        case v.CheckSource(path):
            return (s.CheckPath(path),)
        case v.FindDevices(path):
            return (s.FindDevices(path),)
        case v.ReadInRoot(root, path):
            return (s.ReadInRoot(root, path),)
        case v.PrepareBundle():
            return _prepare_bundle(effect, layout)
        case v.MountRootfs(container_id, run, lower):
            return _mount(layout, container_id, run, lower)
        case v.CopyRootfs(container_id, source):
            return _copy(layout, container_id, source)
        case v.WatchInit(container_id, run, process):
            # Last of them: whether the init lives is the outcome.
            init = s.WatchProcess(container_id, run, process)
            return (_hold(layout, container_id, run), _watch_shim(layout, container_id, run), init)
        case v.StopInit(process):
            return (s.StopProcess(process),)
        case v.SignalInit(process, signal):
            return (s.SignalProcess(process, signal),)
        case v.LookAtHost():
            return (s.ListHost(),)
        case v.RemoveFiles(container_id):
            return _remove_files(layout, container_id)
        case v.EmptyTrash(container_id):
            return (s.RemoveTree(layout.trash(container_id)), s.SyncDirectory(layout.trash()))
        case _:
            return _of_run(effect, layout)


def _of_run(effect: v.HostEffect, layout: Layout) -> Recipe:
    match effect:
        case v.SpawnShim() | v.HelloShim() | v.AwaitExitRecord():
            return _shim(effect, layout)
        case v.OfferStream() | v.ReopenLog():
            return _shim(effect, layout)
        case v.Freeze() | v.Thaw() | v.LookAtFreezer():
            return _freezer(effect, layout)
        case v.ReadLimits() | v.SetLimits() | v.RestoreLimits():
            return _limits(effect, layout)
        case v.HoldOutput() | v.SucceedShim() | v.WatchShim():
            return _succession(effect, layout)
        case v.ReadExitStatus(container_id, run):
            return (s.ReadExitStatus(container_id, run),)
        case v.WatchExec() | v.SignalExec() | v.AwaitExecExit() | v.EndExec() | v.RemoveExec():
            return recipes_exec.recipe(effect, layout)
        case v.FenceShim() | v.FenceCall() | v.LookForMembers() | v.EndMembers() | v.EndShim():
            return _processes(effect, layout)
        case v.LookAtExecFifo(container_id, run):
            return (s.CheckPath(layout.exec_fifo(container_id, run)),)
        case v.LookForStart(container_id, run):
            return (s.ReadFile(layout.call_lock(container_id, run, "start")),)
        case v.ForgetStart(container_id, run):
            return (s.Unlink(layout.call_lock(container_id, run, "start")),)
        case v.ReadExitRecord(container_id, run):
            return (s.ReadFile(layout.exit_record(container_id, run)),)
        case v.KeepExitRecord(container_id, run):
            record = layout.exit_record(container_id, run)
            # Where a shim was writing it anew, for its last sync had failed, and ended.
            half, directory = s.Unlink(f"{record}.tmp"), layout.run_record(container_id, run)
            return (half, s.SyncFile(record), s.SyncDirectory(directory))
        case v.WriteExitRecord():
            return _write_exit_record(effect, layout)
        case v.ReadOomKills(container_id, run):
            return (s.ReadOom(layout.members_cgroup(container_id, run)),)
        case _:
            return _leftovers(effect, layout)


def _prepare_bundle(effect: v.PrepareBundle, layout: Layout) -> Recipe:
    container, run = effect.container, effect.run
    config = layout.config(container.id)
    return (
        # First: it is born while everything else is made.
        s.BeginShim(layout.shim(container.id, run), layout.shim_marker(container.id, run)),
        s.MakeDirectory(layout.container(container.id)),
        s.MakeDirectory(layout.bundle(container.id)),
        s.MakeDirectory(layout.rootfs(container.id), 0o755),
        s.MakeDirectory(layout.upper(container.id), 0o755),
        s.MakeDirectory(layout.runs(container.id)),
        s.MakeDirectory(layout.run_record(container.id, run)),
        s.WriteFile(f"{config}.tmp", _config(effect, layout)),
        s.SyncFile(f"{config}.tmp"),
        s.Rename(f"{config}.tmp", config),
        s.SyncDirectory(layout.bundle(container.id)),
        s.SyncDirectory(layout.runs(container.id)),
        s.SyncDirectory(layout.container(container.id)),
        s.SyncDirectory(layout.containers()),
    )


def _config(effect: v.PrepareBundle, layout: Layout) -> bytes:
    return config_json(effect.container, effect.run, layout, effect.permits, effect.console_size)


def _mount(layout: Layout, container_id: str, run: int, lower: str) -> Recipe:
    work = layout.work(container_id, run)
    return (
        s.RemoveTree(work),
        s.MakeDirectory(work),
        s.MountOverlay(lower, layout.upper(container_id), work, layout.rootfs(container_id)),
    )


def _copy(layout: Layout, container_id: str, source: str) -> Recipe:
    target = layout.rootfs(container_id)
    return (
        s.RemoveTree(f"{target}.tmp"),
        s.CopyTree(source, f"{target}.tmp"),
        s.SyncFileSystem(f"{target}.tmp"),
        s.Rename(f"{target}.tmp", target),
        s.SyncDirectory(layout.bundle(container_id)),
    )


def _shim(effect: v.HostEffect, layout: Layout) -> Recipe:
    match effect:
        case v.SpawnShim(container_id, run):
            directory = layout.shim(container_id, run)
            marker = layout.shim_marker(container_id, run)
            return (s.SpawnShim(directory, marker, SHIM_READY_MS),)
        case v.HelloShim(container_id, run):
            return (s.CallShim(layout.shim(container_id, run), "hello", "{}", HELLO_MS),)
        case v.AwaitExitRecord(container_id, run):
            return (s.CallShim(layout.shim(container_id, run), "exit", "{}", EXIT_RECORD_MS),)
        case v.OfferStream(container_id, run):
            directory = layout.shim(container_id, run)
            return (s.CallShim(directory, "stream", stream_body(effect), HELLO_MS),)
        case v.ReopenLog(container_id, run):
            return (s.CallShim(layout.shim(container_id, run), "reopen-log", "{}", HELLO_MS),)
        case _:
            raise AssertionError(effect)


def _create(effect: v.RuntimeCreate, layout: Layout, runtime_ms: int) -> Recipe:
    container_id, run = effect.container_id, effect.run
    body = create_body(effect, layout, runtime_ms)
    directory = layout.shim(container_id, run)
    return (s.CallShim(directory, "create", body, runtime_ms + HELLO_MS),)


def _succession(effect: v.HoldOutput | v.SucceedShim | v.WatchShim, layout: Layout) -> Recipe:
    match effect:
        case v.HoldOutput(container_id, run):
            return (_hold(layout, container_id, run),)
        case v.SucceedShim(container_id, run):
            body = succeed_body(layout, container_id)
            return (s.CallShim(layout.shim(container_id, run), "succeed", body, HELLO_MS),)
        case v.WatchShim(container_id, run):
            return (_watch_shim(layout, container_id, run),)


def _hold(layout: Layout, container_id: str, run: int) -> s.HoldOutput:
    return s.HoldOutput(container_id, run, layout.shim(container_id, run))


def _watch_shim(layout: Layout, container_id: str, run: int) -> s.WatchShim:
    return s.WatchShim(container_id, run, layout.shim(container_id, run))


def _call(effect: v.RuntimeStart | v.RuntimeDelete, layout: Layout, runtime_ms: int) -> Recipe:
    container_id, run, binary = effect.container_id, effect.run, effect.runtime
    match effect:
        case v.RuntimeStart():
            op, argv = "start", runtime.start_argv(binary, layout, container_id, run)
        case v.RuntimeDelete():
            op, argv = "delete", runtime.delete_argv(binary, layout, container_id, run)
            runtime_ms = min(runtime_ms, DELETE_MS)
    lock = layout.call_lock(container_id, run, op)
    return (s.RunRuntime(argv, lock, layout.call_marker(container_id, run, op), runtime_ms),)


def _processes(effect: v.HostEffect, layout: Layout) -> Recipe:
    match effect:
        case v.FenceShim(container_id, run):
            return _fence(layout, _of_shim(layout, container_id, run))
        case v.FenceCall(container_id, run, op):
            return _fence(layout, _of_call(layout, container_id, run, op))
        case v.LookForMembers(container_id, run):
            cgroup = layout.members_cgroup(container_id, run)
            return (s.ListMembers(cgroup, layout.run_marker(container_id, run)),)
        case v.EndMembers(container_id, run, init):
            cgroup = layout.members_cgroup(container_id, run)
            marker = layout.run_marker(container_id, run)
            end = s.EndMembers(cgroup, marker, END_MEMBERS_MS)
            return (s.SignalProcess(init.process, SIGKILL), end) if init else (end,)
        case v.EndShim(container_id, run):
            return _end_shim(layout, container_id, run)
        case _:
            raise AssertionError(effect)


def _freezer(effect: v.Freeze | v.Thaw | v.LookAtFreezer, layout: Layout) -> Recipe:
    cgroup = layout.members_cgroup(effect.container_id, effect.run)
    marker = layout.run_marker(effect.container_id, effect.run)
    match effect:
        case v.Freeze(process=process):
            # Signal 0: whether the init, too, is among those who stand.
            freeze = s.FreezeMembers(cgroup, marker, FREEZE_MS)
            return (freeze, s.SignalProcess(process, 0))
        case v.Thaw():
            return (s.ThawMembers(cgroup, marker),)
        case v.LookAtFreezer():
            return (s.ReadFreezer(cgroup, marker),)


def _limits(effect: v.ReadLimits | v.SetLimits | v.RestoreLimits, layout: Layout) -> Recipe:
    cgroup = layout.members_cgroup(effect.container_id, effect.run)
    match effect:
        case v.ReadLimits():
            return (s.ReadControls(cgroup, limits.NAMES),)
        case v.SetLimits(controls=controls):
            return tuple(s.WriteControl(cgroup, c.name, c.value) for c in controls)
        case v.RestoreLimits(controls=controls):
            # The way back through the same states: the kernel has taken each of them already.
            return tuple(s.WriteControl(cgroup, c.name, c.before) for c in reversed(controls))


def _of_shim(layout: Layout, container_id: str, run: int) -> s.Fence:
    lock, marker = layout.shim_lock(container_id, run), layout.shim_marker(container_id, run)
    return s.Fence(lock, marker, "", FENCE_MS)


def _of_call(layout: Layout, container_id: str, run: int, op: str) -> s.Fence:
    # A waiting init of runc's bears the state directory too: a create may be fenced by it, and
    # what is only done while a program runs.
    state = layout.runtime_state(container_id, run) if op in {"create", "exec"} else ""
    lock, marker = (
        layout.call_lock(container_id, run, op),
        layout.call_marker(container_id, run, op),
    )
    return s.Fence(lock, marker, state, FENCE_MS)


def _fence(layout: Layout, fence: s.Fence) -> Recipe:
    """Where the locks were removed under their holders, these are ended by their marks first."""
    if not layout.has_lost_run:
        return (fence,)
    fences = (fence, *fence.also)
    marks = [mark for one in fences for mark in _marks(one)]
    return (*(s.EndMembers("", mark, FENCE_MS) for mark in marks), fence)


def _marks(fence: s.Fence) -> tuple[str, ...]:
    state = fence.state_directory
    return (fence.marker, f"_LIBCONTAINER_STATEDIR={state}") if state else (fence.marker,)


def _end_shim(layout: Layout, container_id: str, run: int) -> Recipe:
    calls = tuple(_of_call(layout, container_id, run, op) for op in CALLS)
    suspect = f"{layout.shim(container_id, run)}/shim.pid"
    shim = replace(_of_shim(layout, container_id, run), also=calls, suspect=suspect)
    locks = tuple(s.Unlink(layout.call_lock(container_id, run, op)) for op in CALLS)
    directory = s.RemoveTree(layout.shim(container_id, run))
    return (*_fence(layout, shim), *locks, directory, s.Release(container_id, run))


def _write_exit_record(effect: v.WriteExitRecord, layout: Layout) -> Recipe:
    record = layout.exit_record(effect.container_id, effect.run)
    return (
        s.MakeDirectory(layout.run_record(effect.container_id, effect.run)),
        s.WriteFile(f"{record}.tmp", effect.data),
        s.SyncFile(f"{record}.tmp"),
        s.Rename(f"{record}.tmp", record),
        s.SyncDirectory(layout.run_record(effect.container_id, effect.run)),
    )


def _leftovers(effect: v.HostEffect, layout: Layout) -> Recipe:
    match effect:
        case v.RemoveRuntimeState(container_id, run):
            state = layout.runtime_state(container_id, run)
            return (s.Unmount(state), s.RemoveTree(state))
        case v.RemoveCgroup(container_id, run):
            # The second is where fakerunc keeps the names of its cgroups.
            cgroup = layout.cgroup(container_id, run)
            names = s.RemoveTree(f"{layout.runtime_root()}/.cgroups{cgroup}")
            return (s.RemoveCgroup(cgroup), names) if layout.has_cgroups else (names,)
        case v.UnmountRootfs(container_id, run, keeps_root):
            work = s.RemoveTree(layout.work(container_id, run))
            return (work,) if keeps_root else (s.Unmount(layout.rootfs(container_id)), work)
        case v.RemoveRunRecord(container_id, run):
            record = s.RemoveTree(layout.run_record(container_id, run))
            # Where PrepareBundle ended between its write and its rename.
            half = s.Unlink(f"{layout.config(container_id)}.tmp")
            # A disk that has lost the container's directory must not hold up what is settled.
            runs = s.SyncDirectory(layout.runs(container_id), may_be_gone=True)
            bundle = s.SyncDirectory(layout.bundle(container_id), may_be_gone=True)
            return (record, runs, half, bundle)
        case _:
            raise AssertionError(effect)


def _remove_files(layout: Layout, container_id: str) -> Recipe:
    return (
        s.Rename(layout.container(container_id), layout.trash(container_id)),
        s.SyncDirectory(layout.containers()),
        s.RemoveTree(layout.trash(container_id)),
        s.SyncDirectory(layout.trash()),
    )
