"""The store: what it promises, and what it refuses to open."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conman.core.effects.effect import Committed, Conflict, NotCommitted
from conman.core.model import (
    Answer,
    AppendEvent,
    DropAnswer,
    DropContainer,
    DropIntent,
    Event,
    Operation,
    PutAnswer,
    PutContainer,
    PutIntent,
    ReleaseName,
    ReserveName,
    Stored,
)
from conman.errors import Code, Refusal, StoreError
from conman.host import rows
from conman.host.database import Store, look
from conman.host.migrations import MIGRATIONS
from tests.unit.store_bench import INTENT, REFUSED, ROW, A, B, again, one, opened, path, raw

__all__ = ["opened", "path"]


# ---- promises --------------------------------------------------------------------------------------


def test_everything_comes_back_as_it_was(opened: Store) -> None:
    answer = Answer("r1", "d", 6, container_id=A)
    outcome = one(
        opened,
        ReserveName("web", A),
        PutContainer(ROW),
        PutIntent(INTENT),
        PutAnswer(answer),
        PutAnswer(REFUSED),
        AppendEvent(Event(1, A, "exited", 2, 7)),
    )
    assert outcome == Committed()
    assert again(opened) == Stored((ROW,), (INTENT,), (answer, REFUSED), (("web", A),))


def test_a_name_is_held_once(opened: Store) -> None:
    assert one(opened, ReserveName("web", A)) == Committed()
    assert one(opened, ReserveName("web", B)) == Conflict(A)
    assert one(opened, ReserveName("web", A)) == Conflict(A)
    assert one(opened, ReserveName("other", A)) == Conflict(A)
    assert one(opened, ReleaseName(A), ReserveName("web", B)) == Committed()
    assert again(opened).names == (("web", B),)


def test_the_name_s_holder_is_told_before_the_id_s_other_name(opened: Store) -> None:
    one(opened, ReserveName("web", A))
    one(opened, ReserveName("zoo", B))
    assert one(opened, ReserveName("web", B)) == Conflict(A)


def test_one_intent_for_one_object(opened: Store) -> None:
    assert one(opened, PutIntent(INTENT)) == Committed()
    assert one(opened, PutIntent(replace(INTENT, operation=Operation.REMOVE))) == Conflict(B)
    assert one(opened, DropIntent(B), PutIntent(INTENT)) == Committed()


def test_a_conflict_takes_back_its_own_transaction_only(opened: Store) -> None:
    outcomes = opened.commit(
        [
            (ReserveName("web", A), PutContainer(ROW)),
            (PutContainer(replace(ROW, id=B)), ReserveName("web", B)),
            (AppendEvent(Event(1, A, "created", 1)),),
        ]
    )
    assert outcomes == [Committed(), Conflict(A), Committed()]
    assert again(opened).containers == (ROW,)


def test_what_is_dropped_is_gone_and_dropping_nothing_is_no_error(opened: Store) -> None:
    one(opened, PutContainer(ROW), PutIntent(INTENT), ReserveName("web", A))
    gone = (DropContainer(A), DropIntent(B), ReleaseName(A))
    assert one(opened, *gone) == Committed()
    assert one(opened, *gone) == Committed()
    assert again(opened) == Stored()


def test_a_value_that_is_no_text_fails_alone(opened: Store) -> None:
    bad = replace(ROW, id=B, message="\udcff")
    outcomes = opened.commit([(PutContainer(bad),), (PutContainer(ROW),)])
    assert isinstance(outcomes[0], NotCommitted)
    assert outcomes[1] == Committed()
    assert again(opened).containers == (ROW,)


def test_answers_and_events_are_bounded(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "KEPT_ANSWERS", 3)
    monkeypatch.setattr(rows, "KEPT_EVENTS", 2)
    for n in range(5):
        one(
            opened, PutAnswer(replace(REFUSED, request_id=f"r{n}")), AppendEvent(Event(n, A, "", 1))
        )
    assert [answer.request_id for answer in again(opened).answers] == ["r2", "r3", "r4"]
    assert events(opened) == [4, 5]


def test_an_answer_that_takes_another_s_place_counts_once(
    opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "KEPT_ANSWERS", 3)
    for n in range(5):
        for code in (Code.ABORTED, Code.NOT_FOUND):
            refusal = Refusal(code, "A", "what")
            one(opened, PutAnswer(replace(REFUSED, request_id=f"r{n}", refusal=refusal)))
    kept = [(each.request_id, each.refusal and each.refusal.code) for each in again(opened).answers]
    assert kept == [(f"r{n}", Code.NOT_FOUND) for n in (2, 3, 4)]
    assert one(opened, DropAnswer("r3"), DropAnswer("r9")) == Committed()
    assert [each.request_id for each in again(opened).answers] == ["r2", "r4"]


def test_answers_live_a_day(opened: Store) -> None:
    hour = rows.STEP_NS
    for n in range(1, 31):
        one(opened, PutAnswer(replace(REFUSED, request_id=f"r{n}", at=n * hour)))
    assert [each.request_id for each in again(opened).answers] == [f"r{n}" for n in range(6, 31)]


def test_a_clock_that_is_set_forgets_no_answer(opened: Store) -> None:
    """A conmand that begins in 1970 knows the time a moment later; or it is told a wrong one for a while."""
    years = 56 * 365 * rows.ANSWER_LIFE_NS
    times = [1, years, years + 1, 1, 2, 3 * years, years + 2]
    for n, at in enumerate(times):
        one(opened, PutAnswer(replace(REFUSED, request_id=f"r{n}", at=at)))
        found = [each.request_id for each in again(opened).answers]
        assert found == [f"r{each}" for each in range(n + 1)]


@pytest.mark.parametrize("at", [5, 5 * rows.ANSWER_LIFE_NS], ids=["set back", "set on"])
def test_answers_of_an_older_conmand_are_no_reason_to_forget(opened: Store, at: int) -> None:
    one(opened, PutAnswer(replace(REFUSED, request_id="old", at=rows.ANSWER_LIFE_NS)))
    with raw(opened.path) as connection:
        connection.execute("DELETE FROM meta WHERE key = 'answered'")
        connection.execute("UPDATE answers SET at = ?", (rows.ANSWER_LIFE_NS,))
    one(opened, PutAnswer(replace(REFUSED, request_id="new", at=at)))
    assert [each.request_id for each in again(opened).answers] == ["old", "new"]


SPOILT = ["", "x", "1", "1 x", "1 2 3", f"1 {1 << 63}", f"{-1 << 64} 1", b"\xff 1", "9" * 5000]


@pytest.mark.parametrize("told", SPOILT)
def test_an_age_that_cannot_be_read_is_none(opened: Store, told: str | bytes) -> None:
    """As in a store of before it was kept: nothing is forgotten, and it is told anew."""
    both = (PutAnswer(replace(REFUSED, request_id="r1", at=5)), AppendEvent(Event(1, A, "x", 1)))
    assert one(opened, *both) == Committed()
    with raw(opened.path) as connection:
        connection.execute(
            "UPDATE meta SET value = ? WHERE key IN ('answered', 'happened')", (told,)
        )
        connection.execute("UPDATE events SET at = ?", ("spoilt, too",))
    # Where none of them is put, too, they may be looked at.
    taken = (PutAnswer(replace(REFUSED, request_id="r2", at=6)), *(ReserveName("web", B),) * 2)
    assert isinstance(one(opened, *taken), Conflict)
    more = (PutAnswer(replace(REFUSED, request_id="r2", at=6)), AppendEvent(Event(2, A, "x", 1)))
    assert one(opened, *more) == Committed()
    assert [each.request_id for each in again(opened).answers] == ["r1", "r2"]
    assert events(opened) == [1, 2]
    with raw(opened.path) as connection:
        ages = [rows.meta(connection, key).split() for key in ("answered", "happened")]
    assert [len(list(map(int, age))) for age in ages] == [2, 2]


class Clock:
    """The host's, as the store reads it: one time after the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: list[int]) -> None:
        self._times = iter(times)
        monkeypatch.setattr(rows, "time", self)

    def time_ns(self) -> int:
        return next(self._times)


