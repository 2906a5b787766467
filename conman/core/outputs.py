"""What goes out of the machine, and what comes in by itself. Values, for drivers and recorders."""

from dataclasses import dataclass

from conman.core.effects.effect import Effect
from conman.core.requests import Reply


@dataclass(frozen=True, slots=True)
class Perform:
    """Perform this effect; then `complete(ticket, outcome)`. `point` is its crash point's name."""

    ticket: int
    effect: Effect
    point: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """`complete(ticket, DeadlinePassed())` at `at` (monotonic ns). A late alarm does no harm."""

    ticket: int
    at: int


@dataclass(frozen=True, slots=True)
class Send:
    """The answer to the call with this number."""

    call: int
    reply: Reply


@dataclass(frozen=True, slots=True)
class Ready:
    """Recovery has looked at everything: requests are answered from here on."""


Output = Perform | Alarm | Send | Ready


@dataclass(frozen=True, slots=True)
class InitEnded:
    """A watched init of this run has ended."""

    container_id: str
    run: int
