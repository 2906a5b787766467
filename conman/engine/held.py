"""What a daemon holds open of its containers' output: a reading end of each FIFO, never read.

A FIFO's content is thrown away when the last of its ends is closed. With these, what a container wrote
after its shim's death is still there when a successor comes, though the container has ended meanwhile.
"""

import fcntl
import os
import stat
import struct
import termios
import threading
from contextlib import suppress

from conman.engine import kept
from conman.primitives.failure import failed
from conman.primitives.steps import Absent, Failed, Held, HoldOutput

Run = tuple[str, int]

_FIFOS = ("stdout", "stderr")


class HeldOutput:
    """Any thread may hold and release."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: dict[Run, tuple[int, ...]] = {}
        self._kept: dict[Run, int] = {}

    def hold(self, step: HoldOutput) -> Held | Absent | Failed:
        """Held once or again; Absent where a FIFO is no longer to be found."""
        run = (step.container_id, step.run)
        try:
            with self._lock:
                if run not in self._ends:
                    self._ends[run] = _open_all(step.directory)
                elif not all(os.path.lexists(f"{step.directory}/{name}") for name in _FIFOS):
                    return Absent()
                return Held(sum(map(_unread, self._ends[run])))
        except FileNotFoundError:
            return Absent()
        except OSError as error:
            return failed(error)

    def keep(self, run: Run, directory: str) -> None:
        """What would end with its shim is held, too, or given to a successor that wants it.

        Where the shim does neither now, nothing is wrong: it is lost only if that shim dies next. Raises OSError
        where this process has no room for it.
        """
        if not os.path.lexists(f"{directory}/{kept.KEEP}"):
            return
        with self._lock:
            ours = os.dup(self._kept[run]) if run in self._kept else -1
        try:
            # Not in the lock's time: a shim that hangs is waited for, and not by everybody.
            fetched = kept.exchanged(directory, ours)
        finally:
            if ours >= 0:
                os.close(ours)
        with self._lock:
            if fetched >= 0 and run not in self._kept:
                self._kept[run], fetched = fetched, -1
        if fetched >= 0:
            os.close(fetched)

    def release(self, run: Run) -> None:
        with self._lock:
            _close_all(self._ends.pop(run, ()))
            if run in self._kept:
                os.close(self._kept.pop(run))

    def close(self) -> None:
        with self._lock:
            for ends in self._ends.values():
                _close_all(ends)
            _close_all(tuple(self._kept.values()))
            self._ends.clear()
            self._kept.clear()


def _open_all(directory: str) -> tuple[int, ...]:
    ends: list[int] = []
    try:
        for name in _FIFOS:
            path = f"{directory}/{name}"
            ends.append(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW))
            if not stat.S_ISFIFO(os.fstat(ends[-1]).st_mode):
                raise FileNotFoundError(path)
    except OSError:
        _close_all(tuple(ends))
        raise
    return tuple(ends)


def _unread(end: int) -> int:
    answer = fcntl.ioctl(end, termios.FIONREAD, struct.pack("i", 0))
    return struct.unpack("i", answer)[0]


def _close_all(ends: tuple[int, ...]) -> None:
    for end in ends:
        with suppress(OSError):
            os.close(end)
