"""Watches inits: a pidfd for each, on the event loop; when one becomes readable, its process has ended.

A pidfd is opened first and the identity compared afterwards, so that what is watched is that process or
a dead one, never a stranger with its pid. It must never hold a process's end back, nor tell it twice.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass

from conman.core.outputs import InitEnded
from conman.primitives import processes
from conman.primitives.failure import failed
from conman.primitives.steps import Done, Failed, Gone, WatchProcess


@dataclass(frozen=True, slots=True)
class _Watched:
    """One run and the handle of its init."""

    run: InitEnded
    handle: int


class Watcher:
    """`watch` may be called by any thread; `on_end` is called on the loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_end: Callable[[InitEnded], None]
    ) -> None:
        self._loop = loop
        self._on_end = on_end
        self._watched: dict[InitEnded, int] = {}

    def watch(self, step: WatchProcess) -> Done | Gone | Failed:
        """From here on the end is observed; Gone when that has happened already."""
        try:
            handle = processes.pidfd(step.process.pid)
        except OSError as error:
            return failed(error)
        if handle is None:
            return Gone()
        if not processes.lives(step.process):
            os.close(handle)
            return Gone()
        watched = _Watched(InitEnded(step.container_id, step.run), handle)
        self._loop.call_soon_threadsafe(self._add, watched)
        return Done()

    def close(self) -> None:
        """Watch nothing any more."""
        for handle in self._watched.values():
            self._loop.remove_reader(handle)
            os.close(handle)
        self._watched.clear()

    def _add(self, watched: _Watched) -> None:
        if watched.run in self._watched:
            os.close(watched.handle)
            return
        self._watched[watched.run] = watched.handle
        self._loop.add_reader(watched.handle, self._ended, watched.run)

    def _ended(self, run: InitEnded) -> None:
        handle = self._watched.pop(run)
        self._loop.remove_reader(handle)
        os.close(handle)
        self._on_end(run)
