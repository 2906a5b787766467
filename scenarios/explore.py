"""Every crash of a story, to the fixpoint: recovery proven for any number of crashes.

The daemon's death erases the core's memory, so after it only the world and the clients' histories
matter. A node is such a state. From each: the surviving actors go on by one thing, a shim is killed, the
power is cut (every outcome), or a daemon boots and runs the story to its end, while each instant at which
it could die makes a new node. Nodes that are equal but for chance are one. When none is left, every
number of crashes has been tried.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from time import monotonic

from conman.core.requests import ContainerList, ListContainers, Okay
from scenarios import actors, keys, oracle, power, specification
from scenarios.clients import Ask, Client, request_of
from scenarios.simulator import (
    CALL_HANGS,
    SHIM_DIES,
    UNKNOWN_KEPT,
    UNKNOWN_LOST,
    LineHandler,
    Schedule,
    Simulator,
)
from scenarios.story import Story
from scenarios.violation import Violation
from scenarios.world import RUN, World

Key = tuple[object, ...]

SCHEDULES = (Schedule(eager=False), Schedule(eager=True))


@dataclass(slots=True)
class Node:
    """A host without a daemon, and the clients' histories. `path`: how it came to be."""

    world: World
    client: Client
    path: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """What an exploration saw."""

    story: str
    points: set[str] = field(default_factory=set[str])
    states: int = 0
    runs: int = 0
    crashes: int = 0
    seconds: float = 0.0
    fixpoint: bool = False
    violations: list[tuple[str, tuple[str, ...], str]] = field(
        default_factory=list[tuple[str, tuple[str, ...], str]]
    )


class Explorer:
    """One story, explored breadth first."""

    def __init__(self, story: Story, *, deadline: float = float("inf")) -> None:
        self.story, self.deadline = story, deadline
        self.report = Report(story.name)
        self._seen: dict[Key, bool] = {}
        self._texts: dict[Key, bool] = {}
        self._frontier: deque[Node] = deque()

    def explore(self, *, stop_at_first: bool = True) -> Report:
        """Until nothing is new, the deadline passes, or (by default) a violation is found."""
        began = monotonic()
        start = initial(self.story)
        self._is_new(start.world, start.client)
        self._frontier.append(start)
        self._strikes(start)
        while self._frontier and not (stop_at_first and self.report.violations):
            if monotonic() > self.deadline:
                break
            self._expand(self._frontier.popleft())
        self.report.fixpoint = not self._frontier
        self.report.states = len(self._seen)
        self.report.seconds = monotonic() - began
        return self.report

    # ---- nodes

    def _is_new(self, world: World, client: Client) -> bool:
        """Whether nobody went on from here, or only from a world that is forgiven more."""
        self.report.crashes += 1
        text, told = keys.raw(world), client.key()
        # Renaming costs more than all the rest, and most states are seen again under the same names.
        if self._is_known(self._texts, (_digest(text), told), world):
            return False
        return not self._is_known(self._seen, (_digest(keys.renamed(text)), told), world)

    @staticmethod
    def _is_known(known: dict[Key, bool], key: Key, world: World) -> bool:
        """`known`: whether all who came here were disturbed; then calls may fail that else may not."""
        before = known.get(key)
        known[key] = world.disturbed and before is not False
        return before is not None and (world.disturbed or not before)

    def _expand(self, node: Node) -> None:
        for schedule in SCHEDULES:
            self._run(node, schedule)
        for child in without_daemon(node):
            if self._is_new(child.world, child.client):
                self._guarded(child.path, lambda child=child: oracle.always(child.world))
                self._frontier.append(child)

    def _strikes(self, start: Node) -> None:
        """From the first state only: what happens while a daemon lives, at each of its events."""
        events, commits = self._run(start, SCHEDULES[0])
        lengths = {
            SHIM_DIES: events,
            CALL_HANGS: events,
            UNKNOWN_KEPT: commits,
            UNKNOWN_LOST: commits,
        }
        for kind, length in lengths.items():
            for index in range(length):
                self._run(start, Schedule(strike=index, kind=kind))

    def _run(self, node: Node, schedule: Schedule) -> tuple[int, int]:
        """One life of a daemon; how many events and commits it had up to its rest."""
        self.report.runs += 1
        world, client = node.world.clone(), node.client.clone()
        path = (*node.path, schedule.name())
        count = 0

        def on_point(point: str, changed: bool) -> None:  # noqa: FBT001 - a callback
            nonlocal count
            count += 1
            self.report.points.add(point)
            if not changed or (schedule.strike >= 0 and not world.disturbed):
                return
            if self._is_new(world, client):
                oracle.always(world)
                dead = world.clone()
                dead.daemon_dies()
                self._frontier.append(Node(dead, client.clone(), (*path, f"crash@{point}~{count}")))

        simulator = Simulator(world, client, schedule, on_point=on_point)
        self._guarded(path, lambda: judged(simulator, oracle.innocents(node.world)))
        return simulator.lived

    def _guarded(self, path: tuple[str, ...], action: Callable[[], object]) -> None:
        try:
            action()
        except Violation as violation:
            self.report.violations.append((violation.invariant, path, violation.what))


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def initial(story: Story) -> Node:
    """The story's host, after what is given (no crash in that)."""
    world = World()
    client = Client(story.given)
    if story.given:
        Simulator(world, client, Schedule()).run()
        world.daemon_dies()
    return Node(
        world, Client(story.given + story.asks, len(story.given), client.history), (story.name,)
    )


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


