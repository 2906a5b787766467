"""Reads events from the store's file, beside the store: a slow reader holds up no commit.

A connection of its own, that can only read. What it sees may be taken back by a power cut, so it must never
read beyond the number that the store has told to be durable.
"""

import sqlite3
import threading
from urllib.parse import quote

import msgspec

from conman.core.events import Numbered, Page
from conman.core.model import Event
from conman.errors import Code, ConmanError, Refusal

_PATIENCE_S = 5


class EventLog:
    """Of the database at `path`, which is there. Any thread may read; one reads at a time."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def read(self, seen: int, limit: int, newest: int) -> Page:
        """At most `limit` events after `seen`, up to `newest`. Raises ConmanError, UNAVAILABLE."""
        with self._lock:
            try:
                return self._page(self._connected(), seen, limit, newest)
            except sqlite3.Error as error:
                self._forget()
                raise ConmanError(_unreadable(error)) from error

    def close(self) -> None:
        with self._lock:
            self._forget()

    def _page(self, connection: sqlite3.Connection, seen: int, limit: int, newest: int) -> Page:
        # One statement, so one state of the file: what is kept may change between two.
        found = connection.execute(
            "SELECT seq, body, (SELECT min(seq) FROM events) FROM events"
            " WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
            (seen, newest, limit),
        ).fetchall()
        events = tuple(Numbered(number, _event(body)) for number, body, _ in found)
        oldest = found[0][2] if found else self._oldest(connection, newest)
        return Page(events, oldest, newest)

    @staticmethod
    def _oldest(connection: sqlite3.Connection, newest: int) -> int:
        [(oldest,)] = connection.execute("SELECT min(seq) FROM events").fetchall()
        return newest + 1 if oldest is None else oldest

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connection = sqlite3.connect(
                f"file:{quote(self._path)}?mode=ro",
                timeout=_PATIENCE_S,
                isolation_level=None,
                check_same_thread=False,
                uri=True,
            )
            connection.text_factory = bytes
        return self._connection

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _event(body: bytes) -> Event | None:
    try:
        return msgspec.json.decode(body, type=Event)
    except (ValueError, TypeError):
        return None


def _unreadable(error: sqlite3.Error) -> Refusal:
    return Refusal(
        Code.UNAVAILABLE,
        "StoreFailed",
        f"the events cannot be read: {error}",
        "mend the disk below the data directory, then try again",
    )
