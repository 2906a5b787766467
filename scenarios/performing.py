"""The primitive steps, performed on the simulated host.

The third performer beside the daemon's and the shim's; the contract suite holds all of them to the same
outcomes. A step that waits for an actor answers Pending first, and is asked again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from conman.primitives import steps as s
from conman.shim.machine import Requested
from scenarios import full_disk
from scenarios.control_groups import FROZEN, ControlGroup
from scenarios.disk import DONE, Disk
from scenarios.fencing import end_silent, fence, heard, waited_in_vain
from scenarios.programs import CANNOT_FREEZE
from scenarios.runtime_calls import begin_call, end_call
from scenarios.shims import Shim
from scenarios.world import DAEMON, Process, World, run_of


@dataclass(frozen=True, slots=True)
class Pending:
    """The step waits for an actor: `poll` it until `deadline` (monotonic ns of the world)."""

    kind: str
    name: str
    connection: int
    seq: int
    deadline: int
    op: str = ""


Outcome = s.Result | Pending


def perform(world: World, step: s.Step) -> Outcome:
    """One step by the daemon or a shim."""
    result = full_disk.refusal(world, step) or _perform(world, step)
    return s.Done(world.wall) if isinstance(result, s.Done) else result


def _perform(world: World, step: s.Step) -> Outcome:
    disk = world.disk
    match step:
        case s.MakeDirectory(path):
            return disk.make(path, "dir")
        case s.MakeFifo(path):
            return disk.make(path, "fifo")
        case s.WriteFile(path, data):
            return disk.write(path, data)
        case s.ReadFile(path):
            return disk.content(path)
        case s.SyncFile(path):
            return disk.sync(path)
        case s.SyncDirectory(path, may_be_gone):
            is_gone = may_be_gone and disk.find(path) is None
            return DONE if is_gone else disk.sync_directory(path)
        case s.SyncFileSystem(path):
            return disk.sync_all(path)
        case s.Rename(source, target):
            return disk.rename(source, target)
        case s.Unlink(path):
            return disk.unlink(path)
        case s.CheckDirectory() | s.RemoveTree() | s.CopyTree():
            return _tree(world, step)
        case s.CheckPath() | s.FindDevices() | s.ReadInRoot():
            return _look(world, step)
        case s.MountOverlay() | s.Unmount():
            return _mount(world, step)
        case s.ListHost():
            return inventory(world)
        case _:
            return _on_processes(world, step)


def _tree(world: World, step: s.CheckDirectory | s.RemoveTree | s.CopyTree) -> s.Result:
    disk = world.disk
    match step:
        case s.CheckDirectory(path):
            number = disk.find(path)
            if number is None:
                return s.Absent()
            is_directory = disk.inodes[number].kind == "dir"
            return DONE if is_directory else s.Failed("ENOTDIR", f"{path}: Not a directory")
        case s.RemoveTree(path):
            if any(m == path or m.startswith(f"{path}/") for m in world.mounts):
                return s.Failed("EBUSY", f"{path}: Device or resource busy")
            for below in reversed([path, *disk.tree(path)]):
                disk.remove(below)
            return DONE
        case s.CopyTree(source, target):
            if disk.find(source) is None:
                return s.Failed("ENOENT", f"{source}: No such file or directory")
            return _copy(disk, source, target)


def _look(world: World, step: s.CheckPath | s.FindDevices | s.ReadInRoot) -> s.Result:
    """Of device nodes the world has none: every path is a file or a directory."""
    disk = world.disk
    match step:
        case s.CheckPath(path):
            return s.Absent() if disk.find(path) is None else DONE
        case s.FindDevices(path):
            number = disk.find(path)
            if number is None:
                return s.Absent()
            if disk.inodes[number].kind == "dir":
                return s.Devices(())
            return s.Failed("ENODEV", f"{path}: No device node")
        case s.ReadInRoot(root, path):
            if disk.find(root) is None:
                return s.Absent()
            # No simulated program writes to its root: an overlay shows what it was made of.
            found = disk.content(f"{world.mounts.get(root, root)}{path}")
            return s.Failed("EINVAL", path) if isinstance(found, s.Failed) else found


def _copy(disk: Disk, source: str, target: str) -> s.Result:
    if disk.find(target) is not None:
        return s.Failed("EEXIST", f"{target}: File exists")
    disk.make(target, "dir")
    for path, number in disk.walk(source):
        inode = disk.inodes[number]
        disk.make(target + path.removeprefix(source), inode.kind, inode.data)
    return DONE


def _mount(world: World, step: s.MountOverlay | s.Unmount) -> s.Result:
    match step:
        case s.MountOverlay(lower, upper, work, target):
            for path in (lower, upper, work, target):
                if world.disk.find(path) is None:
                    return s.Failed("ENOENT", f"{path}: No such file or directory")
            world.mounts[target] = lower
        case s.Unmount(path):
            gone = [m for m in world.mounts if m == path or m.startswith(f"{path}/")]
            for each in gone:
                del world.mounts[each]
    return DONE


def _on_processes(world: World, step: s.Step) -> Outcome:
    match step:
        case s.EndMembers(cgroup, marker):
            world.thaw(cgroup)
            for pid in _members(world, cgroup, marker):
                end_silent(world, pid)
                world.end(pid, 137, 9)
            return DONE
        case s.ListMembers(cgroup, marker):
            return s.Remaining(tuple(_members(world, cgroup, marker)))
        case s.RemoveCgroup(cgroup):
            if world.members(cgroup):
                return s.Failed("EBUSY", f"{cgroup}: Device or resource busy")
            world.remove_cgroup(cgroup)
            return DONE
        case s.ReadOom(cgroup):
            return s.OomCount(world.control_group(cgroup).oom_kills)
        case s.FreezeMembers() | s.ThawMembers() | s.ReadFreezer():
            return _freezer(world, step)
        case s.ReadControls() | s.WriteControl():
            return _control(world, step)
        case s.SignalProcess(process, signal):
            if world.alive(process) is None:
                return s.Gone()
            world.signal(process.pid, signal)
            return s.Done(world.wall)
        case s.StopProcess(process):
            found = world.alive(process)
            if found is None:
                return s.Gone()
            world.put(replace(found, stopped=True))
            return s.Stopped(1, found.image, found.cmdline)
        case s.WatchProcess(container_id, run, process, exec_id):
            if world.alive(process) is None:
                return s.Gone()
            if exec_id:
                world.kept.watched_execs[process.pid] = (container_id, run, exec_id)
            else:
                world.watched[process.pid] = (container_id, run)
            return DONE
        case s.WatchShim() | s.HoldOutput() | s.ReadExitStatus() | s.Release():
            return _on_held(world, step)
        case _:
            return _on_actors(world, step)


def _freezer(world: World, step: s.FreezeMembers | s.ThawMembers | s.ReadFreezer) -> s.Result:
    """Without a cgroup: by SIGSTOP and SIGCONT to whoever bears the mark."""
    cgroup, members = step.cgroup, _members(world, step.cgroup, step.marker)
    match step:
        case s.FreezeMembers():
            if not (cgroup in world.cgroups if cgroup else members):
                return s.Absent()
            if any(world.processes[member].cmdline in CANNOT_FREEZE for member in members):
                world.freeze(cgroup, wholly=False)
                return s.TimedOut()
            if cgroup:
                world.freeze(cgroup)
            _stop(world, members if not cgroup else [], stopped=True)
            return DONE
        case s.ThawMembers():
            if cgroup:
                world.thaw(cgroup)
            _stop(world, members if not cgroup else [], stopped=False)
            return DONE
        case s.ReadFreezer():
            if cgroup:
                return s.Freezer(world.control_group(cgroup).freezer == FROZEN)
            return s.Freezer(bool(members) and all(world.processes[m].stopped for m in members))


def _stop(world: World, pids: list[int], *, stopped: bool) -> None:
    for pid in pids:
        world.put(replace(world.processes[pid], stopped=stopped))


def _control(world: World, step: s.ReadControls | s.WriteControl) -> s.Result:
    if step.cgroup not in world.cgroups:
        return s.Controls(()) if isinstance(step, s.ReadControls) else s.Absent()
    group = world.control_group(step.cgroup)
    if isinstance(step, s.ReadControls):
        return group.read(step.names)
    written = group.write(step.name, step.value)
    if not isinstance(written, ControlGroup):
        return written
    world.control_groups[step.cgroup] = written
    return DONE


def _on_held(
    world: World, step: s.WatchShim | s.HoldOutput | s.ReadExitStatus | s.Release
) -> s.Result:
    """What a daemon holds open, and loses when it dies."""
    run = (step.container_id, step.run)
    match step:
        case s.WatchShim(directory=directory):
            one = world.shim_at(directory)
            if one is None:
                world.kept.shim_endings.append(run)
            else:
                world.kept.watched_shims[one.pid] = run
            return DONE
        case s.HoldOutput(directory=directory):
            if any(world.disk.find(f"{directory}/{name}") is None for name in ("stdout", "stderr")):
                return s.Absent()
            world.kept.held.add(run)
            return s.Held(1 if run in world.kept.unread else 0)
        case s.ReadExitStatus():
            told = world.kept.told.get(run)
            return s.Absent() if told is None else s.ExitStatus(*told)
        case s.Release():
            world.release(run)
            return DONE


def _members(world: World, cgroup: str, marker: str) -> list[int]:
    return world.members(cgroup) if cgroup else world.bearers(marker)


def _on_actors(world: World, step: s.Step) -> Outcome:
    match step:
        case s.BeginShim(directory, marker):
            return _begin_shim(world, directory, marker)
        case s.SpawnShim(directory, marker, timeout_ms):
            begun = _begin_shim(world, directory, marker)
            deadline = world.monotonic + timeout_ms * 1_000_000
            pending = Pending("spawn", directory, 0, 0, deadline)
            return pending if isinstance(begun, s.Done) else begun
        case s.CallShim(directory, op, body, timeout_ms):
            return _call_shim(world, directory, op, body, timeout_ms)
        case s.RunRuntime(argv, lock, marker, timeout_ms):
            call = begin_call(world, argv, lock, marker, DAEMON)
            if call is None:
                return s.Failed("ENOENT", f"{argv[0]}: No such file or directory")
            return Pending("call", "", call.pid, 0, world.monotonic + timeout_ms * 1_000_000)
        case s.Fence():
            for one in (step, *step.also):
                fence(world, one.lock, one.marker, one.state_directory)
            return DONE
        case _:
            raise AssertionError(step)


def _begin_shim(world: World, directory: str, marker: str) -> s.Result:
    if directory in world.shims:
        return DONE
    if world.disk.find(directory) is None:
        world.forget_earlier_use_of(run_of(directory))
    made = world.disk.make(directory, "dir")
    if not isinstance(made, s.Done):
        return made
    # Where its shim makes them; a successor finds them there.
    for name in ("stdout", "stderr"):
        world.disk.make(f"{directory}/{name}", "fifo")
    process = world.spawn(Process("request", DAEMON))
    world.lock(f"{directory}/alive", process.pid)
    world.shims[directory] = Shim(process.pid, directory, marker)
    # It hears nothing of its creator's end before a create: it leaves by itself, or is fenced.
    world.connections[directory] = world.next_connection
    world.next_connection += 1
    return DONE


def _call_shim(world: World, directory: str, op: str, body: str, timeout_ms: int) -> Outcome:
    one = world.shim_at(directory)
    if one is None:
        return s.Absent()
    if directory not in world.connections:
        world.connections[directory] = world.next_connection
        world.next_connection += 1
    connection, seq = world.connections[directory], world.next_connection
    world.next_connection += 1
    request = Requested(connection, seq, op, body)
    world.shims[directory] = replace(one, inbox=(*one.inbox, request))
    return Pending("shim", directory, connection, seq, world.monotonic + timeout_ms * 1_000_000, op)


def poll(world: World, pending: Pending) -> s.Result | None:
    """The result of a step that waited; None: it waits still."""
    match pending.kind:
        case "call":
            answer = world.ended_calls.pop(pending.connection, None)
            if answer is not None:
                return s.RuntimeAnswer(answer.code, answer.stdout, answer.stderr, world.wall)
            if pending.connection not in world.calls:
                return s.RuntimeAnswer(137, "", "killed", world.wall)
        case "spawn":
            one = world.shims.get(pending.name)
            if one is None:
                return s.Failed("ESRCH", "the shim ended before it was ready")
            if one.bound:
                return DONE
        case _:
            body = world.shim_answers.pop((pending.name, pending.connection, pending.seq), None)
            if body is not None:
                heard(world, pending.name, pending.op)
                return s.ShimAnswer(body)
            if pending.name not in world.shims:
                return s.Absent()
    if world.monotonic >= pending.deadline:
        return _timed_out(world, pending)
    return None


def is_over(world: World, pending: Pending) -> bool:
    """Whether `poll` would have a result now; nothing changes by the question."""
    match pending.kind:
        case "call":
            has_come = pending.connection not in world.calls
        case "spawn":
            one = world.shims.get(pending.name)
            has_come = one is None or one.bound
        case _:
            answer = (pending.name, pending.connection, pending.seq)
            has_come = answer in world.shim_answers or pending.name not in world.shims
    return has_come or world.monotonic >= pending.deadline


def _timed_out(world: World, pending: Pending) -> s.Result:
    match pending.kind:
        case "call":
            end_call(world, pending.connection)
        case "shim":
            waited_in_vain(world, pending.name, pending.op)
        case _:
            pass
    return s.TimedOut()


def inventory(world: World) -> s.Inventory:
    """What bears our instance, by the names on the host."""
    found = run_names(world)
    runs = sorted((name.rpartition("-")[0], int(name.rpartition("-")[2])) for name in found)
    directories, trash = names_in(world, "/data/containers"), names_in(world, "/data/trash")
    return s.Inventory(tuple(directories), tuple(runs), tuple(trash))


def run_names(world: World) -> set[str]:
    """<id>-<n> of each run of which something is there."""
    found = {*names_in(world, "/run/shims")}
    found.update(name for name in names_in(world, "/run/runtime") if not name.startswith("."))
    found.update(name.rpartition(".")[0] for name in names_in(world, "/run/calls"))
    found.update(cgroup.rpartition("/")[2] for cgroup in world.cgroups)
    return found


def names_in(world: World, path: str) -> Iterable[str]:
    return world.disk.inside(path)
