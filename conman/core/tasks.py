"""Sagas under way, and what their effects tell of ends beside their outcome. A part of the machine's memory.

One saga at a time per object moves. One that waits for a program's end lets others come between, one at a time:
until that is over it is told nothing, and what it is to be told is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Effect, Outcome
from conman.core.model import Change
from conman.core.turns import Saga, Work
from conman.errors import Refusal


@dataclass(slots=True)
class Task:
    """A saga under way. `stuck`: it waits for something that may never come; callers are not held.

    `outer`: the one that waits for a program's end, and that it comes between. `waits`: for such an end, so that
    another may come between. `kept`: what it is told after that.
    """

    work: Work
    saga: Saga
    name: str
    outer: "Task | None" = None
    uses: dict[str, int] = field(default_factory=dict[str, int])
    stuck: Refusal | None = None
    uncertain: tuple[Change, ...] = ()
    waits: bool = False
    kept: Outcome | None = None

    def those(self) -> "tuple[Task, ...]":
        """Itself, and the one that it comes between."""
        return (self,) if self.outer is None else (self, self.outer)

    def is_of(self, work: Work) -> bool:
        return any(one.work is work for one in self.those())

    def stick(self, refusal: Refusal | None) -> list[Work]:
        """What cannot go on now for this reason; None: it can."""
        for one in self.those():
            one.stuck = refusal
        return [one.work for one in self.those()]

    def point(self, effect: Effect) -> str:
        """The crash point's name of this use of it."""
        name = type(effect).__name__
        self.uses[name] = count = self.uses.get(name, 0) + 1
        return f"{self.name}/{name}" if count == 1 else f"{self.name}/{name}#{count}"


class Tasks:
    """Those whose turn it is, by key; behind each the one that waits for it."""

    def __init__(self) -> None:
        self._known: dict[str, Task] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def __iter__(self) -> Iterator[Task]:
        """All, also those that others come between."""
        return (each for one in self._known.values() for each in one.those())

    def get(self, key: str) -> Task | None:
        return self._known.get(key)

    def is_busy(self, key: str) -> bool:
        """Whether nothing else can be done to it now."""
        task = self._known.get(key)
        return task is not None and not task.waits

    def stuck(self, key: str, work: Work | None = None) -> Refusal | None:
        """Why what is done to it does not go on. `work`: only where this is what is done."""
        task = self._known.get(key)
        return task.stuck if task is not None and (work is None or task.is_of(work)) else None

    def begin(self, work: Work, saga: Saga, name: str) -> Task:
        task = self._known[work.key] = Task(work, saga, name, self._known.get(work.key))
        return task

    def end(self, task: Task) -> None:
        del self._known[task.work.key]
        if task.outer is not None:
            self._known[task.work.key] = task.outer

    def has_turn(self, task: Task, outcome: Outcome) -> bool:
        """Whether it may be told now; else that is kept."""
        if self._known.get(task.work.key) is not task:
            task.kept = outcome
            return False
        task.waits = False
        return True


def awaits(effect: Effect, object_id: str, run: int) -> bool:
    """The end of this run; 0: of any."""
    match effect:
        case v.AwaitExit(container_id=awaited):
            return awaited == object_id and run in (effect.run, 0)
        case _:
            return False
