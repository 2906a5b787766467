"""Which daemon clients are to ask by now: they wait here for the next one when theirs has died.

It must never let anybody wait for a daemon that will not come: once it is over, all are told.
"""

import threading
from collections.abc import Callable
from time import monotonic


class Over(Exception):
    """There will be no further daemon."""


class Serving:
    """Lives are numbered from 1 on; answers are counted over all of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._life = 0
        self.is_over = False
        self.answers = 0

    def begins(self) -> None:
        """A daemon is ready."""
        with self._changed:
            self._life += 1
            self._changed.notify_all()

    def ends(self) -> None:
        with self._changed:
            self.is_over = True
            self._changed.notify_all()

    def after(self, dead: int) -> int:
        """The life to ask, which is none of those up to `dead`. Raises Over."""
        with self._changed:
            self._changed.wait_for(lambda: self._life > dead or self.is_over)
            if self.is_over:
                raise Over
            return self._life

    def answered(self) -> None:
        with self._changed:
            self.answers += 1
            self._changed.notify_all()

    def until(self, holds: Callable[[], bool], seconds: float, every: float) -> None:
        """Look again at each answer, and after `every` seconds for what nobody tells of."""
        ends = monotonic() + seconds
        with self._changed:
            while not holds() and (left := ends - monotonic()) > 0:
                self._changed.wait(min(left, every))
