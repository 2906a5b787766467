"""The store: what it keeps of what it cannot read, and what becomes of a commit that fails."""

import os
import resource
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from conman.core.effects.effect import Committed, Conflict, NotCommitted, Unknown
from conman.core.model import (
    DropContainer,
    DropIntent,
    PutAnswer,
    PutContainer,
    PutIntent,
    ReleaseName,
    ReserveName,
    Stored,
)
from conman.errors import StoreError
from conman.host import database
from conman.host.database import Store, look
from tests.unit.store_bench import INTENT, REFUSED, ROW, A, B, again, one, opened, path, raw

__all__ = ["opened", "path"]


# ---- what cannot be read ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        f'{{"id":"{A}"}}',
        b"\xff\xfe",
        17,
        f'{{"id":"{B}","name":"n","spec":{{"command":"c"}},"rootfs_mode":"copy","state":"EXITED","run":1}}',
        f'{{"id":"{A}","name":"n","spec":{{"command":"c"}},"rootfs_mode":"copy","state":"NEW","run":1}}',
        f'{{"id":"{A}","name":"n","spec":{{"command":"c"}},"rootfs_mode":"copy","state":"EXITED","run":"1"}}',
    ],
)
@pytest.mark.parametrize("table", ["containers", "intents"])
def test_an_unreadable_object_is_quarantined_and_keeps_its_name(
    opened: Store, table: str, body: str | bytes | int
) -> None:
    other = replace(ROW, id=B)
    one(opened, ReserveName("web", A), PutContainer(ROW), PutContainer(other))
    with raw(opened.path) as connection:
        connection.execute(f"DELETE FROM {table}  WHERE id = '{A}'")  # noqa: S608
        connection.execute(f"INSERT INTO {table} VALUES (?, ?)", (A, body))  # noqa: S608
    found = again(opened)
    assert found.containers == (other,)
    assert [bad.id for bad in found.quarantined] == [A]
    assert table in found.quarantined[0].why
    assert found.names == (("web", A),)
    gone = (DropIntent(A), DropContainer(A), ReleaseName(A))
    assert one(opened, *gone) == Committed()
    assert again(opened) == Stored((other,))


def test_an_unreadable_answer_is_passed_over(opened: Store) -> None:
    one(opened, PutAnswer(REFUSED))
    with raw(opened.path) as connection:
        connection.execute("INSERT INTO answers VALUES ('r9', '{', 1)")
    assert again(opened).answers == (REFUSED,)


# ---- failures --------------------------------------------------------------------------------------


class Failing(sqlite3.Connection):
    """Fails like a bad disk, at the statement that begins with `at`."""

    at = ""
    does = False
    code = ""

    def execute(self, sql: str, *rest: Sequence[object]) -> sqlite3.Cursor:
        if self.at and sql.startswith(self.at):
            if self.does:
                super().execute(sql, *rest)
            error = sqlite3.OperationalError("disk I/O error")
            if self.code:
                error.sqlite_errorname = self.code
            raise error
        return super().execute(sql, *rest)


@pytest.fixture
def failing(path: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    connect = sqlite3.connect
    monkeypatch.setattr(
        database.sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=Failing)
    )
    monkeypatch.setattr(Failing, "at", "")
    monkeypatch.setattr(Failing, "does", False)
    monkeypatch.setattr(Failing, "code", "")
    store = Store.open(path)
    yield store
    Failing.at = ""
    store.close()


FAILS = "the database says: disk I/O error"
BATCH = [(ReserveName("web", A), PutContainer(ROW)), (ReserveName("web", B),)]


@pytest.mark.parametrize(
    "at", ["BEGIN", "SAVEPOINT", "INSERT INTO names", "INSERT OR REPLACE INTO meta"]
)
def test_a_failure_before_the_commit_changes_nothing(failing: Store, at: str) -> None:
    Failing.at = at
    assert {type(outcome) for outcome in failing.commit(BATCH)} == {NotCommitted}
    Failing.at = ""
    assert failing.read() == Stored()
    assert failing.commit(BATCH) == [Committed(), Conflict(A)]


@pytest.mark.parametrize("does", [True, False])
def test_a_failed_commit_is_unknown_until_looked_at(failing: Store, does: bool) -> None:
    Failing.at, Failing.does = "COMMIT", does
    unknown, nothing = failing.commit(BATCH)
    assert isinstance(unknown, Unknown)
    assert isinstance(nothing, NotCommitted)
    Failing.at = ""
    verdict = failing.reopen(unknown.token)
    assert verdict == (Committed() if does else NotCommitted(FAILS))
    assert again(failing).containers == ((ROW,) if does else ())


@pytest.mark.parametrize("does", [True, False])
def test_a_later_commit_does_not_hide_what_became_of_an_earlier(failing: Store, does: bool) -> None:
    Failing.at, Failing.does = "COMMIT", does
    [unknown] = failing.commit([(PutContainer(ROW),)])
    assert isinstance(unknown, Unknown)
    Failing.at = ""
    assert one(failing, PutIntent(INTENT)) == Committed()
    for _ in range(2):
        verdict = failing.reopen(unknown.token)
        assert verdict == (Committed() if does else NotCommitted(FAILS))


