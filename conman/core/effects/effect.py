"""What an effect is: a value that a saga awaits and that somebody else performs.

`await effect` yields the effect itself to whoever cranks the coroutine, and gives back the outcome
that the crank sends in. There is no event loop here and there must never be one: a saga is a plain
coroutine, so the simulator can hold it at any await, and drop it there for good.
"""

from collections.abc import Generator
from typing import Any

from conman.core.model import Container
from conman.frozen import frozen
from conman.primitives.steps import Absent, Failed, Result


@frozen
class Committed:
    """Durable; everybody may be told."""


@frozen
class Conflict:
    """A constraint said no; nothing changed. `holder` is the id that holds the name."""

    holder: str


@frozen
class NotCommitted:
    """Nothing changed: the disk is full, or fails."""

    text: str


@frozen
class Unknown:
    """It may have been committed. Nobody is told anything before ReopenStore has looked.

    `text`: why the store could not be looked at, where that was tried.
    """

    token: str
    text: str = ""


@frozen
class Ended:
    """The awaited run has ended."""


@frozen
class DeadlinePassed:
    """The deadline came first."""


@frozen
class Current:
    """A container as the ledger has it."""

    container: Container


Outcome = Committed | Conflict | NotCommitted | Unknown | Ended | DeadlinePassed | Current | Result


def why_not(outcome: Outcome, otherwise: str = "no answer in time") -> str:
    """In words, for a user: what was hoped for was another outcome."""
    match outcome:
        case Failed(text=text):
            return text
        case Absent():
            return "it is not there"
        case _:
            return otherwise


class Effect:
    """The base of all effects. Subclasses are frozen dataclasses; their names are in crash points."""

    __slots__ = ()

    def __await__(self) -> Generator["Effect", Outcome, Any]:
        return (yield self)


class HostEffect(Effect):
    """Performed as a recipe of steps."""

    __slots__ = ()
