"""Signals that come here and are meant for the program: sent to it by conmand, beside the session.

It must never hold the session up, nor its end: conmand may be away, and the program goes on writing.
"""

import signal
import threading
import time
from collections import deque
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from signal import Signals
from typing import TYPE_CHECKING

import click

from conman.ctl.failure import CommandFailed
from conman.ctl.output import complain

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

#: Whatever would end us.
ENDING = tuple(
    Signals[f"SIG{name}"] for name in ("HUP", "INT", "QUIT", "TERM", "ALRM", "USR1", "USR2")
)
#: It has ended, as the session will tell: no news.
_TOO_LATE = ("FAILED_PRECONDITION", "NOT_FOUND")
#: Who sends a third of these while none of two has got through, or so soon after the first, wants out himself.
_URGENT = (Signals.SIGINT, Signals.SIGTERM)
_PATIENT = 2
_SOON_S = 5.0


class Proxy:
    """Sends each signal that it is given with `send`, one after the other, in a thread of its own."""

    def __init__(self, send: "Callable[[str], object]") -> None:
        self._send = send
        self._given: SimpleQueue[Signals] = SimpleQueue()
        # Not a semaphore: a signal's handler may be interrupted by another's, in the middle of its lock.
        self._patience: SimpleQueue[None] = SimpleQueue()
        for _ in range(_PATIENT):
            self._patience.put(None)
        #: When the last of them came, in monotonic seconds.
        self._came_s: deque[float] = deque(maxlen=_PATIENT)
        self._thread: threading.Thread | None = None

    def __call__(self, number: Signals) -> bool:
        """Soon, and in order; False: it is not sent, for it is meant for us."""
        if number in _URGENT and (self._is_urged() or not self._has_patience()):
            return False
        self._given.put(number)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        return True

    def _is_urged(self) -> bool:
        """The program may ignore them: as docker's, this one ends by itself then."""
        now_s = time.monotonic()
        urged = len(self._came_s) == _PATIENT and now_s - self._came_s[0] < _SOON_S
        self._came_s.append(now_s)
        return urged

    def _has_patience(self) -> bool:
        try:
            self._patience.get_nowait()
        except Empty:
            return False
        return True

    def _work(self) -> None:
        while True:
            number = self._given.get()
            try:
                self._send(number.name.removeprefix("SIG"))
            except CommandFailed as failure:
                if failure.code not in _TOO_LATE:
                    complain(f"{number.name} was not passed on: {failure}")
            if number in _URGENT:
                self._patience.put(None)


def not_taken(_number: Signals) -> bool:
    """A signal that nobody but us hears."""
    return False


@contextmanager
def passed_on(proxy: "Callable[[Signals], bool]") -> "Generator[None]":
    """While no session polls for them; what `proxy` does not take ends this command."""

    def heard(number: int, _frame: object) -> None:
        if not proxy(Signals(number)):
            raise click.exceptions.Exit(128 + number)

    ours = [each for each in ENDING if signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, heard) for each in ours}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