def test_while_the_file_cannot_be_opened_all_is_unknown(failing: Store) -> None:
    Failing.at, Failing.does = "COMMIT", True
    [unknown] = failing.commit([(PutContainer(ROW),)])
    assert isinstance(unknown, Unknown)
    Failing.at = "PRAGMA wal_checkpoint"
    assert failing.reopen(unknown.token) == Unknown(unknown.token, "disk I/O error")
    why = "the database says: it cannot be opened again: disk I/O error"
    assert one(failing, PutIntent(INTENT)) == NotCommitted(why)
    Failing.at = ""
    assert failing.reopen(unknown.token) == Committed()
    assert one(failing, PutIntent(INTENT)) == Committed()


def test_what_a_killed_daemon_s_commit_left_is_durable_before_it_is_believed(
    opened: Store, tmp_path: Path
) -> None:
    """The database alone is what a power cut leaves of a log that nobody has synced."""
    one(opened, PutContainer(ROW))
    left = _as_a_kill_leaves_it(opened, tmp_path / "left")
    store = Store.open(str(left))
    (tmp_path / "cut").mkdir()
    shutil.copy(left, tmp_path / "cut" / "conman.db")
    store.close()  # which writes the log back in any case
    assert look(str(tmp_path / "cut" / "conman.db")).stored == Stored((ROW,))


def test_a_store_that_cannot_be_made_durable_is_not_opened(failing: Store, tmp_path: Path) -> None:
    one(failing, PutContainer(ROW))
    left = _as_a_kill_leaves_it(failing, tmp_path / "left")
    os.remove(left.parent / "instance")
    Failing.at = "PRAGMA wal_checkpoint"
    with pytest.raises(StoreError, match="disk I/O error"):
        Store.open(str(left))
    assert not (left.parent / "instance").exists()


def test_without_space_the_log_itself_is_written_anew(
    failing: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one(failing, PutContainer(ROW))
    left = _as_a_kill_leaves_it(failing, tmp_path / "left")
    log = Path(f"{left}-wal")
    before, synced = log.read_bytes(), list[tuple[int, int]]()
    monkeypatch.setattr(database.os, "fsync", lambda fd: synced.append(_identity(os.fstat(fd))))
    monkeypatch.setattr(Failing, "code", "SQLITE_FULL")
    Failing.at = "PRAGMA wal_checkpoint"
    store = Store.open(str(left))
    assert (log.read_bytes(), synced) == (before, [_identity(log.stat())])
    assert store.read() == Stored((ROW,))
    store.close()


def _as_a_kill_leaves_it(store: Store, to: Path) -> Path:
    to.mkdir()
    for name in ("conman.db", "conman.db-wal", "instance"):
        shutil.copy(Path(store.path).parent / name, to / name)
    return to / "conman.db"


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def test_a_full_disk_in_the_commit(opened: Store) -> None:
    """A limit on file sizes is a full disk that an ordinary user can make."""
    wal = f"{opened.path}-wal"
    one(opened, PutContainer(ROW))
    big = replace(ROW, id=B, message="x" * 100_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(wal) + 8192, hard))
    try:
        outcome = one(opened, PutContainer(big))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(outcome, Unknown)
    why = "the database says: disk I/O error (SQLITE_IOERR_WRITE)"
    assert opened.reopen(outcome.token) == NotCommitted(why)
    assert again(opened).containers == (ROW,)
    assert one(opened, PutContainer(big)) == Committed()


def test_a_full_database_before_the_commit(opened: Store) -> None:
    connection = opened._connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count=15").fetchall()
    outcome = one(opened, PutContainer(replace(ROW, message="x" * 100_000)))
    assert isinstance(outcome, NotCommitted)
    assert "SQLITE_FULL" in outcome.text
    assert one(opened, PutContainer(ROW)) == Committed()


def test_a_crash_anywhere_in_the_log_leaves_whole_transactions(
    opened: Store, tmp_path: Path
) -> None:
    """A kill in mid-COMMIT leaves a prefix of the log."""
    states = [Stored()]
    for n in range(3):
        row = replace(ROW, id=f"{n:032x}", message="x" * 3_000)
        one(opened, PutContainer(row), ReserveName(f"n{n}", row.id))
        states.append(opened.read())
    log = Path(f"{opened.path}-wal").read_bytes()
    seen: list[Stored] = []
    for size in [*range(0, len(log), 1024), len(log)]:
        copy = tmp_path / str(size)
        copy.mkdir()
        shutil.copy(opened.path, copy / "conman.db")
        (copy / "conman.db-wal").write_bytes(log[:size])
        seen.extend(_readable(copy / "conman.db"))
    assert all(state in states for state in seen)
    assert [state for state in states if state in seen] == states


def _readable(path: Path) -> list[Stored]:
    store = Store.open(str(path))
    try:
        return [store.read()]
    finally:
        store.close()
