"""What restart policies owe, said a second time: invariant I19, by rows, intents and the clock.

Of a commit it knows what was open before it. Whose end was asked for it remembers by itself, from the intents
of stops and the answers to kills. Nothing here may ask the core, or believe the row's own word for it.
"""

from collections.abc import Mapping

from conman.core.model import (
    Answer,
    Change,
    Container,
    DropAnswer,
    DropContainer,
    Intent,
    Operation,
    PutAnswer,
    PutContainer,
    State,
)
from conman.core.restart import RestartName
from scenarios.clients import Told, killed_with
from scenarios.tally import met
from scenarios.violation import Violation
from scenarios.world import SECOND, World

KILL = 9
_RESTART = Operation.RESTART
_BEGINS = (Operation.START, _RESTART)
_ALWAYS = (RestartName.ALWAYS, RestartName.UNLESS_STOPPED)
_LONGEST, _HEALTHY = 60 * SECOND, 10 * SECOND


def is_owed(row: Container, count: int, *, asked_for: bool) -> bool:
    """Whether a run must follow this one, which has ended. `count`: of restarts so far."""
    policy = row.spec.restart
    if asked_for or (row.reason == "StartError" and count == 0):
        return False
    is_failure = policy.name is RestartName.ON_FAILURE and row.exit_code != 0
    is_left = not policy.maximum_retry_count or count < policy.maximum_retry_count
    return policy.name in _ALWAYS or (is_failure and is_left)


def restarts_begun(world: World) -> int:
    """Of the container that was restarted most often; one that is under way counts."""
    under_way = {one.id for one in world.storage.intents.values() if one.operation is _RESTART}
    ids = {*world.restarts, *under_way}
    return max((world.restarts.get(one, 0) + (one in under_way) for one in ids), default=0)


def committed(
    world: World,
    before: Mapping[str, Container],
    intents: Mapping[str, Intent],
    changes: tuple[Change, ...],
) -> None:
    """A transaction is durable; `before`, `intents`: as they were. Raises Violation."""
    for change in changes:
        match change:
            case PutAnswer(answer) if answer.container_id in before:
                _note_signal(world, before[answer.container_id], answer)
            case DropAnswer(request_id):
                world.asked_to_end.pop(request_id, None)
            case DropContainer(object_id):
                world.restarts.pop(object_id, None)
                _forget_who_asked(world, object_id)
            case PutContainer(row) if row.id in before:
                _row(world, before[row.id], row, intents.get(row.id))
            case _:
                pass


def _note_signal(world: World, row: Container, answer: Answer) -> None:
    """A kill was sent, or may be from now on: this run's end is asked for, unless that is taken back."""
    signal = killed_with(answer.digest)
    is_sent = answer.refusal is None or answer.refusal.reason == "SignalMayBeSent"
    if is_sent and signal in (KILL, row.spec.stop_signal):
        world.asked_to_end[answer.request_id] = (row.id, row.run)


def _is_asked_for(world: World, row: Container) -> bool:
    return (row.id, row.run) in world.asked_to_end.values()


def _forget_who_asked(world: World, object_id: str) -> None:
    asked = world.asked_to_end.items()
    world.asked_to_end = {who: run for who, run in asked if run[0] != object_id}


def _row(world: World, old: Container, row: Container, intent: Intent | None) -> None:
    begun = row.state is State.RUNNING and (old.run != row.run or old.state is State.CREATED)
    over = row.state is State.EXITED and (old.state, old.run) != (State.EXITED, row.run)
    if begun or (over and row.reason == "StartError"):
        _begun(world, old, row, intent)
    if row.restart_count != world.restarts.get(row.id, 0):
        told = f"{row.restart_count} restarts of {row.name}"
        raise Violation("I19", f"{told} are told, and there were {world.restarts.get(row.id, 0)}")
    if over:
        _ended(world, row, intent)
    elif row.next_restart_at and row.next_restart_at != old.next_restart_at:
        raise Violation("I19", f"a restart of {row.name} is awaited, and nothing has ended")


def _begun(world: World, old: Container, row: Container, intent: Intent | None) -> None:
    """Another run: asked for, which counts anew, or owed, and not before its time."""
    if intent is None or intent.operation not in _BEGINS:
        raise Violation("I19", f"run {row.run} of {row.name} begins, and nobody wanted it")
    if intent.operation is Operation.START:
        world.restarts[row.id] = 0
        _forget_who_asked(world, row.id)
    else:
        met("I19")
        if not old.next_restart_at or _is_asked_for(world, old):
            raise Violation("I19", f"{row.name} is started again, and that is not owed")
        if intent.at < old.next_restart_at and not world.clock_error:
            raise Violation("I19", f"{row.name} is started again before its time")
        world.restarts[row.id] += 1
        world.by_itself = (*world.by_itself, ("restarts", row.id))


def _ended(world: World, row: Container, intent: Intent | None) -> None:
    is_stop = intent is not None and intent.operation is Operation.STOP
    asked_for = is_stop or _is_asked_for(world, row)
    owed = is_owed(row, world.restarts.get(row.id, 0), asked_for=asked_for)
    if owed:
        met("I19")
    if owed != bool(row.next_restart_at):
        says = f"{row.spec.restart.name.value}, {row.exit_code}, {row.restart_count} restarts"
        verb = "is" if owed else "is not"
        raise Violation("I19", f"a restart of {row.name} {verb} owed ({says})")
    delay = row.next_restart_at - row.finished_at if owed else 0
    if owed and not SECOND // 10 <= delay <= _LONGEST:
        raise Violation("I19", f"{row.name} is to wait {delay} ns for its next run")
    lasted = row.finished_at - row.started_at
    if owed and row.started_at and lasted >= _HEALTHY and delay != SECOND // 10:
        raise Violation("I19", f"{row.name} was healthy, and its back-off goes on")


def answered(world: World, told: Told) -> None:
    """A client was told that it is stopped: whatever the rows say, that is never undone."""
    for row in world.storage.containers.values():
        if told.ask.verb == "stop" and told.answer == "ok" and row.name == told.ask.name:
            world.asked_to_end[row.id] = (row.id, row.run)


def at_rest(world: World) -> None:
    """Whatever was owed has been done."""
    for row in world.storage.containers.values():
        if row.next_restart_at:
            raise Violation("I19", f"{row.name} has ended, and is never started again")
