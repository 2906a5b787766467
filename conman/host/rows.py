"""What the store's tables mean: changes to SQL, rows to values. All of it within somebody else's transaction.

A row that cannot be read is told, with the reason, and left where it is: it still owns its objects.
"""

import sqlite3
import time
from collections.abc import Sequence
from typing import TypeVar, assert_never

import msgspec

from conman.core.effects.effect import Committed, Conflict, NotCommitted
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
    Quarantined,
    ReleaseName,
    ReserveName,
    Stored,
)
from conman.frozen import frozen

Staged = Committed | Conflict | NotCommitted
Transaction = tuple[Change, ...]
_Owned = TypeVar("_Owned", Container, Intent)

_OWNING = ("containers", "intents", "names")

KEPT_ANSWERS = 10_000
KEPT_EVENTS = 10_000
ANSWER_LIFE_NS = 24 * 3600 * 10**9
EVENT_LIFE_NS = 7 * ANSWER_LIFE_NS
#: No more time than this is believed to have passed between two answers, or two commits with events: a clock may be set.
STEP_NS = 3600 * 10**9
#: In the year 2255; SQLite keeps no integer from 2262 on.
_MOST_NS = 9 * 10**18


def stage(
    connection: sqlite3.Connection, transactions: Sequence[Transaction], token: str
) -> "Sequence[Staged]":
    """Everything but the COMMIT."""
    connection.execute("BEGIN IMMEDIATE")
    changes = [change for transaction in transactions for change in transaction]
    tells = any(isinstance(change, AppendEvent) for change in changes)
    # Not by what events say: an end may have come long before it was found.
    age = _age(connection, "happened", "events", time.time_ns()) if tells else 0
    outcomes = [_savepoint(connection, each, age) for each in transactions]
    set_meta(connection, "token", token)
    if any(isinstance(change, PutAnswer) for change in changes):
        _forget_answers(connection)
    _bound(connection)
    if tells:
        _forget_events(connection, age)
    return outcomes


def _savepoint(connection: sqlite3.Connection, changes: Transaction, age: int) -> Staged:
    """All changes of one transaction, or none of them."""
    connection.execute("SAVEPOINT entry")
    outcome: Staged = Committed()
    try:
        holders = (_apply(connection, change, age) for change in changes)
        if holder := next(filter(None, holders), ""):
            outcome = Conflict(holder)
    except (ValueError, OverflowError) as error:
        outcome = NotCommitted(f"a value cannot be stored: {error}")
    if not isinstance(outcome, Committed):
        connection.execute("ROLLBACK TO entry")
    connection.execute("RELEASE entry")
    return outcome


def _apply(connection: sqlite3.Connection, change: Change, age: int) -> str:
    """Make one change; `age`: of an event. Returns "", or the id that is in its way."""
    run = connection.execute
    match change:
        case ReserveName(name, id):
            return _reserve(connection, name, id)
        case ReleaseName(id):
            run("DELETE FROM names WHERE id = ?", (id,))
        case PutIntent(intent):
            if run("SELECT 1 FROM intents WHERE id = ?", (intent.id,)).fetchone():
                return intent.id
            run("INSERT INTO intents VALUES (?, ?)", (intent.id, _encode(intent)))
        case DropIntent(id):
            run("DELETE FROM intents WHERE id = ?", (id,))
        case PutContainer(row):
            run("INSERT OR REPLACE INTO containers VALUES (?, ?)", (row.id, _encode(row)))
        case DropContainer(id):
            run("DELETE FROM containers WHERE id = ?", (id,))
        case PutAnswer(answer):
            row = (
                answer.request_id,
                _encode(answer),
                _age(connection, "answered", "answers", answer.at),
            )
            # One that takes another's place keeps its rowid, so that as many are kept as the ledger keeps.
            run(
                "INSERT INTO answers VALUES (?, ?, ?) ON CONFLICT (request_id)"
                " DO UPDATE SET body = excluded.body, at = excluded.at",
                row,
            )
        case DropAnswer(request_id):
            run("DELETE FROM answers WHERE request_id = ?", (request_id,))
        case AppendEvent(event):
            run("INSERT INTO events (body, at) VALUES (?, ?)", (_encode(event), age))
        case _:
            assert_never(change)
    return ""


