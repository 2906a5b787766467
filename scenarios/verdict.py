"""The judgement of one life of a daemon: at rest, by the history, and by the probe after it."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from conman.core.requests import ContainerList, ListContainers, Okay, Reply, Request
from conman.core.tasks import Tasks
from scenarios import census, oracle, specification, told_events
from scenarios.clients import Ask, request_of
from scenarios.nodes import Node
from scenarios.simulator import Simulator
from scenarios.tally import met
from scenarios.violation import Violation

#: Whether recovery is all that this life is about, and which inits it then has no business with.
Terms = tuple[bool, tuple[int, ...]]


Asked = Callable[[Request], Reply]


def terms(node: Node) -> Terms:
    """What the judgement of a life depends on besides how it goes: whom it found."""
    story_is_over = node.client.next_request() is None
    return story_is_over, oracle.innocents(node.world) if story_is_over else ()


def judged(simulator: Simulator, agreed: Terms) -> None:
    """Run to the end, then the full oracle, then the probe."""
    simulator.run()
    judge(simulator, agreed)


def judge(simulator: Simulator, agreed: Terms) -> None:
    """At rest. Raises Violation."""
    world = simulator.world
    if not simulator.is_ready:
        raise Violation("I1", "conmand did not become ready")
    met("I1")
    if simulator.client.next_request() is not None:
        raise Violation("I5", f"never answered: {simulator.client.describe()}")
    oracle.always(world)
    oracle.at_rest(world)
    told_events.at_rest(world)
    story_was_over, innocent = agreed
    if story_was_over:
        oracle.unharmed(world, innocent)
    possible = specification.explains(
        simulator.client.history, rebooted=world.boot > 1, disturbed=world.disturbed
    )
    simulator.calm()
    listed(simulator.ask, possible)
    probe(simulator, sorted(possible))


def close(*simulators: Simulator) -> None:
    """After the verdict: suspended sagas end where they stand, each. Raises RuntimeError if one goes on.

    Up to then they are kept: else their end would come when garbage is collected, in another's life.
    """
    with ExitStack() as all_of_them:
        for simulator in simulators:
            tasks: Tasks = vars(simulator.machine)["_tasks"]
            for task in tasks:
                all_of_them.callback(task.saga.close)


def listed(ask: Asked, possible: dict[str, set[str]]) -> None:
    """What the API says at rest is one of the states that the history allows."""
    reply = ask(ListContainers())
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


def probe(simulator: Simulator, names: Sequence[str]) -> None:
    """All of it, on the simulated host."""
    world = simulator.world
    removed(simulator.ask, sorted(world.storage.containers), names, lambda: census.found(world))
    oracle.let_go(world)


def removed(
    ask: Asked, ids: Sequence[str], names: Sequence[str], census: Callable[[], list[str]]
) -> None:
    """Everything can be removed at the first call, every name used again, and nothing is left."""
    for count, container_id in enumerate(ids):
        met("I6")
        reply = ask(request_of(Ask("remove", container_id, force=True), f"probe-remove-{count}"))
        if not isinstance(reply, Okay):
            raise Violation("I6", f"remove --force of {container_id}: {reply}")
    for count, name in enumerate(names):
        reply = ask(request_of(Ask("create", name), f"probe-create-{count}"))
        if not hasattr(reply, "container_id"):
            raise Violation("I2", f"create under the old name {name}: {reply}")
        reply = ask(request_of(Ask("remove", name), f"probe-remove-again-{count}"))
        if not isinstance(reply, Okay):
            raise Violation("I6", f"remove of {name}: {reply}")
    left = census()
    if left:
        raise Violation("I7", f"after everything was removed: {left}")
