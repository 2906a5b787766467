"""Whose a pid is: the simulated host gives each to a stranger, as soon as its owner was waited for.

Sooner than any host does, and without exception: so whoever ever reaches for a pid without asking whose it is
by now reaches a stranger, and no order of events is worse. Nothing here knows what conman wants.
"""

from conman.primitives.steps import ProcessId
from conman.shim.machine import ChildEnded
from scenarios.world import Process, World

#: When a stranger began who has a pid of this boot; pids are start times, and none is so small.
LATER = 4_000_001


def is_passed_on(world: World, pid: int) -> bool:
    """Whether a stranger has this pid: its owner has ended, and was waited for, or ended with another boot."""
    owner = world.processes.get(pid)
    return owner is None or not (owner.alive or _is_zombie(world, owner))


def is_strangers(world: World, process: ProcessId) -> bool:
    """Whether this is a stranger's identity.

    In this boot he began later than who had his pid before. In another boot he may have begun at the same
    time of it, to the tick: there only the boot's id tells.
    """
    if process.boot_id != world.boot_id or not is_passed_on(world, process.pid):
        return False
    began = LATER if process.pid in world.processes else process.pid
    return process.start_time == began


def _is_zombie(world: World, owner: Process) -> bool:
    """Its shim has yet to wait for it. Without a shim it is the host's own init that does, at once."""
    return any(
        isinstance(event, ChildEnded) and event.pid == owner.pid
        for one in world.shims.values()
        if one.pid == owner.parent
        for event in one.inbox
    )
