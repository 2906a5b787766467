"""What may be done to a container in which state, and what becomes of it: two tables.

Everything that asks "may I?" looks here, and the documentation's diagram is made from here. No row of
it may be repeated as an `if` elsewhere.
"""

from enum import Enum

from conman.core.model import Operation, State


class Verdict(Enum):
    """PROCEED: a saga; NOTHING: the wish is fulfilled already, OK; FORBIDDEN: FAILED_PRECONDITION."""

    PROCEED = "proceed"
    NOTHING = "nothing"
    FORBIDDEN = "forbidden"


_P, _N, _F = Verdict.PROCEED, Verdict.NOTHING, Verdict.FORBIDDEN
_STATES = (State.CREATED, State.RUNNING, State.PAUSED, State.EXITED, State.UNKNOWN)

#: Operation -> verdict in CREATED, RUNNING, PAUSED, EXITED, UNKNOWN. `remove` is without force.
_TABLE: dict[Operation, tuple[Verdict, Verdict, Verdict, Verdict, Verdict]] = {
    Operation.START: (_P, _N, _F, _P, _F),
    Operation.STOP: (_N, _P, _P, _N, _F),
    Operation.KILL: (_F, _P, _P, _F, _F),
    Operation.REMOVE: (_P, _F, _F, _P, _F),
    Operation.PAUSE: (_F, _P, _N, _F, _F),
    Operation.UNPAUSE: (_F, _F, _P, _F, _F),
    Operation.UPDATE: (_P, _P, _P, _P, _F),
    Operation.RENAME: (_P, _P, _P, _P, _F),
    Operation.CREATE_EXEC: (_F, _P, _F, _F, _F),
    Operation.START_EXEC: (_F, _P, _F, _F, _F),
    Operation.KILL_EXEC: (_F, _P, _P, _F, _F),
}

#: (state before, operation) -> state after; None: no more a container. What is not here changes none.
TRANSITIONS: dict[tuple[State | None, Operation], State | None] = {
    (None, Operation.CREATE): State.CREATED,
    (State.CREATED, Operation.START): State.RUNNING,
    (State.EXITED, Operation.START): State.RUNNING,
    (State.EXITED, Operation.RESTART): State.RUNNING,
    (State.RUNNING, Operation.PAUSE): State.PAUSED,
    (State.PAUSED, Operation.UNPAUSE): State.RUNNING,
    (State.RUNNING, Operation.STOP): State.EXITED,
    (State.PAUSED, Operation.STOP): State.EXITED,
    (State.RUNNING, Operation.SETTLE): State.EXITED,
    (State.PAUSED, Operation.SETTLE): State.EXITED,
    (State.CREATED, Operation.SETTLE): State.CREATED,
    (State.CREATED, Operation.REMOVE): None,
    (State.EXITED, Operation.REMOVE): None,
}


def verdict(
    operation: Operation, state: State, *, force: bool = False, awaits_restart: bool = False
) -> Verdict:
    """Whether `operation` may be done; `force` (of remove) lets every state proceed.

    `awaits_restart`: conman is about to start what has EXITED; that is for a stop to end.
    """
    if operation is Operation.REMOVE and force:
        return Verdict.PROCEED
    if operation is Operation.STOP and awaits_restart:
        return Verdict.PROCEED
    return _TABLE[operation][_STATES.index(state)]


def states_that_allow(operation: Operation) -> tuple[State, ...]:
    """For the sentence that refuses: the states in which it would not."""
    row = _TABLE[operation]
    return tuple(s for s, v in zip(_STATES, row, strict=True) if v is not Verdict.FORBIDDEN)
