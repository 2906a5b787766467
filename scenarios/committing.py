"""From a transaction that can be seen to one that is durable; between the two a daemon may die, and the power be cut.

The ghosts, what was told of the end of each run and the like, know of a transaction once it is durable. It must
never be so before somebody has synced it: the daemon that wrote it, or the next, before it believes what it sees.
"""

from scenarios import oracle, removing, restarting, told_events
from scenarios.world import World


def make_durable(world: World) -> None:
    """All that was written. Raises Violation."""
    for one in world.storage.unsynced:
        earlier, changes = one.earlier, one.changes
        oracle.committed(world, earlier.intents, changes)
        restarting.committed(world, earlier.containers, earlier.intents, changes)
        removing.committed(world, earlier.containers, earlier.intents, changes)
        told_events.committed(earlier.containers, changes)
    world.storage.sync()
