"""Containers that were created to go when they have ended: do they, do no others, and is their end told?

A part of I5, I11 and I15, by rows, intents and what clients were told. Nothing here may ask the core.
"""

from collections.abc import Mapping

from conman.core.model import Change, Container, DropContainer, Intent, State
from scenarios.clients import Told
from scenarios.violation import Violation
from scenarios.world import World


def committed(
    world: World,
    before: Mapping[str, Container],
    intents: Mapping[str, Intent],
    changes: tuple[Change, ...],
) -> None:
    """A transaction is durable; `before`, `intents`: as they were. Raises Violation."""
    for change in changes:
        if isinstance(change, DropContainer) and change.id in before and change.id in intents:
            row, is_asked_for = before[change.id], bool(intents[change.id].request_id)
            goes = row.spec.auto_remove and row.state is State.EXITED
            if not is_asked_for:
                world.by_itself = (*world.by_itself, ("goes", row.id))
            if not (is_asked_for or goes):
                raise Violation("I15", f"{row.name} is removed, and nobody asked for that")


def answered(world: World, told: Told) -> None:
    """Who waits until it is gone is told how it had ended."""
    if told.ask.verb != "wait-removed":
        return
    ends = {run: how for run, how in world.terminal.items() if run[0] == told.container_id}
    code = ends[max(ends)][0] if ends else None
    if told.code is None or told.code != code:
        raise Violation("I11", f"{told.ask.name} ended with {code}, and {told.code} is told")


def at_rest(world: World) -> None:
    """Whatever was to go has gone."""
    for row in world.storage.containers.values():
        if row.spec.auto_remove and row.state is State.EXITED:
            raise Violation("I5", f"{row.name} has ended, and is never removed")
