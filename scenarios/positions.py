"""Where a life of a daemon stands: the key of a host with a daemon on it.

Two lives at one position go on alike, so the rest of the second has been judged with the first. The core
is not understood here: all of its memory is rendered, its suspended sagas too, and only what is named
below is left out, each with its reason (decision 19).
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from scenarios import keys
from scenarios.pieces import Piece, key, piece
from scenarios.rendering import rendered
from scenarios.simulator import Simulator
from scenarios.world import World

_LEFT_OUT = frozenset(
    {
        # The next names of chance.
        "Machine._tickets",
        "Simulator._calls",
        # Set by every input before it is read.
        "Machine._now",
        # Constants of the exploration, but for the boot's id, which the world's key has.
        "Machine.setting",
        # Rendered apart.
        "Machine._waiting",
        "Simulator.world",
        "Simulator.client",
        "Simulator.jobs",
        "Simulator.alarms",
        # Of the strikes only those to come count: there the explorer does not ask.
        "Simulator.schedule",
        "Simulator.events",
        "Simulator.commits",
        # What the explorer counts and hears; none of it is read by what happens.
        "Simulator.lived",
        "Simulator.choices",
        "Simulator.turned",
        "Simulator.on_point",
        "Simulator.on_turn",
        "Simulator._on_line",
        "Simulator.seen",
        # Whether the world changed since the last point: if it did, both have been there.
        "Simulator._dirty",
    }
)


def of(simulator: Simulator, *judged_by: object, leave_out: frozenset[str] = frozenset()) -> bytes:
    """The key. `judged_by`: what else the verdict at the end depends on.

    `leave_out`: attributes of a driver of another kind, by the caller's reasons.
    """
    return key(
        (
            *keys.pieces(simulator.world),
            *_with_daemon(simulator.world),
            *_tickets(simulator),
            *rendered(
                (list(simulator.waiting().values()), simulator),
                _of_kind(type(simulator)) | leave_out,
            ),
            piece(repr((simulator.client.key(), judged_by))),
        )
    )


@cache
def _of_kind(kind: type) -> frozenset[str]:
    """A driver's attributes are rendered under the name of its own class."""
    return frozenset(name.replace("Simulator.", f"{kind.__name__}.") for name in _LEFT_OUT)


def _with_daemon(world: World) -> Iterator[Piece]:
    """What the daemon's death would erase."""
    held = (
        world.connections,
        world.shim_answers,
        world.watched,
        world.endings,
        world.ended_calls,
        world.kept,
    )
    yield from rendered(held)
    for one in world.shims.values():
        yield _numbered((one.state, one.inbox))


def _numbered(value: object) -> Piece:
    """With the numbers of connections and questions as names."""
    return piece(repr(value).replace("=", "~"))


def _tickets(simulator: Simulator) -> Iterator[Piece]:
    """What the core waits for and who will tell it, tickets in order instead of by number."""
    waiting = simulator.waiting()
    order = {ticket: place for place, ticket in enumerate(waiting)}
    now = simulator.world.monotonic
    for job in simulator.jobs:
        yield piece(f"{order.get(job.perform.ticket)} {job.perform.point} {job.index}")
        yield piece(repr(job.outcome))
        yield _numbered(job.pending and replace(job.pending, deadline=job.pending.deadline - now))
    alarms = [(order.get(ticket), at and at - now) for ticket, at in simulator.alarms.items()]
    yield piece(repr(alarms))
