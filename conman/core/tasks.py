"""A saga under way, and what its effects tell of ends beside their outcome. A part of the machine's memory."""

from dataclasses import dataclass, field

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Effect, Outcome
from conman.core.ledger import Ledger
from conman.core.model import Change
from conman.core.turns import Saga, Work
from conman.errors import Refusal
from conman.primitives.steps import Gone


@dataclass(slots=True)
class Task:
    """A saga under way. `stuck`: it waits for something that may never come; callers are not held."""

    work: Work
    saga: Saga
    name: str
    uses: dict[str, int] = field(default_factory=dict[str, int])
    stuck: Refusal | None = None
    uncertain: tuple[Change, ...] = ()

    def point(self, effect: Effect) -> str:
        """The crash point's name of this use of it."""
        name = type(effect).__name__
        self.uses[name] = count = self.uses.get(name, 0) + 1
        return f"{self.name}/{name}" if count == 1 else f"{self.name}/{name}#{count}"


def found_ended(key: str, effect: Effect, outcome: Outcome, ledger: Ledger) -> set[tuple[str, int]]:
    """(id, run) of whom an effect on its init found gone."""
    match effect, outcome:
        case v.WatchInit(object_id, run), Gone():
            return {(object_id, run)}
        case v.SignalInit(process=process) | v.Freeze(process=process), Gone():
            return ledger.run_of(key, process)
        case _:
            return set()