def events(store: Store) -> list[int]:
    """The numbers that are kept."""
    with raw(store.path) as connection:
        return [seq for (seq,) in connection.execute("SELECT seq FROM events ORDER BY seq")]


def test_events_live_seven_days(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch, [n * rows.STEP_NS for n in range(1, 201)])
    for n in range(1, 201):
        one(opened, AppendEvent(Event(n, A, "x", 1)))
        assert events(opened) == [*range(max(1, n - 7 * 24), n + 1)]


def test_a_clock_that_is_set_forgets_no_event(
    opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    years = 56 * 365 * rows.ANSWER_LIFE_NS
    times = [1, years, years + 1, 1, 2, 3 * years, years + 2]
    Clock(monkeypatch, times)
    for n, at in enumerate(times, 1):
        one(opened, AppendEvent(Event(at, A, "x", 1)))
        assert events(opened) == [*range(1, n + 1)]


def test_ends_that_are_found_late_make_no_event_older(opened: Store) -> None:
    """By turns it happened just now and long ago, as a conmand tells it that was away for long."""
    now = 400 * rows.ANSWER_LIFE_NS
    for n in range(1, 401):
        at = now - n % 2 * 30 * rows.ANSWER_LIFE_NS
        one(opened, AppendEvent(Event(at, A, "exited", 1)))
    assert len(events(opened)) == 400


def test_events_of_an_older_conmand_are_no_reason_to_forget(
    opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It kept them with the times that they tell; and one of before that with none."""
    week = rows.EVENT_LIFE_NS
    with raw(opened.path) as connection:
        for at in (0, 9 * week, 2 * week):
            connection.execute("INSERT INTO events (body, at) VALUES ('{}', ?)", (at,))
    Clock(monkeypatch, [3 * week, 3 * week + 1])
    for n in (4, 5):
        one(opened, AppendEvent(Event(1, A, "x", 1)))
        assert events(opened) == [*range(2, n + 1)]


def test_event_numbers_are_never_used_again(opened: Store) -> None:
    one(opened, AppendEvent(Event(1, A, "x", 1)))
    with raw(opened.path) as connection:
        connection.execute("DELETE FROM events")
    one(opened, AppendEvent(Event(2, A, "y", 1)))
    assert events(opened) == [2]


def test_commits_are_synced(opened: Store) -> None:
    connection = opened._connection
    assert connection is not None
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == (b"wal",)


# ---- opening ---------------------------------------------------------------------------------------


def test_the_instance_is_made_once(opened: Store) -> None:
    assert len(bytes.fromhex(opened.instance)) == 4
    beside = Path(opened.path).with_name("instance")
    assert beside.read_text() == f"{opened.instance}\n"
    beside.unlink()
    other = Store.open(opened.path)
    other.close()
    assert other.instance == opened.instance
    assert beside.read_text() == f"{opened.instance}\n"


def refused(path: str) -> Refusal:
    before = Path(path).read_bytes() if os.path.exists(path) else None
    with pytest.raises(StoreError) as caught:
        Store.open(path)
    assert (Path(path).read_bytes() if before is not None else None) == before
    assert caught.value.refusal.hint
    return caught.value.refusal


def test_a_newer_schema_is_refused(path: str) -> None:
    Store.open(path).close()
    with raw(path) as connection:
        connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    assert refused(path).reason == "StoreTooNew"


def test_no_database_is_refused(path: str) -> None:
    Path(path).write_bytes(b"this is no database, and long enough to have a header" * 50)
    assert refused(path).reason == "StoreUnusable"


def test_a_damaged_page_is_refused(path: str) -> None:
    store = Store.open(path)
    store.commit([(PutContainer(ROW),)])
    store.close()
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 3)
    assert refused(path).reason == "StoreUnusable"


@pytest.mark.parametrize("lose", [os.unlink, lambda path: os.truncate(path, 0)])
def test_a_lost_database_is_not_replaced(path: str, lose: Callable[[str], None]) -> None:
    Store.open(path).close()
    lose(path)
    assert refused(path).reason == "StoreMissing"


def test_another_directory_s_database_is_refused(path: str) -> None:
    Store.open(path).close()
    Path(path).with_name("instance").write_text("00000000\n")
    assert refused(path).reason == "StoreForeign"


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refused(str(tmp_path / "absent" / "conman.db")).reason == "StoreUnusable"


# ---- records taken out and put back


def test_a_record_is_taken_out_and_put_back(opened: Store) -> None:
    one(opened, ReserveName("web", A), PutContainer(ROW))
    record = opened.raw(A)
    opened.drop_raw(A)
    assert again(opened) == Stored()
    assert opened.put_raw(record) == ""
    assert again(opened) == Stored((ROW,), names=(("web", A),))
    assert opened.put_raw(record) == "a record of this id is there"


def test_a_look_at_one_opens_nothing(opened: Store) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    opened.raw(A)
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("key", ["CAST(x'6162ff' AS TEXT)", "x'6162ff'"])
def test_a_key_that_is_no_utf8_is_taken_out_too(opened: Store, path: str, key: str) -> None:
    """By what is shown of it, which is not what it is."""
    with raw(path) as connection:
        connection.execute(f"INSERT INTO containers VALUES ({key}, '{{')")  # noqa: S608
    [shown] = opened.read().quarantined
    assert opened.raw(shown.id) == rows.Raw("ab\\xff", None, b"{", None)
    assert opened.drop_raw(shown.id) == ""
    assert opened.read().quarantined == ()
    assert opened.drop_raw(shown.id) == "nothing is stored of it"


def test_an_intent_alone_is_taken_back(opened: Store) -> None:
    one(opened, PutIntent(INTENT))
    record = opened.raw(INTENT.id)
    opened.drop_raw(INTENT.id)
    assert opened.put_raw(record) == ""
    assert again(opened) == Stored(intents=(INTENT,))


def test_what_cannot_be_taken_back_changes_nothing(opened: Store) -> None:
    one(opened, ReserveName("web", B), PutContainer(ROW))
    body = opened.raw(A).container
    opened.drop_raw(A)
    for record, why in (
        (rows.Raw(A, None, None, None), "it holds neither"),
        (rows.Raw(A, None, body, b"{torn"), "it cannot be read"),
        (rows.Raw(A, None, 7, None), "a body is a text, not 7"),
        (rows.Raw("c" * 32, None, body, None), "it says that it is"),
        (rows.Raw(A, "web", body, None), f"its name 'web' is taken by {B}"),
    ):
        assert why in opened.put_raw(record)
        assert again(opened) == Stored(names=(("web", B),))


def test_a_directory_that_nobody_has_used_is_told_as_that(path: str) -> None:
    with pytest.raises(StoreError) as caught:
        look(path)
    sentence = caught.value.refusal.sentence()
    assert sentence.startswith(f"there is no store {path}: no conmand has used this directory;")
