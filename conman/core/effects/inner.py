"""The effects that never leave the machine: waiting, telling, marking. It does them itself, at once.

They are effects all the same, so that a saga has one way to say what it wants. Nothing here may need a
host or a store.
"""

from conman.core.effects.effect import Effect
from conman.errors import Refusal
from conman.frozen import frozen


class MachineEffect(Effect):
    """Performed by the machine itself."""

    __slots__ = ()


@frozen
class AwaitExit(MachineEffect):
    """Ended, or DeadlinePassed. `deadline`: monotonic ns; 0 = none. Others may come between, and change the row."""

    container_id: str
    run: int
    deadline: int


@frozen
class Reread(MachineEffect):
    """Its container as it is by now."""

    container_id: str


@frozen
class WaitFor(MachineEffect):
    """DeadlinePassed, after `duration_ns`."""

    container_id: str
    duration_ns: int


@frozen
class Tell(MachineEffect):
    """The caller is answered now; the saga goes on."""

    refusal: Refusal


@frozen
class Mark(MachineEffect):
    """Conman cannot vouch for this object now: UNKNOWN, with this reason. "" lifts the mark."""

    container_id: str
    reason: str
    message: str
