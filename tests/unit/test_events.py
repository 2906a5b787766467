"""Events in the store: numbers, what is kept, and readers beside it."""

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from conman.core import events
from conman.core.effects.effect import Committed, NotCommitted, Unknown
from conman.core.events import Numbered, Page
from conman.core.model import AppendEvent, Change, Event, ReserveName
from conman.daemon.feed import Feed
from conman.errors import ConmanError, Refusal
from conman.host import rows
from conman.host.database import Store
from conman.host.events import EventLog

ID = "a" * 32
DAY = 24 * 3600 * 10**9
EVENT = Event(1, ID, "started", 1, None, "web")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(str(tmp_path / "conman.db"))
    yield opened
    opened.close()


@pytest.fixture
def log(store: Store) -> Iterator[EventLog]:
    reader = EventLog(store.path)
    yield reader
    reader.close()


def append(store: Store, *times: int) -> None:
    for at in times:
        assert store.commit([(AppendEvent(replace(EVENT, at=at)),)]) == [Committed()]


def sequences(page: Page) -> list[int]:
    return [one.sequence for one in page.events]


def test_pages(store: Store, log: EventLog) -> None:
    assert log.read(0, 9, store.newest_event) == Page((), 1, 0)
    append(store, 1, 2, 3, 4)
    assert store.newest_event == 4
    page = log.read(1, 2, 4)
    assert page == Page(tuple(Numbered(n, replace(EVENT, at=n)) for n in (2, 3)), 1, 4)
    assert sequences(log.read(3, 9, 4)) == [4]
    assert log.read(4, 9, 4) == Page((), 1, 4)


def test_nothing_is_read_beyond_what_is_durable(store: Store, log: EventLog) -> None:
    append(store, 1, 2, 3)
    assert sequences(log.read(0, 9, 2)) == [1, 2]


def test_numbers_have_no_gap_whatever_fails(
    store: Store, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(store, 1)
    names = ReserveName("web", ID)
    taken: tuple[Change, ...] = (AppendEvent(EVENT), names, names)
    outcomes = store.commit([taken, (AppendEvent(replace(EVENT, at=2)),)])
    assert outcomes[1] == Committed()
    assert store.newest_event == 2
    with monkeypatch.context() as patch:
        patch.setattr(rows, "set_meta", _fails)
        [failed] = store.commit([(AppendEvent(EVENT),)])
        assert isinstance(failed, NotCommitted)
    append(store, 3)
    assert [one.event.at for one in log.read(0, 9, 3).events if one.event] == [1, 2, 3]
    assert sequences(log.read(0, 9, 3)) == [1, 2, 3]


def _fails(*_: object) -> None:
    raise sqlite3.OperationalError("disk I/O error")


class FailsAtCommit(sqlite3.Connection):
    def execute(self, sql: str, *rest: object) -> sqlite3.Cursor:
        done = super().execute(sql, *rest)
        if sql == "COMMIT":
            raise sqlite3.OperationalError("disk I/O error")
        return done


def test_what_may_be_taken_back_is_told_to_nobody(
    store: Store, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COMMIT failed and the file has it: until that is known to last, it has no number."""
    append(store, 1)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=FailsAtCommit))
    store.close()
    [unsure] = store.commit([(AppendEvent(EVENT),)])
    monkeypatch.undo()
    assert isinstance(unsure, Unknown)
    assert store.newest_event == 1
    assert log.read(1, 9, store.newest_event) == Page((), 1, 1)
    assert store.reopen(unsure.token) == Committed()
    assert store.newest_event == 2
    assert sequences(log.read(1, 9, store.newest_event)) == [2]


def test_numbers_go_on_over_a_restart_and_over_forgetting(store: Store) -> None:
    append(store, 1, 2)
    with sqlite3.connect(store.path) as connection:
        connection.execute("DELETE FROM events")
    connection.close()
    store.close()
    again = Store.open(store.path)
    assert again.newest_event == 2
    reader = EventLog(again.path)
    assert reader.read(1, 9, 2) == Page((), 3, 2)
    append(again, 3)
    assert sequences(reader.read(0, 9, 3)) == [3]
    reader.close()
    again.close()


def test_a_week_is_kept_without_a_gap(
    store: Store, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The clock of the third stands wrong: nothing grows older by that.
    times = iter([1, 9 * DAY, 2, 3 * DAY, 9 * DAY])
    monkeypatch.setattr(rows, "time", SimpleNamespace(time_ns=lambda: next(times)))
    monkeypatch.setattr(rows, "STEP_NS", 30 * DAY)
    append(store, 1, 1, 1, 1)
    assert log.read(0, 9, 4).oldest == 2
    assert sequences(log.read(0, 9, 4)) == [2, 3, 4]
    append(store, 1)
    assert sequences(log.read(0, 9, 5)) == [4, 5]


def test_a_store_of_before_there_was_an_age(tmp_path: Path) -> None:
    path = str(tmp_path / "conman.db")
    made = Store.open(path)
    append(made, 5)
    made.close()
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE events DROP COLUMN at")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    migrated = Store.open(path)
    append(migrated, 6)
    reader = EventLog(path)
    assert [one.event.at for one in reader.read(0, 9, 2).events if one.event] == [5, 6]
    reader.close()
    migrated.close()


def test_a_row_that_is_no_event(store: Store, log: EventLog) -> None:
    append(store, 1)
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE events SET body = '{'")
    connection.close()
    page = log.read(0, 9, 1)
    assert page.events == (Numbered(1, None),)
    torn = events.after(0, page)
    assert isinstance(torn, Refusal)
    assert torn.reason == "EventUnreadable"


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    reader = EventLog(str(tmp_path / "nothing.db"))
    with pytest.raises(ConmanError, match="the events cannot be read"):
        reader.read(0, 1, 0)


def test_a_reader_waits_for_what_is_committed(store: Store) -> None:
    async def scene() -> None:
        feed = Feed(store)
        waiting = asyncio.ensure_future(feed.beyond(0))
        await asyncio.sleep(0)
        assert await asyncio.to_thread(feed.commit, [(ReserveName("web", ID),)]) == [Committed()]
        await asyncio.sleep(0)
        assert not waiting.done()
        await asyncio.to_thread(feed.commit, [(AppendEvent(EVENT),)])
        await asyncio.wait_for(waiting, 20)
        assert sequences(await feed.read(0, 9)) == [1]
        late = asyncio.ensure_future(feed.beyond(1))
        await asyncio.sleep(0)
        feed.end()
        with pytest.raises(ConmanError, match="conmand ends"):
            await asyncio.wait_for(late, 20)
        feed.close()

    asyncio.run(scene())
