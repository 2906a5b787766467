"""Signals that come here and are meant for the program: sent to it by conmand, beside the session.

It must never hold the session up: conmand may be away, and the program goes on writing.
"""

import threading
from queue import SimpleQueue
from signal import Signals
from typing import TYPE_CHECKING

from conman.ctl.failure import CommandFailed
from conman.ctl.output import complain

if TYPE_CHECKING:
    from collections.abc import Callable


class Proxy:
    """Sends each signal that it is given with `send`, one after the other, in a thread of its own."""

    def __init__(self, send: "Callable[[str], object]") -> None:
        self._send = send
        self._given: SimpleQueue[Signals] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def __call__(self, number: Signals) -> None:
        """Soon, and in order."""
        self._given.put(number)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            number = self._given.get()
            try:
                self._send(number.name.removeprefix("SIG"))
            except CommandFailed as failure:
                complain(f"{number.name} was not passed on: {failure}")
