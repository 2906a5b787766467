"""The store's own thread: commits that wait together become one transaction batch (group commit).

What a saga is told is what the store answered, after the durable point and never before. It must never
let two threads at the store, nor reorder what was handed in.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from conman.core.effects.effect import Outcome
from conman.core.effects.vocabulary import Commit, ReopenStore
from conman.core.model import Change
from conman.core.outputs import Perform
from conman.engine.thread_names import name_thread
from conman.frozen import frozen
from conman.primitives.crash_points import CrashPoints

_PATIENCE_S = 5.0


class Store(Protocol):
    """`conman.host.database.Store`, as far as it is needed here."""

    def commit(self, transactions: Sequence[tuple[Change, ...]]) -> Sequence[Outcome]: ...
    def reopen(self, token: str) -> Outcome: ...


@frozen
class Entry:
    """One store effect, and whom to tell its outcome."""

    perform: Perform
    tell: Callable[[Outcome], None]


class Writer:
    """Started by its construction. `failed` is called, on the thread, with what must not happen."""

    def __init__(
        self, store: Store, points: CrashPoints, failed: Callable[[BaseException], None]
    ) -> None:
        self._store = store
        self._points = points
        self._failed = failed
        self._busy_since = 0.0
        self._entries: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        # A daemon thread: a disk that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        self._entries.put(entry)

    def is_alive(self, patience_s: float) -> bool:
        """Whether the thread is there, and no write has been under way for longer than this."""
        since = self._busy_since
        return self._thread.is_alive() and not 0 < since < time.monotonic() - patience_s

    def close(self) -> bool:
        """End after what was handed in. False: the disk holds the thread; the store is still used."""
        self._entries.put(None)
        self._thread.join(_PATIENCE_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            name_thread("store")
            while waiting := self._take():
                for batch in _batches(waiting):
                    self._busy_since = time.monotonic()
                    self._write(batch)
                    self._busy_since = 0.0
        except BaseException as error:  # noqa: BLE001 - it is told, and ends the daemon
            self._failed(error)

    def _take(self) -> list[Entry]:
        """All that waits, at least one; empty: the end."""
        taken = [self._entries.get()]
        while taken[-1] is not None and not self._entries.empty():
            taken.append(self._entries.get())
        if taken[-1] is None:
            self._entries.put(None)
        return [entry for entry in taken if entry is not None]

    def _write(self, batch: Sequence[Entry]) -> None:
        for entry in batch:
            self._points.passes(f"{entry.perform.point}/before")
        outcomes = self._outcomes([entry.perform.effect for entry in batch])
        for entry, outcome in zip(batch, outcomes, strict=True):
            self._points.passes(f"{entry.perform.point}/after")
            entry.tell(outcome)

    def _outcomes(self, effects: Sequence[object]) -> Sequence[Outcome]:
        match effects:
            case [ReopenStore(token)]:
                return [self._store.reopen(token)]
            case _:
                commits = [effect for effect in effects if isinstance(effect, Commit)]
                return self._store.commit([commit.changes for commit in commits])


def _batches(waiting: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Neighbouring commits together, every ReopenStore alone, in their order."""
    batch: list[Entry] = []
    for entry in waiting:
        if isinstance(entry.perform.effect, ReopenStore):
            if batch:
                yield batch
            yield [entry]
            batch = []
        else:
            batch.append(entry)
    if batch:
        yield batch
