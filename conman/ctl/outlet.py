"""Bytes on their way out of a session, through descriptors that may not take them now.

It must never block, nor make a descriptor non-blocking that others have too: a terminal would stay so.
"""

import os
import stat
from collections import deque

#: What a pipe or a terminal takes without blocking, once poll says that it can be written to.
_SURELY_BYTES = 4096


class Outlet:
    """What waits to be written, in order, whichever descriptor it is for; `size`: in bytes."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, memoryview]] = deque()
        self._at_once: dict[int, bool] = {}
        self.size = 0

    @property
    def fd(self) -> int | None:
        """What has to take something next; None: nothing waits."""
        return self._waiting[0][0] if self._waiting else None

    def put(self, fd: int, data: bytes) -> None:
        """After all that waits."""
        if data:
            self._waiting.append((fd, memoryview(data)))
            self.size += len(data)

    def flush(self) -> None:
        """As much as the next one takes; poll has said that it takes something. Raises OSError."""
        fd, data = self._waiting.popleft()
        try:
            written = os.write(fd, data if self._takes_all(fd) else data[:_SURELY_BYTES])
        except BlockingIOError:
            written = 0
        self.size -= written
        if written < len(data):
            self._waiting.appendleft((fd, data[written:]))

    def drop(self) -> None:
        """Nobody will read it."""
        self._waiting.clear()
        self.size = 0

    def _takes_all(self, fd: int) -> bool:
        """A file is never full, and who does not block takes what he can."""
        if fd not in self._at_once:
            regular = stat.S_ISREG(os.fstat(fd).st_mode)
            self._at_once[fd] = regular or not os.get_blocking(fd)
        return self._at_once[fd]
