"""The store against a plain model of it, over random batches, failures and restarts.

The model is a handful of dicts. A batch may hold changes that conflict with each other; a failure hits a
random statement; whatever was answered, a fresh reading must agree with it.
"""

import copy
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conman.core.effects.effect import Committed, Conflict, NotCommitted, Unknown
from conman.core.model import (
    Answer,
    AppendEvent,
    Change,
    Container,
    ContainerSpec,
    DropContainer,
    DropIntent,
    Event,
    Intent,
    Operation,
    PutAnswer,
    PutContainer,
    PutIntent,
    ReleaseName,
    ReserveName,
    RootfsMode,
    State,
    Stored,
)
from conman.host import database
from conman.host.database import Store

IDS = st.sampled_from([letter * 32 for letter in "abc"])
NAMES = st.sampled_from(["web", "db", "WEB"])
SPEC = ContainerSpec("/bin/true")
TIMES = st.integers(0, 3).map(lambda day: day * 24 * 3600 * 10**9)


def _container(container_id: str, run: int, state: State) -> Container:
    return Container(container_id, "n", SPEC, RootfsMode.COPY, state, run)


CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(ReserveName, NAMES, IDS),
    st.builds(ReleaseName, IDS),
    st.builds(
        PutIntent,
        st.builds(Intent, IDS, st.sampled_from(Operation), st.just(1), st.just("b"), TIMES),
    ),
    st.builds(DropIntent, IDS),
    st.builds(PutContainer, st.builds(_container, IDS, st.integers(1, 3), st.sampled_from(State))),
    st.builds(DropContainer, IDS),
    st.builds(PutAnswer, st.builds(Answer, st.sampled_from("xyz"), st.just("d"), TIMES)),
    st.builds(AppendEvent, st.builds(Event, TIMES, IDS, st.just("k"), st.just(1))),
)
BATCHES = st.lists(st.lists(CHANGES, max_size=4).map(tuple), min_size=1, max_size=4)
FAILURES = st.sampled_from(
    ["", "", "BEGIN", "RELEASE", "INSERT INTO events", "before COMMIT", "after COMMIT"]
)
ROUNDS = st.lists(st.tuples(BATCHES, FAILURES, st.booleans()), max_size=6)


@dataclass
class Model:
    """What the store means."""

    names: dict[str, str] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def apply(self, changes: Sequence[Change]) -> Committed | Conflict:
        before = copy.deepcopy(self.__dict__)
        for change in changes:
            if holder := self._change(change):
                self.__dict__.update(before)
                return Conflict(holder)
        return Committed()

    def _change(self, change: Change) -> str:
        match change:
            case ReserveName(name, owner):
                if name in self.names:
                    return self.names[name]
                if owner in self.names.values():
                    return owner
                self.names[name] = owner
            case ReleaseName(owner):
                self.names = {name: held for name, held in self.names.items() if held != owner}
            case PutIntent(intent):
                if intent.id in self.intents:
                    return intent.id
                self.intents[intent.id] = intent
            case DropIntent(owner):
                self.intents.pop(owner, None)
            case PutContainer(container):
                self.containers[container.id] = container
            case DropContainer(owner):
                self.containers.pop(owner, None)
            case PutAnswer(answer):
                self.answers.pop(answer.request_id, None)
                self.answers[answer.request_id] = answer
            case AppendEvent(event):
                self.events.append(event)
        return ""

    def age(self, batch: Sequence[Sequence[Change]]) -> None:
        told = [c.answer.at for changes in batch for c in changes if isinstance(c, PutAnswer)]
        oldest = max(told, default=0) - 24 * 3600 * 10**9
        self.answers = {key: kept for key, kept in self.answers.items() if kept.at >= oldest}

    def stored(self) -> Stored:
        return Stored(
            tuple(self.containers[key] for key in sorted(self.containers)),
            tuple(self.intents[key] for key in sorted(self.intents)),
            tuple(self.answers.values()),
            tuple(sorted(self.names.items())),
        )


class Failing(sqlite3.Connection):
    """Fails at a statement: before it was done, or (COMMIT) after."""

    failure = ""

    def execute(self, sql: str, *rest: Sequence[object]) -> sqlite3.Cursor:
        when, _, what = self.failure.rpartition(" ")
        wanted = what if what == "COMMIT" else self.failure
        if not wanted or not sql.startswith(wanted):
            return super().execute(sql, *rest)
        if when == "after":
            super().execute(sql, *rest)
        raise sqlite3.OperationalError("disk I/O error")


@contextmanager
def fails(failure: str) -> Iterator[None]:
    Failing.failure = failure
    try:
        yield
    finally:
        Failing.failure = ""


@pytest.fixture(autouse=True)
def connects_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(
        database.sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=Failing)
    )


@given(ROUNDS)
def test_the_store_is_the_model(rounds: list[tuple[list[tuple[Change, ...]], str, bool]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        model, store = Model(), Store.open(f"{directory}/conman.db")
        try:
            for batch, failure, restarts in rounds:
                _round(store, model, batch, failure)
                if restarts:
                    store.close()
                    store = Store.open(f"{directory}/conman.db")
                assert store.read() == model.stored()
                assert _events(store) == len(model.events)
        finally:
            store.close()


def _round(store: Store, model: Model, batch: list[tuple[Change, ...]], failure: str) -> None:
    then = copy.deepcopy(model)
    expected = [then.apply(changes) for changes in batch]
    # Answers grow old when something was committed, and not for a batch that only conflicts.
    kept = [changes for changes, said in zip(batch, expected, strict=True) if said == Committed()]
    then.age(batch if kept else [])
    with fails(failure):
        outcomes = store.commit(batch)
    told = {outcome for outcome in outcomes if isinstance(outcome, Unknown)}
    verdicts = {store.reopen(outcome.token) for outcome in told}
    if told:
        assert len(told) == len(verdicts) == 1
        assert (verdicts == {Committed()}) is failure.startswith("after")
        for outcome, said in zip(outcomes, expected, strict=True):
            assert isinstance(outcome, Unknown if said == Committed() else NotCommitted)
    elif not any(isinstance(outcome, NotCommitted) for outcome in outcomes):
        assert outcomes == expected
    else:
        assert failure
        assert all(isinstance(outcome, NotCommitted) for outcome in outcomes)
    if outcomes == expected or verdicts == {Committed()}:
        model.__dict__.update(then.__dict__)


def _events(store: Store) -> int:
    connection = store._connection
    assert connection is not None
    return connection.execute("SELECT count(*) FROM events").fetchone()[0]
