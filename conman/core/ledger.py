"""The core's memory of the store: what is committed, by id, by name, by request.

It changes only by changes that the store has committed (`apply`) and by marks, which are never stored.
It must never run ahead of the store: an answer given from here must survive a crash.
"""

from conman.core.layout import Layout
from conman.core.model import (
    Answer,
    AppendEvent,
    Change,
    Container,
    DropAnswer,
    DropContainer,
    DropIntent,
    Intent,
    Note,
    PutAnswer,
    PutContainer,
    PutIntent,
    Quarantined,
    ReleaseName,
    ReserveName,
    State,
    Stored,
)
from conman.core.requests import ContainerView
from conman.errors import Code, Refusal
from conman.primitives.steps import ProcessId

#: As many as the store keeps.
ANSWERS_KEPT = 10_000
_FULL_ID = 32


class Ledger:
    """Rows, open intents, names and answers, as committed; and the marks of UNKNOWN objects."""

    def __init__(self, stored: Stored) -> None:
        self.containers: dict[str, Container] = {c.id: c for c in stored.containers}
        self.intents: dict[str, Intent] = {i.id: i for i in stored.intents}
        self.answers: dict[str, Answer] = {a.request_id: a for a in stored.answers}
        self.names: dict[str, str] = dict(stored.names)
        self.quarantined: dict[str, Quarantined] = {q.id: q for q in stored.quarantined}
        self.marks: dict[str, tuple[str, str]] = {}
        self.notes: dict[str, Note] = {}

    def apply(self, changes: tuple[Change, ...]) -> None:
        """One committed transaction."""
        for change in changes:
            match change:
                case ReserveName(name, holder):
                    self.names[name] = holder
                case ReleaseName(holder):
                    self.names = {n: i for n, i in self.names.items() if i != holder}
                case PutIntent(intent):
                    self.intents[intent.id] = intent
                case DropIntent(object_id):
                    self.intents.pop(object_id, None)
                case PutContainer(container):
                    self.containers[container.id] = container
                    self._forget_old_note(container)
                case DropContainer(object_id):
                    self.containers.pop(object_id, None)
                    self.quarantined.pop(object_id, None)
                    self.marks.pop(object_id, None)
                    self.notes.pop(object_id, None)
                case PutAnswer(answer):
                    self.answers[answer.request_id] = answer
                    if len(self.answers) > ANSWERS_KEPT:
                        del self.answers[next(iter(self.answers))]
                case DropAnswer(request_id):
                    self.answers.pop(request_id, None)
                case AppendEvent():
                    pass

    def note(self, object_id: str, note: Note | None) -> None:
        """What is told of a live run from now on; None: nothing but its state."""
        if note is None:
            self.notes.pop(object_id, None)
        elif object_id in self.containers:
            self.notes[object_id] = note

    def _forget_old_note(self, row: Container) -> None:
        note = self.notes.get(row.id)
        if note is not None and (row.init is None or note.run != row.run):
            del self.notes[row.id]

    def run_of(self, object_id: str, process: ProcessId) -> set[tuple[str, int]]:
        """(id, run) of which this process is the init; empty where it is another's, or nobody's."""
        row = self.containers.get(object_id)
        known = row is not None and row.init is not None and row.init.process == process
        return {(object_id, row.run)} if row is not None and known else set()

    def owns(self, object_id: str) -> bool:
        """Whether anything committed stands for this id."""
        return (
            object_id in self.containers
            or object_id in self.intents
            or object_id in self.quarantined
        )

    def knows(self, object_id: str) -> bool:
        """Whether there is a live record that the API lists."""
        return (
            object_id in self.containers or object_id in self.quarantined or object_id in self.marks
        )

    def listed(self) -> list[str]:
        """The ids of all live records, oldest first."""
        rows = sorted(self.containers.values(), key=lambda c: (c.created_at, c.id))
        others = (set(self.quarantined) | set(self.marks)) - set(self.containers)
        return [c.id for c in rows] + sorted(others)

    def name_of(self, object_id: str) -> str:
        return next((name for name, holder in self.names.items() if holder == object_id), "")

    def resolve(self, text: str) -> str | Refusal:
        """An id for a full id, else an exact name, else a unique id prefix."""
        if self.knows(text):
            return text
        if text in self.names and self.knows(self.names[text]):
            return self.names[text]
        matches = [object_id for object_id in self.listed() if text and object_id.startswith(text)]
        if len(matches) == 1:
            return matches[0]
        return _ambiguous(text, matches) if matches else not_found(text)

    def view(self, object_id: str, layout: Layout) -> ContainerView:
        """What to tell of a record."""
        row, mark = self.containers.get(object_id), self.marks.get(object_id)
        if row is not None and mark is None:
            return self.recorded(row, layout)
        name = row.name if row else self.name_of(object_id)
        places = layout.log(object_id), layout.bundle(object_id)
        if mark is not None:
            return ContainerView(object_id, name, State.UNKNOWN, *mark, row, *places)
        why = self.quarantined[object_id].why if object_id in self.quarantined else ""
        return ContainerView(object_id, name, State.UNKNOWN, "Quarantined", why, None, *places)

    def recorded(self, row: Container, layout: Layout) -> ContainerView:
        """What is committed of it, also while it bears a mark."""
        note = self.notes.get(row.id)
        reason, message = (note.reason, note.message) if note else (row.reason, row.message)
        places = layout.log(row.id), layout.bundle(row.id)
        return ContainerView(row.id, row.name, row.state, reason, message, row, *places)


def not_found(text: str) -> Refusal:
    return Refusal(
        Code.NOT_FOUND,
        "ContainerNotFound",
        f"no container has the id, name or id prefix {text!r}",
        "conmanctl container list shows those that exist",
        "container_id",
    )


def _ambiguous(text: str, matches: list[str]) -> Refusal:
    some = ", ".join(matches[:3])
    return Refusal(
        Code.INVALID_ARGUMENT,
        "AmbiguousPrefix",
        f"the id prefix {text!r} fits {len(matches)} containers: {some}",
        "give more of the id, or a name",
        "container_id",
    )


def looks_like_full_id(name: str) -> bool:
    """Whether a name could be taken for an id."""
    return len(name) == _FULL_ID and all(c in "0123456789abcdef" for c in name)
