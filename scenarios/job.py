"""An effect of a saga, as far as it has come: what a simulated daemon has in hand."""

from dataclasses import dataclass

from conman.core.effects.effect import Outcome
from conman.core.outputs import Perform
from conman.primitives import steps as s
from scenarios.performing import Pending


@dataclass(slots=True)
class Job:
    """An effect being performed: its steps, how far it is. `outcome`: it has happened, and is not yet told."""

    perform: Perform
    steps: tuple[s.Step, ...]
    index: int = 0
    pending: Pending | None = None
    outcome: Outcome | None = None
