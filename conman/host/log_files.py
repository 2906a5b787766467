"""Reads the files of one container's log, from a position on, across rotations; it writes nothing.

    log      is written to             log.7, log.6 ...     were, each before the next

The shim rotates by renaming `log` to the next number, and a number is never used again; so the file that
is written to has the one after the highest. Somebody else may move `log` away; the shim writes on there until it
is told to reopen it, and the next `log` then has the same number. Whoever has a file open reads it to its end,
whatever becomes of its name. It must never hold more than a block, nor take a file for another.
"""

import os
import stat
from collections.abc import Iterator

from conman.core.log_records import HEAD_BYTES, Chosen, Position, begins_at, line_ends
from conman.frozen import frozen
from conman.primitives.log_numbers import log_numbers

#: More than a shim writes at once, so that a block holds a whole record.
BLOCK = 512 * 1024
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW


@frozen
class Block:
    """Whole records; none: there is nothing more now. `end`: where the next begins.

    `gap`: what lay before them was removed before it was read.
    """

    records: bytes
    end: Position
    gap: bool = False


class LogFiles:
    """One reader's. Calls may block, and come one at a time. They raise OSError for what cannot be read."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1
        self._at = Position(0, 0)
        self._begun = 0
        self._gap = False

    def begin(self, position: Position | None) -> None:
        """Read on from there; None: from the oldest that is kept."""
        self.close()
        self._at = position or Position(min(self._numbers(), default=self._newest()), 0)

    def begin_before_end(self, count: int, chosen: Chosen) -> None:
        """Read the last `count` lines of those that are chosen."""
        self.close()
        self._at = self._before_end(count, chosen)

    def read(self) -> Block:
        """The next records."""
        if self._fd < 0:
            self._open()
        while self._fd >= 0:
            if records := self._records(is_over=False):
                return self._told(records)
            if (following := self._following()) is None:
                break
            # Nobody writes to this one any more: now it is read to its end.
            if records := self._records(is_over=True):
                return self._told(records)
            self.begin(Position(following, 0))
            self._open()
        return Block(b"", self._at)

    def _told(self, records: bytes) -> Block:
        gap, self._gap = self._gap, False
        return Block(records, self._at, gap)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd, self._begun = -1, 0

    # ---- one file

    def _records(self, *, is_over: bool) -> bytes:
        """Up to the end of the last whole record; of a file that is over also what was torn at its end."""
        self._stay_within()
        found = os.pread(self._fd, BLOCK, self._at.offset)
        whole = found.rfind(b"\n") + 1
        if not whole and (is_over or len(found) == BLOCK):
            whole = len(found)
        self._at = Position(self._at.file, self._at.offset + whole, self._begins())
        return found[:whole]

    def _begins(self) -> int:
        """When the first record of the file that is open was written; 0: it has none yet."""
        if not self._begun:
            self._begun = begins_at(os.pread(self._fd, HEAD_BYTES, 0))
        return self._begun

    # ---- which file

    def _open(self) -> None:
        """The file of our position, or the oldest after it; not, where it is not begun yet."""
        wanted = self._at.file
        while self._fd < 0:
            kept = [number for number in self._numbers() if number >= wanted]
            number = min(kept, default=self._newest())
            self._fd = self._opened(number)
            if self._fd < 0 and not kept:
                return
            if number != wanted or (self._fd >= 0 and self._is_another()):
                self._at, self._gap = Position(number, 0), True
        self._stay_within()

    def _is_another(self) -> bool:
        """Whether the file of our position was moved away, and this one has its number."""
        return self._at.begun not in (0, self._begins())

    def _following(self) -> int | None:
        """The number of the file that is written to after this one; None: this one still may be."""
        number, newest = self._at.file, self._newest()
        if newest > number and self._is_displaced():
            return number
        if newest > number + 1:
            return number + 1
        # The first byte of the next says it: who renamed this one may be another than the shim.
        if not self._is_succeeded():
            return None
        return newest if newest == self._newest() else self._following()

    def _is_displaced(self) -> bool:
        """Whether this file was moved away, and another that was written to after it has had its number."""
        if found := self._named(f"{self._path}.{self._at.file}"):
            return self._is_begun_by_another(found)
        # Its links come last: one that was removed as the oldest just now was not moved away.
        found = self._named(self._path)
        return not (found and self._is_ours(found)) and os.fstat(self._fd).st_nlink > 0

    def _is_succeeded(self) -> bool:
        found = self._named(self._path)
        return found is not None and self._is_begun_by_another(found)

    def _is_begun_by_another(self, found: os.stat_result) -> bool:
        is_written = stat.S_ISREG(found.st_mode) and found.st_size > 0
        return is_written and not self._is_ours(found)

    def _is_ours(self, found: os.stat_result) -> bool:
        return os.path.samestat(found, os.fstat(self._fd))

    def _named(self, path: str) -> os.stat_result | None:
        try:
            return os.lstat(path)
        except FileNotFoundError:
            return None

    def _stay_within(self) -> None:
        """A file may have become shorter: half a record was taken back, or a power cut took it."""
        size = os.fstat(self._fd).st_size
        if self._at.offset > size:
            self._at, self._begun = Position(self._at.file, size), 0

    def _opened(self, number: int) -> int:
        """-1: it is not there."""
        is_newest = number == self._newest()
        try:
            fd = os.open(self._path if is_newest else f"{self._path}.{number}", _FLAGS)
        except FileNotFoundError:
            return -1
        if is_newest and self._newest() != number:
            os.close(fd)  # it was renamed meanwhile, so this may be its successor
            return self._opened(number)
        return fd

    def _newest(self) -> int:
        """The number of the file that is written to."""
        return max(self._numbers(), default=0) + 1

    def _numbers(self) -> tuple[int, ...]:
        """Those of the files that were written to before."""
        directory, _, name = self._path.rpartition("/")
        try:
            return log_numbers(os.listdir(directory), name)
        except FileNotFoundError:
            return ()

    # ---- the last lines

    def _before_end(self, count: int, chosen: Chosen) -> Position:
        newest, left = self._newest(), count
        begins, is_last = Position(newest, 0), True
        for number in (newest, *reversed(self._numbers())):
            for at, records in self._backwards(number):
                if number == newest and is_last and not begins.offset:
                    begins = _further(at, len(records))
                for start, ends in reversed(line_ends(records, chosen)):
                    if ends or is_last:
                        if not left:
                            return begins
                        left -= 1
                    begins, is_last = _further(at, start), False
        return begins

    def _backwards(self, number: int) -> Iterator[tuple[Position, bytes]]:
        """Whole records of a file from its end on, and where they begin."""
        if (fd := self._opened(number)) < 0:
            return
        try:
            begun = begins_at(os.pread(fd, HEAD_BYTES, 0))
            end = os.fstat(fd).st_size
            is_first = True
            while end > 0:
                start = max(end - BLOCK, 0)
                found = os.pread(fd, end - start, start)
                whole = found.find(b"\n") + 1 if start else 0
                last = found.rfind(b"\n") + 1 if is_first else len(found)
                yield Position(number, start + whole, begun), found[whole:last]
                # A block without any line's end is no record of ours.
                end, is_first = start + whole if whole < last else start, False
        finally:
            os.close(fd)


def _further(at: Position, count: int) -> Position:
    """So many bytes on in the same file."""
    return Position(at.file, at.offset + count, at.begun)