def judged(simulator: Simulator, innocent: tuple[int, ...]) -> None:
    """Run to the end, then the full oracle, then the probe."""
    story_is_over = simulator.client.next_request() is None
    simulator.run()
    world = simulator.world
    if not simulator.is_ready:
        raise Violation("I1", "conmand did not become ready")
    if simulator.client.next_request() is not None:
        raise Violation("I5", f"never answered: {simulator.client.describe()}")
    oracle.always(world)
    oracle.at_rest(world)
    if story_is_over:
        oracle.unharmed(world, innocent)
    possible = specification.explains(
        simulator.client.history, rebooted=world.boot > 1, disturbed=world.disturbed
    )
    simulator.calm()
    _listed(simulator, possible)
    probe(simulator, sorted(possible))


def _listed(simulator: Simulator, possible: dict[str, set[str]]) -> None:
    """What the API says at rest is one of the states that the history allows."""
    reply = simulator.ask(ListContainers())
    if not isinstance(reply, ContainerList):
        raise Violation("I8", f"list was answered {reply}")
    told = {view.name: view.state.value for view in reply.containers}
    for name, states in possible.items():
        if told.get(name, specification.ABSENT) not in states:
            raise Violation(
                "I9", f"{name} is {told.get(name)}; its history allows {sorted(states)}"
            )
    for name in sorted(set(told) - set(possible)):
        raise Violation("I9", f"{name} is listed, and nobody was told that it was created")


def probe(simulator: Simulator, names: list[str]) -> None:
    """Everything can be removed at the first call, every name used again, and nothing is left."""
    world = simulator.world
    for count, row in enumerate(sorted(world.storage.containers.values(), key=lambda row: row.id)):
        reply = simulator.ask(
            request_of(Ask("remove", row.id, force=True), f"probe-remove-{count}")
        )
        if not isinstance(reply, Okay):
            raise Violation("I6", f"remove --force of {row.name}: {reply}")
    for count, name in enumerate(names):
        reply = simulator.ask(request_of(Ask("create", name), f"probe-create-{count}"))
        if not hasattr(reply, "container_id"):
            raise Violation("I2", f"create under the old name {name}: {reply}")
        reply = simulator.ask(request_of(Ask("remove", name), f"probe-remove-again-{count}"))
        if not isinstance(reply, Okay):
            raise Violation("I6", f"remove of {name}: {reply}")
    left = oracle.census(world)
    if left:
        raise Violation("I7", f"after everything was removed: {left}")


def replay(story: Story, path: tuple[str, ...], on_line: LineHandler) -> str | None:
    """Repeat one path with its trace. The violation's words; None when there is none now."""
    node = initial(story)
    try:
        for index, choice in enumerate(path[1:]):
            kind = choice.partition("@")[0]
            on_line("CHOICE", choice, "")
            if kind in {"goes-on", "shim-killed", "power-cut"}:
                node = _same(node, choice, path[: index + 2])
                oracle.always(node.world)
            elif kind == "crash":
                continue
            else:
                following = path[index + 2] if index + 2 < len(path) else ""
                node = _again(node, choice, following, on_line)
    except Violation as violation:
        return str(violation)
    return None


def _same(node: Node, choice: str, path: tuple[str, ...]) -> Node:
    for child in without_daemon(node):
        if child.path[-1] == choice:
            return Node(child.world, child.client, path)
    raise LookupError(f"diverged: {choice} cannot happen here")


def _again(node: Node, schedule_name: str, crash: str, on_line: LineHandler) -> Node:
    """One life of a daemon, until the point at which it dies, if it does."""
    schedule = _schedule(schedule_name)
    world, client = node.world.clone(), node.client.clone()
    wanted = crash.removeprefix("crash@") if crash.startswith("crash@") else ""
    dead: list[Node] = []
    count = 0

    def on_point(point: str, _changed: bool) -> None:  # noqa: FBT001 - a callback
        nonlocal count
        count += 1
        oracle.always(world)
        if f"{point}~{count}" == wanted:
            copy = world.clone()
            copy.daemon_dies()
            dead.append(Node(copy, client.clone(), node.path))
            raise StopIteration

    simulator = Simulator(world, client, schedule, on_point=on_point, on_line=on_line)
    try:
        judged(simulator, oracle.innocents(node.world))
    except (StopIteration, RuntimeError):
        if not dead:
            raise
    if wanted and not dead:
        raise LookupError(f"diverged: {wanted} was not passed")
    return dead[0] if dead else node


def _schedule(name: str) -> Schedule:
    base, _, strike = name.partition(",")
    kind, _, event = strike.partition("@")
    return Schedule(base == "eager", int(event) if event else -1, kind)
