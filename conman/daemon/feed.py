"""Events between store and API: what is durable may be read, and whoever waits for more is woken.

It holds no event: a reader, however slow, takes pages from the store at his own speed. It stands before the
store of the driver, and must never change what that is told.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from conman.core.effects.effect import Outcome
from conman.core.events import Page
from conman.core.model import Change
from conman.errors import Code, ConmanError, Refusal
from conman.host.database import Store
from conman.host.events import EventLog


class Feed:
    """Made on the event loop. `commit` and `reopen` are called on the store's thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._log = EventLog(store.path)
        self._loop = asyncio.get_running_loop()
        self._more = asyncio.Event()
        self._is_ending = False

    # ---- the driver's store

    def commit(self, transactions: Sequence[tuple[Change, ...]]) -> Sequence[Outcome]:
        before = self._store.newest_event
        outcomes = self._store.commit(transactions)
        self._tell(before)
        return outcomes

    def reopen(self, token: str) -> Outcome:
        before = self._store.newest_event
        outcome = self._store.reopen(token)
        self._tell(before)
        return outcome

    def _tell(self, before: int) -> None:
        if self._store.newest_event != before:
            # A loop that has ended has no readers.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake)

    # ---- the readers

    @property
    def newest(self) -> int:
        """The last event's number that everybody may be told; 0: none yet."""
        return self._store.newest_event

    async def read(self, seen: int, limit: int) -> Page:
        """At most `limit` events after `seen`. Raises ConmanError."""
        return await asyncio.to_thread(self._log.read, seen, limit, self.newest)

    async def beyond(self, seen: int) -> None:
        """Until there is an event after `seen`. Raises ConmanError when conmand ends first."""
        while self.newest <= seen:
            if self._is_ending:
                raise ConmanError(_ENDING)
            await self._more.wait()

    def end(self) -> None:
        """Nobody waits any more: what comes is the next daemon's to tell."""
        self._is_ending = True
        self._wake()

    def close(self) -> None:
        self._log.close()

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()


_ENDING = Refusal(
    Code.UNAVAILABLE,
    "Ending",
    "conmand ends",
    "ask the next one for what follows the last event that you have seen",
)
