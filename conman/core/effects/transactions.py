"""The store effects: one transaction each, the commit points of the product.

What differs in meaning differs in name, so that a crash point says which promise it interrupts. Nothing
here may say how a store does it.
"""

from conman.core.effects.effect import Effect
from conman.core.model import Change
from conman.frozen import frozen


@frozen
class Commit(Effect):
    """Committed, NotCommitted or Unknown; where it says so, Conflict: a name or an intent stands in the way."""

    changes: tuple[Change, ...]


class RecordIntent(Commit):
    """From here on a crash is recoverable. Conflict: of the name, or of another intent of the object."""

    __slots__ = ()


class RecordSignal(Commit):
    """From here on whoever asks again is told that the signal may have been sent."""

    __slots__ = ()


class RecordPrepared(Commit):
    """The intent of a start now knows the init that it made; from here on its program may run."""

    __slots__ = ()


class CommitCreated(Commit):
    """The row is there."""

    __slots__ = ()


class CommitRunning(Commit):
    """The user's program runs."""

    __slots__ = ()


class CommitExited(Commit):
    """The run's one terminal status."""

    __slots__ = ()


class CommitStopped(Commit):
    """What has ended is not begun again."""

    __slots__ = ()


class CommitUnprepared(Commit):
    """A run that was never started is gone; the row is what it was."""

    __slots__ = ()


class CommitRemoved(Commit):
    """Row and name are gone."""

    __slots__ = ()


class CommitPaused(Commit):
    """Every process of it stands still."""

    __slots__ = ()


class CommitUpdated(Commit):
    """Its limits are these, now and for every later run."""

    __slots__ = ()


class CommitRenamed(Commit):
    """It has another name; the old one is free. Conflict: of the name."""

    __slots__ = ()


class CommitExecCreated(Commit):
    """An exec can be started."""

    __slots__ = ()


class CommitExecRunning(Commit):
    """An exec's program runs."""

    __slots__ = ()


class CommitExecExited(Commit):
    """An exec's one terminal status."""

    __slots__ = ()


class CommitCollected(Commit):
    """Garbage goes now: the event, and nothing else."""

    __slots__ = ()


class CommitUndone(Commit):
    """An operation that nobody was told about never happened."""

    __slots__ = ()


class CommitAnswer(Commit):
    """The answer, and nothing else."""

    __slots__ = ()


@frozen
class ReopenStore(Effect):
    """After Unknown: Committed or NotCommitted by what the reopened store says, or Unknown still."""

    token: str
