"""What an exploration goes from and to: hosts without a daemon, and what may happen to them there."""

from collections.abc import Iterator
from dataclasses import dataclass

from scenarios import actors, power
from scenarios.clients import Client
from scenarios.simulator import Schedule, Simulator
from scenarios.story import Story
from scenarios.world import RUN, World


@dataclass(slots=True)
class Node:
    """A host without a daemon, and the clients' histories. `path`: how it came to be."""

    world: World
    client: Client
    path: tuple[str, ...]


def initial(story: Story) -> Node:
    """The story's host, after what is given (no crash in that)."""
    world = World()
    world.kept.kernel_tells = story.kernel_tells
    client = Client(story.given)
    if story.given:
        Simulator(world, client, Schedule()).run()
        world.daemon_dies()
    if story.shim_is_dead:
        for directory in list(world.shims):
            world.shim_killed(directory)
    if story.run_is_lost:
        _remove_run(world)
    return Node(
        world, Client(story.given + story.asks, len(story.given), client.history), (story.name,)
    )


def _remove_run(world: World) -> None:
    """By somebody's hand, in this boot; the next daemon makes it anew, and knows."""
    for path in reversed(world.disk.tree(RUN)):
        world.disk.remove(path)
    world.kept.has_lost_run = True
    world.make_run()


def without_daemon(node: Node) -> Iterator[Node]:
    """What may happen while no daemon lives."""
    for actor in actors.enabled(node.world):
        world = node.world.clone()
        actors.act(world, actor)
        yield Node(world, node.client, (*node.path, f"goes-on@{actor[0]}"))
    for directory in node.world.shims:
        world = node.world.clone()
        world.shim_killed(directory)
        yield Node(world, node.client, (*node.path, "shim-killed"))
    for name, disk in power.cuts(node.world.disk, RUN):
        world = node.world.clone()
        world.power_cut(disk)
        yield Node(world, node.client, (*node.path, f"power-cut@{name}"))