def _reserve(connection: sqlite3.Connection, name: str, container_id: str) -> str:
    held = connection.execute(
        "SELECT id FROM names WHERE name = ? OR id = ? ORDER BY name <> ?",
        (name, container_id, name),
    ).fetchone()
    if held:
        return _text(held[0])
    connection.execute("INSERT INTO names VALUES (?, ?)", (name, container_id))
    return ""


def _age(connection: sqlite3.Connection, key: str, table: str, at: int) -> int:
    """The time by which these rows grow old: the host's, of which no step is more than STEP_NS, nor back.

    So a clock that was 1970's forgets nothing when it is set; where less happens more is kept, up to as many as may be.
    """
    if told := _told(connection, key):
        last, age = told
    else:
        # Of before this was kept: rows had the host's time.
        newest = f"SELECT coalesce(max(at), 0) FROM {table} WHERE typeof(at) = 'integer'"  # noqa: S608
        last = age = min(at, connection.execute(newest).fetchone()[0])
    age += min(max(at - last, 0), STEP_NS)
    set_meta(connection, key, f"{at} {age}")
    return age


def _told(connection: sqlite3.Connection, key: str) -> tuple[int, int] | None:
    """The host's time when rows last grew older, and their age. None: unknown, or spoilt, which is no other thing."""
    try:
        last, age = map(int, meta(connection, key).split())
    except ValueError:
        return None
    return (last, age) if max(abs(last), abs(age)) < _MOST_NS else None


def _forget_answers(connection: sqlite3.Connection) -> None:
    """Where each of the transactions was undone none has grown older."""
    if told := _told(connection, "answered"):
        connection.execute("DELETE FROM answers WHERE at < ?", (told[1] - ANSWER_LIFE_NS,))


def _bound(connection: sqlite3.Connection) -> None:
    """What only grows has at most so many rows, whatever clocks say."""
    for table, kept in (("answers", KEPT_ANSWERS), ("events", KEPT_EVENTS)):
        connection.execute(
            f"DELETE FROM {table} WHERE rowid <= (SELECT max(rowid) FROM {table}) - ?",  # noqa: S608
            (kept,),
        )


def _forget_events(connection: sqlite3.Connection, age: int) -> None:
    """The oldest go, up to the first that is young enough: what is kept has no gap."""
    connection.execute(
        "DELETE FROM events WHERE seq < (SELECT min(seq) FROM events WHERE at >= ?)",
        (age - EVENT_LIFE_NS,),
    )


