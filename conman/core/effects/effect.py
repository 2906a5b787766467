"""What an effect is: a value that a saga awaits and that somebody else performs.

`await effect` yields the effect itself to whoever cranks the coroutine, and gives back the outcome
that the crank sends in. There is no event loop here and there must never be one: a saga is a plain
coroutine, so the simulator can hold it at any await, and drop it there for good.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from conman.primitives.steps import Result


@dataclass(frozen=True, slots=True)
class Committed:
    """Durable; everybody may be told."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A constraint said no; nothing changed. `holder` is the id that holds the name."""

    holder: str


@dataclass(frozen=True, slots=True)
class NotCommitted:
    """Nothing changed: the disk is full, or fails."""

    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been committed. Nobody is told anything before ReopenStore has looked."""

    token: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The awaited run has ended."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The deadline came first."""


Outcome = Committed | Conflict | NotCommitted | Unknown | Ended | DeadlinePassed | Result


class Effect:
    """The base of all effects. Subclasses are frozen dataclasses; their names are in crash points."""

    __slots__ = ()

    def __await__(self) -> Generator["Effect", Outcome, Any]:
        return (yield self)


class HostEffect(Effect):
    """Performed as a recipe of steps."""

    __slots__ = ()
