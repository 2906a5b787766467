"""What of a step a death may leave half done: a write is torn, of members some are frozen, of a tree some is removed.

Each half is done in turn, and then is an instant at which the daemon could die. It must never finish the step.
"""

from collections.abc import Iterator
from dataclasses import replace

from conman.primitives import steps as s
from scenarios.performing import perform
from scenarios.world import World


def by_halves(world: World, step: s.Step) -> Iterator[str]:
    """The name of each, once it is done."""
    match step:
        case s.WriteFile(data=data):
            perform(world, replace(step, data=data[: len(data) // 2]))
            yield "torn"
        case s.FreezeMembers(cgroup=cgroup) if cgroup in world.cgroups:
            world.freeze(cgroup, wholly=False)
            yield "half"
        case s.RemoveTree(path=tree) if not world.mounts:
            for path in reversed(world.disk.tree(tree)):
                world.disk.remove(path)
                yield "partly"
        case _:
            pass
