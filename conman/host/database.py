"""The store: one SQLite file that holds what conman has promised.

Only this module knows SQL. It decides nothing: a transaction's changes come from the core, and the
outcome goes back as a value. What it must never do: report something as committed that a power cut
could take back, or delete a record because it cannot read it.

One thread at a time may use a Store. A batch of transactions is one SQLite transaction with a
savepoint for each, so that a hundred sagas share one fsync. Before COMMIT every failure is
NotCommitted, as is a full disk in it; else a failed COMMIT is Unknown until the file was opened again and looked at.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from urllib.parse import quote

from conman.core.effects import recipes_boot
from conman.core.effects.effect import Committed, Conflict, NotCommitted, Unknown
from conman.core.model import Stored
from conman.errors import Code, Refusal, StoreError
from conman.frozen import frozen
from conman.host import rows
from conman.host.migrations import MIGRATIONS
from conman.primitives.fence import open_lock, take
from conman.primitives.perform import perform
from conman.primitives.steps import Failed

Outcome = Committed | Conflict | NotCommitted | Unknown


class Store:
    """An open database. Get one by `Store.open`; `close` it."""

    def __init__(self, path: str, connection: sqlite3.Connection, instance: str) -> None:
        self.path = path
        self.instance = instance
        #: The newest event's number; what is beyond it may yet be taken back.
        self.newest_event = rows.newest_event(connection)
        self._connection: sqlite3.Connection | None = connection
        self._undecided = self._cause = ""
        self._verdicts: dict[str, Committed | NotCommitted] = {}

    @classmethod
    def open(cls, path: str) -> "Store":
        """Open or make the database. Raises StoreError; then nothing was changed."""
        connection = None
        try:
            connection = _connect(path)
            _check(path, connection)
            instance = _migrate(connection)
            # What a killed daemon's commit left may be seen, and be gone after a power cut.
            _make_durable(path, connection)
            _publish_instance(path, instance)
            return cls(path, connection, instance)
        except sqlite3.Error as error:
            _close(connection)
            raise StoreError(_unusable(path, error)) from error
        except BaseException:
            _close(connection)
            raise

    def close(self) -> None:
        connection, self._connection = self._connection, None
        _close(connection)

    # ---- reading

    def read(self) -> Stored:
        """All that is stored. Raises StoreError when the file cannot be read at all."""
        try:
            return rows.read(self._connection or self._reconnect())
        except sqlite3.Error as error:
            raise StoreError(_unusable(self.path, error)) from error

    def raw(self, object_id: str) -> rows.Raw:
        """What is stored of one object, readable or not."""
        return rows.raw(self._connection or self._reconnect(), object_id)

    # ---- writing

    def drop_raw(self, object_id: str) -> str:
        """All that is stored of it. Returns "", or why nothing was; so it is where it raises StoreError."""
        return self._whole(lambda connection: rows.drop_raw(connection, object_id))

    def put_raw(self, record: rows.Raw) -> str:
        """Returns "", or why it cannot be taken. Raises StoreError."""
        return self._whole(lambda connection: rows.put_raw(connection, record))

    def _whole(self, change: Callable[[sqlite3.Connection], str]) -> str:
        """One durable transaction; nothing of it when something is in the way."""
        connection = self._connection or self._reconnect()
        try:
            connection.execute("BEGIN IMMEDIATE")
            why = change(connection)
            connection.execute("ROLLBACK" if why else "COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise StoreError(_unusable(self.path, error)) from error
        return why

    def commit(self, transactions: Sequence[rows.Transaction]) -> list[Outcome]:
        """One durable commit for all of them; one outcome each, in their order."""
        token = os.urandom(8).hex()
        try:
            connection = self._usable()
            outcomes = rows.stage(connection, transactions, token)
            newest = rows.newest_event(connection)
        except sqlite3.Error as error:
            self._roll_back()
            return [NotCommitted(_words(_said(error)))] * len(transactions)
        if not any(isinstance(outcome, Committed) for outcome in outcomes):
            self._roll_back()
            return [*outcomes]
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if _is_full(error):
                self._roll_back()
                return [NotCommitted(_words(_said(error)))] * len(transactions)
            return self._failed_commit(outcomes, token, _words(_said(error)))
        self.newest_event = newest
        return [*outcomes]

    def reopen(self, token: str) -> Committed | NotCommitted | Unknown:
        """What became of the commit that answered Unknown(token), by a fresh look at the file."""
        if token in self._verdicts:
            return self._verdicts[token]
        self.close()
        try:
            connection = self._reconnect()
            found = rows.meta(connection, "token") == token
            _make_durable(self.path, connection)
            self.newest_event = rows.newest_event(connection)
        except sqlite3.Error as error:
            self.close()
            return Unknown(token, _said(error))
        verdict = Committed() if found else NotCommitted(self._cause)
        self._verdicts[token] = verdict
        self._undecided = "" if self._undecided == token else self._undecided
        return verdict

    def _failed_commit(
        self, outcomes: Sequence[rows.Staged], token: str, words: str
    ) -> list[Outcome]:
        """A conflict changed nothing either way, but what it conflicted with may be gone."""
        self._undecided, self._cause = token, words
        nothing = NotCommitted(words)
        return [Unknown(token) if isinstance(o, Committed) else nothing for o in outcomes]

    def _usable(self) -> sqlite3.Connection:
        """The connection. An undecided commit is decided first: the next would hide its token."""
        if self._undecided and isinstance(found := self.reopen(self._undecided), Unknown):
            raise sqlite3.OperationalError(f"it cannot be opened again: {found.text}")
        return self._connection or self._reconnect()

    def _reconnect(self) -> sqlite3.Connection:
        self._connection = _connect(self.path)
        return self._connection

    def _roll_back(self) -> None:
        if self._connection is None or not self._connection.in_transaction:
            return
        try:
            self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            # Closing a connection rolls back too, and the next commit opens another.
            self.close()


# ---- looking ---------------------------------------------------------------------------------------


@frozen
class Look:
    """All that is stored, and whose it is."""

    instance: str
    stored: Stored


def look(path: str) -> Look:
    """The store as it is, beside a daemon or without one; changes nothing. Raises StoreError.

    SQLite makes files even to read. So while nobody has the data directory a copy is read.
    """
    if not os.path.exists(path):
        raise StoreError(_none(path))
    lock = open_lock(os.path.join(os.path.dirname(path), "lock"))
    try:
        if lock is not None and not take(lock):
            return _look(path, f"file:{quote(path)}?mode=ro")
        import tempfile  # noqa: PLC0415 - a daemon never needs it

        with tempfile.TemporaryDirectory(prefix="conman-look-") as directory:
            for suffix in ("", "-wal"):
                if os.path.exists(f"{path}{suffix}"):
                    shutil.copyfile(f"{path}{suffix}", f"{directory}/conman.db{suffix}")
            return _look(path, f"file:{quote(directory)}/conman.db")
    except (OSError, sqlite3.Error) as error:
        raise StoreError(_unusable(path, error)) from error
    finally:
        if lock is not None:
            os.close(lock)


def _look(path: str, uri: str) -> Look:
    connection = sqlite3.connect(uri, timeout=5, isolation_level=None, uri=True)
    try:
        connection.text_factory = bytes
        connection.execute("BEGIN")
        if (version := _version(connection)) > len(MIGRATIONS):
            raise StoreError(_too_new(path, version))
        if version == 0:
            raise StoreError(_missing(path))
        return Look(rows.meta(connection, "instance"), rows.read(connection))
    finally:
        connection.close()


# ---- opening ---------------------------------------------------------------------------------------


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    # Texts as bytes: one that is no UTF-8 is one bad row, not a store that cannot be read.
    connection.text_factory = bytes
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA trusted_schema=OFF")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _check(path: str, connection: sqlite3.Connection) -> None:
    """Refuse, before anything is written, what this program must not touch."""
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise StoreError(_too_new(path, version))
    [(first,), *_] = connection.execute("PRAGMA quick_check(1)")
    if first != b"ok":
        raise sqlite3.DatabaseError(first.decode(errors="replace"))
    if version == 0 and os.path.exists(_instance_file(path)):
        raise StoreError(_missing(path))


def _migrate(connection: sqlite3.Connection) -> str:
    connection.execute("PRAGMA journal_mode=WAL")
    for number, statements in enumerate(MIGRATIONS[_version(connection) :], _version(connection)):
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        if number == 0:
            rows.set_meta(connection, "instance", os.urandom(4).hex())
        connection.execute(f"PRAGMA user_version={number + 1}")
        connection.execute("COMMIT")
    return rows.meta(connection, "instance")


def _version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _make_durable(path: str, connection: sqlite3.Connection) -> None:
    """Write what the log holds into the database itself; what is found there is only visible before.

    After an fsync that failed, the log's pages may look written and never reach the disk; pages
    written anew to another file do, or their fsync fails too. Without space for that, they are written
    anew where they are, which needs none.
    """
    try:
        [(busy, _, _)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        if not _is_full(error):
            raise
        _write_log_anew(f"{path}-wal")
        return
    if busy:
        raise sqlite3.OperationalError("the log could not be written back")


def _write_log_anew(log: str) -> None:
    try:
        with open(log, "r+b") as file:
            content = file.read()
            file.seek(0)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise sqlite3.OperationalError(f"the log could not be written anew: {error}") from error


def _instance_file(path: str) -> str:
    return os.path.join(os.path.dirname(path), "instance")


def _publish_instance(path: str, instance: str) -> None:
    """Keep the instance beside the database too: it proves, later, that there was a database."""
    kept = _instance_file(path)
    if os.path.exists(kept):
        with open(kept, encoding="ascii", errors="replace") as file:
            found = file.read().strip()
        if found != instance:
            raise StoreError(_foreign(path, instance, found))
        return
    directory, name = os.path.split(kept)
    for step in recipes_boot.publish(directory, name, f"{instance}\n".encode()):
        if isinstance(result := perform(step), Failed):
            raise StoreError(_unusable(kept, result.text))


# ---- words -----------------------------------------------------------------------------------------


def _is_full(error: sqlite3.Error) -> bool:
    """A write found no space: so the log lacks some of the commit. A sync that finds none says otherwise."""
    return getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"


def _words(said: str) -> str:
    return f"the database says: {said}"


def _said(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    return f"{error} ({name})" if name else str(error)


def _unusable(path: str, why: object) -> Refusal:
    return Refusal(
        Code.UNAVAILABLE,
        "StoreUnusable",
        f"the database {path} cannot be used: {why}",
        "nothing was changed or deleted; check the disk and the file's owner, or restore the data "
        "directory from a backup",
    )


def _none(path: str) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "StoreMissing",
        f"there is no store {path}: no conmand has used this directory",
        "name the --data-dir that it uses",
        "data-dir",
    )


def _too_new(path: str, version: int) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "StoreTooNew",
        f"the database {path} has schema version {version}, and this conmand knows versions up to "
        f"{len(MIGRATIONS)}",
        "run the newer conmand that wrote it, or name another --data-dir; nothing was changed",
    )


def _missing(path: str) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "StoreMissing",
        f"the data directory was in use, but its database {path} is missing or empty",
        "restore it from a backup, or name another --data-dir: without it the containers here "
        "would look like garbage; nothing was deleted",
    )


def _foreign(path: str, instance: str, found: str) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "StoreForeign",
        f"the database {path} belongs to instance {instance}, its directory to {found!r}",
        "put the matching database back; nothing was changed",
    )


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is None:
        return
    try:
        connection.close()
    except sqlite3.Error:
        # What was not committed is not wanted; what was is in the file already.
        return
