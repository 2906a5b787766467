"""Tells when something is written to a log, or it is rotated: inotify(7), one descriptor for all readers.

What is told may be too much, never too little of what is in the log's directory: a reader looks itself what there
is. What is written to a log that was moved elsewhere is told with the first change here. It must never ask a file again
and again.
"""

import os
from collections.abc import Callable

from conman.host import linux


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
        found: set[int] = set()
        for number, _ in linux.events(self._fd):
            found |= {*self._told} if number is None else {number}
        return found
