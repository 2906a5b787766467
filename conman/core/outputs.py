"""What goes out of the machine, and what comes in by itself. Values, for drivers and recorders."""

from conman.core.effects.effect import Effect
from conman.core.requests import Reply
from conman.errors import Refusal
from conman.frozen import frozen


@frozen
class Perform:
    """Perform this effect; then `complete(ticket, outcome)`. `point` is its crash point's name.

    `object_id`: whose it is, for the log.
    """

    ticket: int
    effect: Effect
    point: str
    object_id: str = ""


@frozen
class Alarm:
    """`complete(ticket, DeadlinePassed())` at `at` (monotonic ns). A late alarm does no harm."""

    ticket: int
    at: int


@frozen
class Send:
    """The answer to the call with this number."""

    call: int
    reply: Reply


@frozen
class Ready:
    """Recovery has looked at everything: requests are answered from here on."""


@frozen
class SagaBegan:
    """Nothing to do, like the next two: for logs and measures. `object_id` "": the host's."""

    saga: str
    object_id: str
    request_id: str


@frozen
class SagaEnded:
    """`refusal`: what it came to, when it was refused; also of one that was undone.

    `warnings`: what was done without, a sentence each.
    """

    saga: str
    object_id: str
    refusal: Refusal | None
    warnings: tuple[str, ...] = ()


@frozen
class Marked:
    """This object is UNKNOWN from now on, for this reason; "": no longer."""

    object_id: str
    reason: str
    message: str


Told = SagaBegan | SagaEnded | Marked
Output = Perform | Alarm | Send | Ready | Told


@frozen
class InitEnded:
    """A watched init of this run has ended."""

    container_id: str
    run: int


@frozen
class ShimEnded:
    """The shim of this run has ended, or there was none when it was looked for."""

    container_id: str
    run: int


@frozen
class ExecEnded:
    """The watched process of this exec has ended."""

    container_id: str
    run: int
    exec_id: str


Observation = InitEnded | ShimEnded | ExecEnded
