"""The simulated store: what the database promises, as plain tables.

It keeps exactly what it committed, whatever else is lost, but for what was written and not yet synced: whoever
opens it sees that, and a power cut may take it. The same differential suite runs over this and over SQLite, so
that neither can promise more than the other.
"""

from dataclasses import dataclass, field, replace

from conman.core.effects.effect import Committed, Conflict, Outcome
from conman.core.model import (
    Answer,
    AppendEvent,
    Change,
    Container,
    DropAnswer,
    DropContainer,
    DropIntent,
    Event,
    Intent,
    PutAnswer,
    PutContainer,
    PutIntent,
    ReleaseName,
    ReserveName,
    State,
    Stored,
)
from scenarios.pieces import Piece

BEGUN = (State.RUNNING, State.PAUSED, State.EXITED)


@dataclass(frozen=True, slots=True)
class Unsynced:
    """A transaction that can be seen, and be lost. `earlier`: the store before it."""

    earlier: "Storage"
    changes: tuple[Change, ...]


@dataclass(slots=True)
class Storage:
    """Rows by id, names by name."""

    containers: dict[str, Container] = field(default_factory=dict[str, Container])
    intents: dict[str, Intent] = field(default_factory=dict[str, Intent])
    names: dict[str, str] = field(default_factory=dict[str, str])
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    events: tuple[Event, ...] = ()
    unsynced: tuple[Unsynced, ...] = ()
    #: What `keys` made of it, until something changes.
    piece: Piece | None = field(default=None, repr=False, compare=False)

    def clone(self) -> "Storage":
        return Storage(
            dict(self.containers),
            dict(self.intents),
            dict(self.names),
            dict(self.answers),
            self.events,
            self.unsynced,
            self.piece,
        )

    def read(self) -> Stored:
        return Stored(
            tuple(self.containers[i] for i in sorted(self.containers)),
            tuple(self.intents[i] for i in sorted(self.intents)),
            tuple(self.answers[i] for i in sorted(self.answers)),
            tuple(sorted(self.names.items())),
        )

    def runs(self) -> set[tuple[str, int]]:
        """(container, run) of every row and intent: of others nothing will be told again."""
        return {(one.id, one.run) for one in (*self.containers.values(), *self.intents.values())}

    def runs_again(self) -> set[tuple[str, int]]:
        """Those, and of what a power cut brings back, for it may lose what was not synced."""
        return self.runs().union(*(one.earlier.runs() for one in self.unsynced))

    def ran(self) -> set[tuple[str, int]]:
        """(container, run) of every row that says that its program began."""
        rows = self.containers.values()
        return {(row.id, row.run) for row in rows if row.state in BEGUN}

    def commit(self, changes: tuple[Change, ...]) -> Outcome:
        """All of it, durable, or a Conflict and nothing."""
        outcome = self.write(changes)
        self.sync()
        return outcome

    def write(self, changes: tuple[Change, ...]) -> Outcome:
        """All of it, seen by whoever looks, or a Conflict and nothing."""
        # What was is not changed, but given up for the trial's: it need not be copied.
        earlier, trial = replace(self), self.clone()
        self.piece = None
        for change in changes:
            if (holder := trial.do(change)) is not None:
                return Conflict(holder)
        self.containers, self.intents, self.names = trial.containers, trial.intents, trial.names
        self.answers, self.events = trial.answers, trial.events
        self.unsynced = (*self.unsynced, Unsynced(earlier, changes))
        return Committed()

    def sync(self) -> None:
        self.unsynced, self.piece = (), None

    def lose(self) -> None:
        """The power was cut, and nothing of what was not synced had reached the disk."""
        first = self.unsynced[0].earlier.clone()
        self.containers, self.intents, self.names = first.containers, first.intents, first.names
        self.answers, self.events, self.piece = first.answers, first.events, first.piece
        self.unsynced = first.unsynced

    def do(self, change: Change) -> str | None:
        """Change one thing. The id that stands in the way, if any does."""
        match change:
            case ReserveName(name, object_id):
                if name in self.names or object_id in self.names.values():
                    return self.names.get(name, object_id)
                self.names[name] = object_id
            case ReleaseName(object_id):
                self.names = {n: i for n, i in self.names.items() if i != object_id}
            case PutIntent(intent):
                if intent.id in self.intents:
                    return intent.id
                self.intents[intent.id] = intent
            case DropIntent(object_id):
                self.intents.pop(object_id, None)
            case PutContainer(container):
                self.containers[container.id] = container
            case DropContainer(object_id):
                self.containers.pop(object_id, None)
            case PutAnswer(answer):
                self.answers[answer.request_id] = answer
            case DropAnswer(request_id):
                self.answers.pop(request_id, None)
            case AppendEvent(event):
                self.events = (*self.events, event)
        return None
