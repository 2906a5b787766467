"""When a log is put aside, and which of those that were go: by size and by count.

`log` gets the number after the highest, and a new `log` is begun; no number is used again, so that readers
know one file from another by its number, however often the shim was killed meanwhile. It must never rename or
remove anything itself: `do` performs its recipe.
"""

import os
from _collections_abc import Callable

from conman.primitives.log_numbers import log_numbers
from conman.primitives.shared_steps import Shared
from conman.shim.recipes import PUT_ASIDE, rotate_log
from conman.shim.task import LogLimits

#: Performs steps until one fails, and tells how many it did.
Do = Callable[[tuple[Shared, ...]], int]


class Rotation:
    """Of one log."""

    __slots__ = ("_due", "_limits", "_path", "do")

    def __init__(self, path: str, limits: LogLimits, do: Do) -> None:
        self._path = path
        self._limits = limits
        self._due = limits.bytes
        self.do = do

    def is_due(self, size: int, more: int) -> bool:
        """Whether a file of this size, which has something in it, is to be put aside before more is written."""
        return 0 < self._due < size + more and size > 0

    def begins(self) -> None:
        """Another file is written to."""
        self._due = self._limits.bytes

    def failed(self) -> None:
        """The file grows for as much again before that is tried again."""
        self._due += self._limits.bytes

    def turn(self) -> bool:
        """Whether the log was put aside; raises OSError where nobody can look."""
        numbers = put_aside(self._path)
        number = max(numbers, default=0) + 1
        # `log` itself is one of those that are kept; and one number always is, for the next to follow.
        kept = max(self._limits.files - 1, 1)
        done = self.do(rotate_log(self._path, number, (*numbers, number)[:-kept])) >= PUT_ASIDE
        if done:
            self.begins()
        else:
            self.failed()
        return done


def put_aside(path: str) -> tuple[int, ...]:
    """The numbers of a log's earlier files, the oldest first. Raises OSError."""
    directory, _, name = path.rpartition("/")
    return log_numbers(os.listdir(directory), name)
