"""What an exploration goes from and to: hosts without a daemon, and what may happen to them there."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conman.core.admission import Setting
from conman.core.machine import Machine
from scenarios import actors, power
from scenarios.befalling import befall
from scenarios.clients import Client
from scenarios.cut_names import with_commit
from scenarios.schedule import Schedule
from scenarios.simulator import Simulator
from scenarios.story import Story
from scenarios.world import RUN, World


@dataclass(slots=True)
class Node:
    """A host without a daemon, and the clients' histories. `path`: how it came to be."""

    world: World
    client: Client
    path: tuple[str, ...]

    @property
    def deaths(self) -> int:
        return sum(choice.startswith("crash@") for choice in self.path)


def initial(story: Story, born: Callable[[Setting], Machine] = Machine) -> Node:
    """The story's host, after what is given (no crash in that). `born`: by another machine."""
    world = World()
    world.kept.kernel_tells = story.kernel_tells
    world.overlays = story.overlays
    client = Client(story.given)
    if story.given:
        simulator = Simulator(world, client, Schedule())
        simulator.machine = born(simulator.machine.setting)
        simulator.run()
        world.daemon_dies()
    for what in story.befalls:
        befall(world, what)
    history = (*client.history, *(what.told() for what in story.befalls))
    client = Client(story.given + story.asks, len(story.given), history)
    return Node(world, client, (story.name,))


def moves(world: World) -> Iterator[tuple[str, actors.Actor]]:
    """Who can go on without a daemon, by the name of that choice."""
    counts = Counter[str]()
    for actor in actors.enabled(world):
        counts[actor[0]] += 1
        yield _counted(f"goes-on@{actor[0]}", counts[actor[0]]), actor


def passing(point: str, count: int) -> str:
    """The name of an instant within one life: a point, and which passing of it."""
    return point if count == 1 else f"{point}~{count}"


def _counted(name: str, count: int) -> str:
    return name if count == 1 else f"{name}#{count}"


def without_daemon(node: Node, *, undisturbed: bool = False) -> Iterator[Node]:
    """What may happen while no daemon lives. `undisturbed`: others go on, and that is all."""
    for name, actor in moves(node.world):
        world = node.world.clone()
        actors.act(world, actor)
        yield Node(world, node.client, (*node.path, name))
    if not undisturbed:
        yield from _disturbed(node)


def _disturbed(node: Node) -> Iterator[Node]:
    """A shim is killed, or the power is cut."""
    for count, directory in enumerate(node.world.shims, 1):
        world = node.world.clone()
        world.shim_killed(directory)
        yield Node(world, node.client, (*node.path, _counted("shim-killed", count)))
    for name, disk in power.cuts(node.world.disk, RUN):
        for kept, world in _of_store(name, node.world):
            world.power_cut(disk)
            yield Node(world, node.client, (*node.path, f"power-cut@{kept}"))


def _of_store(name: str, world: World) -> Iterator[tuple[str, World]]:
    """Of what was written and not synced nothing is left, or all."""
    lost = world.clone()
    if lost.storage.unsynced:
        lost.storage.lose()
        yield with_commit(name), world.clone()
    yield name, lost
