"""One path of an exploration again, with its trace."""

from scenarios import oracle
from scenarios.nodes import Node, initial, without_daemon
from scenarios.simulator import LineHandler, Schedule, Simulator
from scenarios.story import Story
from scenarios.verdict import judged, terms
from scenarios.violation import Violation


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
        judged(simulator, terms(node))
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
