"""Everything that goes into a machine, as values: what the recorder writes and a replay feeds again.

It must hold all that the machine may depend on, clocks and entropy included, and nothing else.
"""

from collections.abc import Sequence
from typing import assert_never

from conman.core.admission import Now, Setting
from conman.core.effects.effect import Outcome
from conman.core.machine import Machine
from conman.core.model import Stored
from conman.core.outputs import Observation, Output
from conman.core.requests import Request
from conman.frozen import frozen


@frozen
class Boot:
    """The first input of a machine's life; `setting` is what it is made with."""

    setting: Setting
    stored: Stored
    now: Now


@frozen
class Submit:
    """A client's request."""

    call: int
    request: Request
    now: Now
    entropy: bytes


@frozen
class Forget:
    """Whoever asked with this call has gone away."""

    call: int


@frozen
class Complete:
    """The outcome of an effect, or an alarm that went off."""

    ticket: int
    outcome: Outcome
    now: Now


@frozen
class Observe:
    """What the driver saw by itself."""

    observation: Observation
    now: Now


Input = Boot | Submit | Forget | Complete | Observe


def feed(machine: Machine, given: Input) -> Sequence[Output]:
    match given:
        case Boot(_, stored, now):
            return machine.boot(stored, now)
        case Submit(call, request, now, entropy):
            return machine.submit(call, request, now, entropy)
        case Forget(call):
            machine.forget(call)
            return ()
        case Complete(ticket, outcome, now):
            return machine.complete(ticket, outcome, now)
        case Observe(observation, now):
            return machine.observe(observation, now)
        case _:
            assert_never(given)
