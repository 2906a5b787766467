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
        self._ways: dict[int, _Way] = {}
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
            written = self._way(fd).write(data)
        except BlockingIOError:
            written = 0
        self.size -= written
        if written < len(data):
            self._waiting.appendleft((fd, data[written:]))

    def flush_unasked(self) -> None:
        """What goes without poll's word, for it never blocks. Raises OSError."""
        left = self.size + 1
        while self._waiting and self.size < left and self._way(self._waiting[0][0]).never_blocks:
            left = self.size
            self.flush()

    def drop(self) -> None:
        """Nobody will read it."""
        self._waiting.clear()
        self.size = 0

    def close(self) -> None:
        """What was opened here; no descriptor that was given."""
        for fd, way in self._ways.items():
            if way.fd != fd:
                os.close(way.fd)
        self._ways.clear()

    def _way(self, fd: int) -> "_Way":
        if fd not in self._ways:
            self._ways[fd] = _Way(fd)
        return self._ways[fd]


class _Way:
    """To what a descriptor leads, without blocking. `never_blocks`: whatever is written."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        mode = os.fstat(fd).st_mode
        own = _opened_again(fd) if stat.S_ISFIFO(mode) else None
        if own is not None:
            self.fd = own
        # A file is never full, and who does not block takes what he can.
        self.never_blocks = stat.S_ISREG(mode) or not os.get_blocking(self.fd)

    def write(self, data: memoryview) -> int:
        """How many were taken. Raises BlockingIOError, OSError."""
        return os.write(self.fd, data if self.never_blocks else data[:_SURELY_BYTES])


def _opened_again(pipe: int) -> int | None:
    """The same pipe, not blocking, and nobody else's; None: it is not ours to open, or nobody reads it."""
    try:
        return os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
