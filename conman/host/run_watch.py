"""Tells that RUN was taken away while its daemon lives: inotify(7), and poll(2) of proc(5)'s mountinfo.

Without it locks prove nothing, and nobody can reach the daemon any more. It must never take for a loss what
conman removes itself: of RUN's own parts it removes none.
"""

import os
import select
from contextlib import ExitStack, suppress

from conman.core.effects.recipes_boot import run_parts
from conman.core.layout import Layout
from conman.host import linux


class RunWatch:
    """`fileno` is readable: ask `lost`. Raises FileNotFoundError of what is lost already, OSError
    where the kernel watches nothing more.
    """

    def __init__(self, layout: Layout) -> None:
        self._run = layout.run
        self._parts = (layout.run, *run_parts(layout))
        with ExitStack() as opened:
            self._inotify = linux.inotify()
            opened.callback(os.close, self._inotify)
            self._number = linux.watch(self._inotify, self._run, linux.REMOVALS)
            self._watch_above()
            self._both = opened.enter_context(select.epoll())
            self._both.register(self._inotify, select.EPOLLIN)
            self._watch_mounts(opened)
            # Last: what was lost before it was watched is told here.
            self._known = [os.stat(path) for path in self._parts]
            self._opened = opened.pop_all()

    def fileno(self) -> int:
        return self._both.fileno()

    def lost(self) -> str:
        """The directory that was removed, renamed, unmounted or covered since it was asked last; "": none was."""
        named = (self._named(*event) for event in linux.events(self._inotify))
        return next((path for path in named if path in self._parts), "") or self._replaced()

    def close(self) -> None:
        self._opened.close()

    def _watch_above(self) -> None:
        """Who renames a directory above takes RUN along, which is told nothing of it."""
        above = os.path.dirname(os.path.realpath(self._run))
        while above != "/":
            # Of what we may not read we are told nothing.
            with suppress(PermissionError):
                linux.watch(self._inotify, above, linux.MOVE_SELF)
            above = os.path.dirname(above)

    def _watch_mounts(self, opened: ExitStack) -> None:
        """RUN is told of no umount: our own lock keeps the file system that is gone from there alive."""
        mounts = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
        opened.callback(os.close, mounts)
        self._both.register(mounts, select.EPOLLPRI)

    def _named(self, number: int | None, name: str) -> str:
        """A part that was removed is lost, also where another has its name by now."""
        return f"{self._run}/{name}".rstrip("/") if number == self._number else ""

    def _replaced(self) -> str:
        for path, known in zip(self._parts, self._known, strict=True):
            try:
                if not os.path.samestat(os.stat(path), known):
                    return path
            except OSError:
                return path
        return ""
