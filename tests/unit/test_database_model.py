"""The store and the simulator's store, side by side over random batches, failures and restarts.

The simulator believes `scenarios/storage.py`, a handful of dicts: so SQLite must keep no less, and promise no
more. A batch may hold changes that conflict with each other; a failure hits a random statement; whatever was
answered, a fresh reading must agree with it.
"""

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conman.core.effects.effect import Committed, NotCommitted, Unknown
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
from conman.host import database, rows
from conman.host.database import Store
from scenarios.storage import Storage

IDS = st.sampled_from([letter * 32 for letter in "abc"])
NAMES = st.sampled_from(["web", "db", "WEB"])
SPEC = ContainerSpec("/bin/true")
DAY = 24 * 3600 * 10**9
TIMES = st.integers(0, 3).map(lambda day: day * DAY)


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
#: Mostly none: what a failed batch would have changed shows nothing.
FAILURES = st.sampled_from(
    [*[""] * 10, "BEGIN", "RELEASE", "INSERT INTO events", "before COMMIT", "after COMMIT"]
)
ROUNDS = st.lists(st.tuples(BATCHES, FAILURES, st.booleans()), max_size=6)


class Ages:
    """What the simulated store leaves out: answers go when a day has passed. Here each step may be a day."""

    def __init__(self) -> None:
        self.last: int | None = None
        self.now = 0
        self.of: dict[str, int] = {}

    def pass_by(self, model: Storage, kept: Sequence[Sequence[Change]]) -> None:
        told = [c.answer for changes in kept for c in changes if isinstance(c, PutAnswer)]
        for answer in told:
            since = answer.at - (0 if self.last is None else self.last)
            self.now += min(max(since, 0), DAY)
            self.last = answer.at
            self.of[answer.request_id] = self.now
        model.answers = {k: one for k, one in model.answers.items() if self.of[k] >= self.now - DAY}


def stored(store: Store) -> Stored:
    """As read; answers in no order, for nothing depends on theirs."""
    found = store.read()
    return replace(found, answers=tuple(sorted(found.answers, key=lambda one: one.request_id)))


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


@pytest.fixture(autouse=True)
def believes_in_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "STEP_NS", DAY)


@given(ROUNDS)
def test_the_store_is_the_model(rounds: list[tuple[list[tuple[Change, ...]], str, bool]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        model, ages, store = Storage(), Ages(), Store.open(f"{directory}/conman.db")
        try:
            for batch, failure, restarts in rounds:
                ages = _round(store, model, ages, batch, failure)
                if restarts:
                    store.close()
                    store = Store.open(f"{directory}/conman.db")
                assert stored(store) == model.read()
                assert _events(store) == len(model.events)
        finally:
            store.close()


def _round(
    store: Store, model: Storage, ages: Ages, batch: list[tuple[Change, ...]], failure: str
) -> Ages:
    then, older = model.clone(), deepcopy(ages)
    expected = [then.commit(changes) for changes in batch]
    # Answers grow old with what was committed, and not with what conflicted.
    kept = [changes for changes, said in zip(batch, expected, strict=True) if said == Committed()]
    older.pass_by(then, kept)
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
        for name in ("containers", "intents", "names", "answers", "events"):
            setattr(model, name, getattr(then, name))
        return older
    return ages


def _events(store: Store) -> int:
    connection = store._connection
    assert connection is not None
    return connection.execute("SELECT count(*) FROM events").fetchone()[0]