def newest_event(connection: sqlite3.Connection) -> int:
    """The last number that was given, 0: none yet."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return found[0] if found else 0


def meta(connection: sqlite3.Connection, key: str) -> str:
    found = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return _text(found[0]) if found else ""


def set_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


# ---- records as they are ---------------------------------------------------------------------------


@frozen
class Raw:
    """What the tables hold of one object, readable or not. None: nothing."""

    id: str
    name: str | None
    container: object
    intent: object


#: Of a key's bytes, whether it was kept as a text, as all of ours are, or as a blob.
_OF = "WHERE id = CAST(:key AS TEXT) OR id = :key"


def raw(connection: sqlite3.Connection, object_id: str) -> Raw:
    key = _key(connection, object_id)

    def cell(query: str) -> object:
        found = connection.execute(f"{query} {_OF}", {"key": key}).fetchone()
        return found[0] if found else None

    name = cell("SELECT name FROM names")
    return Raw(
        object_id,
        None if name is None else _text(name),
        cell("SELECT body FROM containers"),
        cell("SELECT body FROM intents"),
    )


def drop_raw(connection: sqlite3.Connection, object_id: str) -> str:
    """Row, intent and name. Returns "", or that nothing is there."""
    key = _key(connection, object_id)
    gone = 0
    for table in _OWNING:
        gone += connection.execute(f"DELETE FROM {table} {_OF}", {"key": key}).rowcount  # noqa: S608
    return "" if gone else "nothing is stored of it"


def _key(connection: sqlite3.Connection, object_id: str) -> bytes:
    """What the tables have it under: not what is shown of it, where that is no UTF-8."""
    for table in _OWNING:
        for (key,) in connection.execute(f"SELECT id FROM {table}"):  # noqa: S608
            if isinstance(key, bytes) and _text(key) == object_id:
                return key
    return object_id.encode()


def put_raw(connection: sqlite3.Connection, record: Raw) -> str:
    """Returns "", or why it cannot be: then nothing was changed."""
    if raw(connection, record.id) != Raw(record.id, None, None, None):
        return "a record of this id is there"
    if record.container is None and record.intent is None:
        return "it holds neither a container nor an intent"
    try:
        container, intent = _body(record.container), _body(record.intent)
        _ = container and _decode(container, Container, record.id)
        _ = intent and _decode(intent, Intent, record.id)
    except (ValueError, TypeError) as error:
        return f"it cannot be read: {error}"
    if record.name is not None and (held := _reserve(connection, record.name, record.id)):
        return f"its name {record.name!r} is taken by {held}"
    for table, body in (("containers", container), ("intents", intent)):
        if body is not None:
            row = (record.id, body.decode())
            connection.execute(f"INSERT INTO {table} VALUES (?, ?)", row)  # noqa: S608
    return ""


def _body(value: object) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    raise TypeError(f"a body is a text, not {value!r}")


# ---- rows ------------------------------------------------------------------------------------------


def read(connection: sqlite3.Connection) -> Stored:
    """Whatever is unreadable in an object quarantines the whole object: half of it would mislead."""
    rows, bad_rows = _decode_all(connection, "containers", Container)
    intents, bad_intents = _decode_all(connection, "intents", Intent)
    bad = bad_intents | bad_rows
    answers = connection.execute("SELECT request_id, body FROM answers ORDER BY rowid").fetchall()
    names = connection.execute("SELECT name, id FROM names ORDER BY name").fetchall()
    return Stored(
        tuple(row for row in rows if row.id not in bad),
        tuple(intent for intent in intents if intent.id not in bad),
        tuple(a for key, body in answers if isinstance(a := _answer(key, body), Answer)),
        tuple((_text(name), _text(container_id)) for name, container_id in names),
        tuple(Quarantined(container_id, bad[container_id]) for container_id in sorted(bad)),
    )


def _decode_all(
    connection: sqlite3.Connection, table: str, kind: type[_Owned]
) -> tuple[list[_Owned], dict[str, str]]:
    good: list[_Owned] = []
    bad: dict[str, str] = {}
    for key, body in connection.execute(f"SELECT id, body FROM {table} ORDER BY id"):  # noqa: S608
        container_id = _text(key)
        try:
            good.append(_decode(body, kind, container_id))
        except (ValueError, TypeError) as error:
            bad[container_id] = f"unreadable in table {table}: {error}"
    return good, bad


def _decode(body: bytes, kind: type[_Owned], container_id: str) -> _Owned:
    found = msgspec.json.decode(body, type=kind)
    if found.id != container_id:
        raise ValueError(f"it says that it is {found.id}")
    return found


def _answer(key: bytes, body: bytes) -> Answer | None:
    """None for an unreadable one: its request would be judged afresh, by the state as it is."""
    try:
        answer = msgspec.json.decode(body, type=Answer)
    except (ValueError, TypeError):
        return None
    return answer if answer.request_id == _text(key) else None


def _encode(value: Container | Intent | Answer | Event) -> str:
    return msgspec.json.encode(value).decode()


def _text(value: object) -> str:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
