"""Signals that come here and are meant for the program: sent to it by conmand, beside the session.

It must never hold the session up, nor its end: conmand may be away, and the program goes on writing.
"""

import threading
from queue import SimpleQueue
from signal import Signals
from typing import TYPE_CHECKING

from conman.ctl.failure import CommandFailed
from conman.ctl.output import complain

if TYPE_CHECKING:
    from collections.abc import Callable


#: It has ended, as the session will tell: no news.
_TOO_LATE = ("FAILED_PRECONDITION", "NOT_FOUND")
#: Who sends a third of these while none of two has got through wants out himself.
_URGENT = (Signals.SIGINT, Signals.SIGTERM)
_PATIENT = 2


class Proxy:
    """Sends each signal that it is given with `send`, one after the other, in a thread of its own."""

    def __init__(self, send: "Callable[[str], object]") -> None:
        self._send = send
        self._given: SimpleQueue[Signals] = SimpleQueue()
        self._patience = threading.Semaphore(_PATIENT)
        self._thread: threading.Thread | None = None

    def __call__(self, number: Signals) -> bool:
        """Soon, and in order; False: it is not sent, for it is meant for us."""
        if number in _URGENT and not self._patience.acquire(blocking=False):
            return False
        self._given.put(number)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
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
                self._patience.release()
