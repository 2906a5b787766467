"""Tells when something is written to a log, or it is rotated: inotify(7), one descriptor for all readers.

What is told may be too much, never too little: a reader looks itself what there is. It must never ask a file
again and again.
"""

import os
import struct
from collections.abc import Callable

from conman.host import linux

_EVENT = struct.Struct("iIII")
_OVERFLOW = 0x4000


class LogWatch:
    """Called on one thread, the one that is told of the descriptor. `fileno` is readable: call `tell`."""

    def __init__(self) -> None:
        self._fd = linux.inotify()
        self._told: dict[int, list[Callable[[], None]]] = {}

    def fileno(self) -> int:
        return self._fd

    def add(self, path: str, changed: Callable[[], None]) -> int:
        """Call it after each change beside or in the file of this path. Raises OSError."""
        number = linux.watch(self._fd, os.path.dirname(path), linux.CHANGES)
        self._told.setdefault(number, []).append(changed)
        return number

    def remove(self, number: int, changed: Callable[[], None]) -> None:
        """Call it no more."""
        told = self._told[number]
        told.remove(changed)
        if not told:
            del self._told[number]
            linux.unwatch(self._fd, number)

    def tell(self) -> None:
        for number in self._changed():
            for changed in tuple(self._told.get(number, ())):
                changed()

    def close(self) -> None:
        os.close(self._fd)

    def _changed(self) -> set[int]:
        try:
            events = os.read(self._fd, 65536)
        except BlockingIOError:
            return set()
        found: set[int] = set()
        at = 0
        while at < len(events):
            number, mask, _, length = _EVENT.unpack_from(events, at)
            found |= {*self._told} if mask & _OVERFLOW else {number}
            at += _EVENT.size + length
        return found
