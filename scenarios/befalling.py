"""What befalls a simulated host between what a story is given and what its client asks, while no daemon lives.

Each is what somebody else does to the host: a stranger, the kernel, the power. Nothing here may touch what
only conman writes, but for what the stranger is said to remove.
"""

from dataclasses import replace

from scenarios import power
from scenarios.story import Befalls
from scenarios.world import RUN, SECOND, World, run_of


def befall(world: World, what: Befalls) -> None:
    """It happens, to all containers that there are."""
    match what:
        case Befalls.SHIM_KILLED:
            for directory in list(world.shims):
                world.shim_killed(directory)
        case Befalls.SHIM_HANGS:
            for one in list(world.shims.values()):
                world.put(replace(world.processes[one.pid], stopped=True))
            world.disturbed = True
        case Befalls.PROGRAM_KILLED:
            _kill_programs(world)
        case Befalls.RUN_REMOVED:
            _remove_run(world)
        case Befalls.RUNTIME_DELETED:
            delete_from_runtime(world)
        case Befalls.UNMOUNTED:
            world.mounts.clear()
            world.disturbed = True
        case Befalls.LOG_MOVED:
            for row in world.storage.containers.values():
                log = world.layout().log(row.id)
                world.disk.rename(log, f"{log}-moved")
        case Befalls.REBOOT:
            _reboot(world)
        case Befalls.CLOCK_SET_BACK:
            world.clock_error = -1_000 * SECOND
        case Befalls.TIME_PASSES:
            world.monotonic += 60 * SECOND


def _kill_programs(world: World) -> None:
    for process in list(world.processes.values()):
        if process.kind == "init" and process.alive:
            world.signal(process.pid, 9)


def _remove_run(world: World) -> None:
    """In this boot; the next daemon makes it anew, and knows."""
    for path in reversed(world.disk.tree(RUN)):
        world.disk.remove(path)
    world.kept.has_lost_run = True
    world.make_run()


def delete_from_runtime(world: World) -> None:
    """As `delete --force` does it: the program, its cgroup, the runtime's state."""
    world.disturbed = True
    for process in list(world.processes.values()):
        if process.kind == "init" and process.alive:
            world.signal(process.pid, 9)
            # As runc does after KILL: what stands still dies only when it goes on.
            world.thaw(process.cgroup)
            world.remove_cgroup(process.cgroup)
            container_id, run = run_of(process.cgroup)
            state = f"{RUN}/runtime/{container_id}-{run}"
            for path in reversed([state, *world.disk.tree(state)]):
                world.disk.remove(path)


def _reboot(world: World) -> None:
    """In good order: all that was written is on the disk; RUN is in memory."""
    for path in reversed(world.disk.tree(RUN)):
        world.disk.remove(path)
    world.disk.sync_all("")
    cut = power.one_cut(world.disk, RUN, lambda _options: 0)
    assert cut is not None, "a disk without a choice has one outcome"
    world.power_cut(cut[1])
