"""Tells that RUN was taken away while its daemon lives: inotify(7) on the directory.

Without it locks prove nothing, and nobody can reach the daemon any more. It must never take for a loss what
conman removes itself: of RUN's own parts it removes none.
"""

import os
import struct

from conman.core.effects.recipes_boot import run_parts
from conman.core.layout import Layout
from conman.host import linux

_EVENT = struct.Struct("iIII")
#: IN_CREATE and the like are not asked for: what is told without a name is of the directory itself.
_OVERFLOW = 0x4000


class RunWatch:
    """`fileno` is readable: ask `lost`. Raises OSError where the kernel watches nothing more."""

    def __init__(self, layout: Layout) -> None:
        self._run, self._parts = layout.run, run_parts(layout)
        self._fd = linux.inotify()
        try:
            linux.watch(self._fd, self._run, linux.REMOVALS)
        except OSError:
            self.close()
            raise

    def fileno(self) -> int:
        return self._fd

    def lost(self) -> str:
        """The directory that was removed, renamed or unmounted since it was asked last; "": none was."""
        try:
            events = os.read(self._fd, 65536)
        except BlockingIOError:
            return ""
        return next((path for path in self._told(events) if path), "")

    def close(self) -> None:
        os.close(self._fd)

    def _told(self, events: bytes) -> list[str]:
        told: list[str] = []
        at = 0
        while at < len(events):
            _, mask, _, length = _EVENT.unpack_from(events, at)
            at += _EVENT.size + length
            name = os.fsdecode(events[at - length : at].rstrip(b"\0"))
            told.append(self._missing() if mask & _OVERFLOW else self._part(name))
        return told

    def _part(self, name: str) -> str:
        path = f"{self._run}/{name}" if name else self._run
        return path if path in (self._run, *self._parts) else ""

    def _missing(self) -> str:
        """More has happened than the kernel could keep: what is there is looked at."""
        return next((path for path in (self._run, *self._parts) if not os.path.isdir(path)), "")
