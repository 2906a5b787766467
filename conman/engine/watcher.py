"""Watches inits and shims: a pidfd for each, on the event loop; when it becomes readable, its process ended.

A pidfd is opened first and the identity compared afterwards, so that what is watched is that process or
a dead one, never a stranger with its pid. An init's pidfd is kept beyond its end, until the run is
released: through it the kernel tells how it ended. It must never hold a process's end back, nor tell it
twice or once its run was released, nor raise for what a host can do to us: an OSError is a value, `Failed`.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

from conman.core.outputs import ExecEnded, InitEnded, Observation, ShimEnded
from conman.engine.held import HeldOutput
from conman.primitives import processes
from conman.primitives import steps as s
from conman.primitives.exit_status import exit_status
from conman.primitives.failure import failed

#: How long whoever inherited an orphan may take to reap it.
_REAPED_S = 5.0

Step = s.WatchProcess | s.WatchShim | s.HoldOutput | s.ReadExitStatus | s.Release


@dataclass(slots=True)
class _Watched:
    """One process. `handle` -1: its end was told, and nobody will ask about it."""

    process: s.ProcessId
    handle: int
    is_read: bool = False


class Watcher:
    """`perform` may be called by any thread; `on_end` is called on the loop.

    `who` is asked for the shim that a WatchShim means: ShimProcess, or Absent.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_end: Callable[[Observation], None],
        who: Callable[[s.Step], s.Result],
    ) -> None:
        self._loop = loop
        self._on_end = on_end
        self._who = who
        self._output = HeldOutput()
        self._lock = threading.Lock()
        self._watched: dict[Observation, _Watched] = {}

    def perform(self, step: Step) -> s.Result:
        try:
            return self._perform(step)
        except OSError as error:
            return failed(error)

    def close(self) -> None:
        """Watch and hold nothing any more. On the loop."""
        with self._lock:
            watched, self._watched = self._watched, {}
        for one in watched.values():
            self._drop(one)
        self._output.close()

    # ---- on any thread

    def _perform(self, step: Step) -> s.Result:
        match step:
            case s.WatchProcess(container_id, run, process, exec_id) if exec_id:
                return self._watch(ExecEnded(container_id, run, exec_id), process)
            case s.WatchProcess(container_id, run, process):
                return self._watch(InitEnded(container_id, run), process)
            case s.WatchShim(container_id, run, directory):
                watched = self._watch_shim(step)
                self._output.keep((container_id, run), directory)
                return watched
            case s.HoldOutput():
                return self._output.hold(step)
            case s.ReadExitStatus(container_id, run):
                return self._exit_status(InitEnded(container_id, run))
            case s.Release(container_id, run):
                self._output.release((container_id, run))
                for end in self._of_run(container_id, run):
                    self._forget(end)
                return s.Done()

    def _watch(self, end: Observation, process: s.ProcessId) -> s.Done | s.Gone:
        """From here on the end is observed; Gone when that has happened already."""
        handle = processes.pidfd(process.pid)
        if handle is None:
            return s.Gone()
        try:
            lives = processes.lives(process)
            # Of a zombie the kernel will tell how it ended, once it is reaped.
            is_kept = lives or (isinstance(end, InitEnded) and _is_zombie(process))
        except OSError:
            os.close(handle)
            raise
        if is_kept:
            self._keep(end, _Watched(process, handle), lives=lives)
        else:
            os.close(handle)
        return s.Done() if lives else s.Gone()

    def _watch_shim(self, step: s.WatchShim) -> s.Result:
        end = ShimEnded(step.container_id, step.run)
        found = self._who(step)
        if isinstance(found, s.ShimProcess):
            watched = self._watch(end, found.process)
            if not isinstance(watched, s.Gone):
                return watched
        elif not isinstance(found, s.Absent):
            return found
        self._loop.call_soon_threadsafe(self._on_end, end)
        return s.Done()

    def _keep(self, end: Observation, new: _Watched, *, lives: bool) -> None:
        with self._lock:
            old = self._watched.get(end)
            if old is not None and old.process == new.process:
                os.close(new.handle)
                return
            self._watched[end] = new
        if old is not None:
            self._loop.call_soon_threadsafe(self._drop, old)
        if lives:
            self._loop.call_soon_threadsafe(self._read, end, new)

    def _exit_status(self, end: InitEnded) -> s.ExitStatus | s.Absent:
        with self._lock:
            watched = self._watched.get(end)
            handle = os.dup(watched.handle) if watched is not None else -1
        if handle < 0:
            return s.Absent()
        try:
            told = exit_status(handle, _REAPED_S)
        finally:
            os.close(handle)
        return s.Absent() if told is None else s.ExitStatus(*told)

    def _of_run(self, container_id: str, run: int) -> list[Observation]:
        with self._lock:
            return [
                end for end in self._watched if (end.container_id, end.run) == (container_id, run)
            ]

    def _forget(self, end: Observation) -> None:
        with self._lock:
            watched = self._watched.pop(end, None)
        if watched is not None:
            self._loop.call_soon_threadsafe(self._drop, watched)

    # ---- on the loop

    def _read(self, end: Observation, watched: _Watched) -> None:
        if watched.handle >= 0 and self._watched.get(end) is watched:
            self._loop.add_reader(watched.handle, self._ended, end, watched)
            watched.is_read = True

    def _ended(self, end: Observation, watched: _Watched) -> None:
        self._loop.remove_reader(watched.handle)
        watched.is_read = False
        with self._lock:
            if self._watched.get(end) is not watched:
                return  # Whoever let it go was quicker, and has it dropped.
            if not isinstance(end, InitEnded):
                del self._watched[end]
                self._drop(watched)
        self._on_end(end)

    def _drop(self, watched: _Watched) -> None:
        if watched.is_read:
            self._loop.remove_reader(watched.handle)
            watched.is_read = False
        if watched.handle >= 0:
            os.close(watched.handle)
            watched.handle = -1


def _is_zombie(process: s.ProcessId) -> bool:
    """Whether a process that does not live is exactly this one, not yet reaped."""
    return (
        processes.start_time(process.pid) == process.start_time
        and process.boot_id == processes.boot_id()
    )
