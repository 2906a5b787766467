"""The host effects of a start: the call, and the evidence of what came of it."""

from conman.core.effects.effect import HostEffect
from conman.frozen import frozen


@frozen
class RuntimeStart(HostEffect):
    """The runtime's start; cannot be repeated: after anything but an answer, look."""

    container_id: str
    run: int
    runtime: str


@frozen
class LookAtExecFifo(HostEffect):
    """Done: what a waiting init waits at is there yet, so that a start has done nothing, whatever it answered.

    Absent also of a runtime that has no such thing.
    """

    container_id: str
    run: int


@frozen
class LookForStart(HostEffect):
    """Whether this boot's start call was ever begun: Content, or Absent."""

    container_id: str
    run: int


@frozen
class ForgetStart(HostEffect):
    """The start call is void: its init, proven not to have run, is about to be ended by us."""

    container_id: str
    run: int
