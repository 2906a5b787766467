"""Logs between their files and the API: read on workers, awaited by inotify.

It holds nothing of a log but what one reader is just being told. It must never read on the event loop, nor
close a file that a worker still reads.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from threading import Lock
from typing import TypeVar

from conman.api.logs import Page, Wanted
from conman.core.log_records import Chosen, Chunk, chunks
from conman.errors import Code, ConmanError, Refusal
from conman.host.log_files import LogFiles
from conman.host.log_watch import LogWatch

Found = TypeVar("Found")


class LogFeed:
    """Made, and called, on the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._watch: LogWatch | None = None
        self._followers: set[asyncio.Event] = set()
        self._is_ending = False

    @asynccontextmanager
    async def reading(
        self, path: str, wanted: Wanted, *, follow: bool
    ) -> "AsyncGenerator[LogReading]":
        """Raises ConmanError, also out of the reading."""
        changed = asyncio.Event()
        with self._watched(path, changed, follow=follow):
            reading = LogReading(path, wanted.chosen, changed, lambda: self._is_ending)
            try:
                await reading.begin(wanted)
                yield reading
            finally:
                reading.close()

    def end(self) -> None:
        """Nobody waits any more: what comes is the next daemon's to tell."""
        self._is_ending = True
        for changed in self._followers:
            changed.set()

    def close(self) -> None:
        if self._watch is not None:
            self._loop.remove_reader(self._watch)
            self._watch.close()

    @contextmanager
    def _watched(self, path: str, changed: asyncio.Event, *, follow: bool) -> Generator[None]:
        if not follow:
            yield
            return
        try:
            watch = self._watch or self._begin_to_watch()
            number = watch.add(path, changed.set)
        except FileNotFoundError:
            yield  # it was removed just now, and its end will be told
            return
        except OSError as error:
            raise ConmanError(_cannot_follow(path, error)) from error
        self._followers.add(changed)
        try:
            yield
        finally:
            self._followers.discard(changed)
            watch.remove(number, changed.set)

    def _begin_to_watch(self) -> LogWatch:
        self._watch = watch = LogWatch()
        self._loop.add_reader(watch, watch.tell)
        return watch


class LogReading:
    """One reader's place in one log. One call at a time; whoever is cancelled closes it and goes."""

    def __init__(
        self, path: str, chosen: Chosen, changed: asyncio.Event, is_ending: Callable[[], bool]
    ) -> None:
        self._path = path
        self._files = LogFiles(path)
        self._chosen = chosen
        self._changed = changed
        self._is_ending = is_ending
        self._lock = Lock()

    async def begin(self, wanted: Wanted) -> None:
        if wanted.position is None and wanted.tail is not None:
            tail = wanted.tail
            await self._on_worker(lambda: self._files.begin_before_end(tail, wanted.chosen))
        else:
            await self._on_worker(lambda: self._files.begin(wanted.position))

    async def read(self) -> Page:
        self._changed.clear()
        return await self._on_worker(self._page)

    async def more(self) -> None:
        """Until something has changed since the last read began."""
        if not self._is_ending():
            await self._changed.wait()
        if self._is_ending():
            raise ConmanError(_ENDING)

    def close(self) -> None:
        # Not here: a worker may be reading, and disks are slow.
        asyncio.get_running_loop().run_in_executor(None, self._locked, self._files.close)

    def _page(self) -> Page:
        block = self._files.read()
        if not block.records:
            return Page()
        kept, is_past = _kept(block.records, self._chosen)
        return Page(kept, block.end, block.gap, is_past)

    async def _on_worker(self, read: Callable[[], Found]) -> Found:
        try:
            return await asyncio.to_thread(self._locked, read)
        except OSError as error:
            raise ConmanError(_unreadable(self._path, error)) from error

    def _locked(self, read: Callable[[], Found]) -> Found:
        with self._lock:
            return read()


def _kept(records: bytes, chosen: Chosen) -> tuple[tuple[Chunk, ...], bool]:
    found = [each for each in chunks(records) if each.stream in chosen.streams]
    kept = tuple(each for each in found if chosen.holds(each.at, each.stream))
    return kept, any(chosen.is_over(each.at) for each in found)


def _unreadable(path: str, error: OSError) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "LogUnreadable",
        f"the log {path} cannot be read: {error.strerror}",
        "mend the disk below the data directory, then ask again",
    )


def _cannot_follow(path: str, error: OSError) -> Refusal:
    return Refusal(
        Code.RESOURCE_EXHAUSTED,
        "CannotFollow",
        f"the kernel does not watch {path} for us: {error.strerror}",
        "raise fs.inotify.max_user_watches or fs.inotify.max_user_instances, or do without follow",
    )


_ENDING = Refusal(
    Code.UNAVAILABLE,
    "Ending",
    "conmand ends",
    "ask the next one for what follows the last position that you were told",
)
