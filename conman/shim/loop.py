"""What a shim waits for: readable descriptors, children that have ended, and its few deadlines.

A child's end arrives as a byte in a pipe (signal.set_wakeup_fd), so that it is one event among others and
none is missed between a look and a wait. It must never run anything but what was registered with it.
"""

import os
import time

from conman.primitives.light import signal
from conman.shim.readers import Callback, Readers


class Loop:
    """One thread. Callbacks run to their end, one after the other."""

    __slots__ = ("_deadlines", "readers")

    def __init__(self) -> None:
        self.readers = Readers()
        self._deadlines: dict[str, tuple[float, Callback]] = {}

    def watch_children(self, ended: Callback) -> None:
        """Call `ended` after every SIGCHLD. Main thread only."""
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

        def woken() -> None:
            os.read(reader, 4096)
            ended()

        self.readers.register(reader, woken)
        # A full pipe is as good as one byte: somebody will look.
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def arm(self, name: str, seconds: float, callback: Callback) -> None:
        """Call `callback` once, so many seconds from now; replaces what `name` was armed with."""
        self._deadlines[name] = (time.monotonic() + seconds, callback)

    def hasten(self, name: str) -> None:
        """What is armed as `name` is due now."""
        if name in self._deadlines:
            self.arm(name, 0, self._deadlines[name][1])

    def disarm(self, name: str) -> None:
        self._deadlines.pop(name, None)

    def turn(self) -> None:
        """Wait for something to happen, and let it be known."""
        for readable in self.readers.wait(self._patience()):
            readable()
        now = time.monotonic()
        for name, (when, callback) in tuple(self._deadlines.items()):
            if when <= now and self._deadlines.get(name) == (when, callback):
                del self._deadlines[name]
                callback()

    def _patience(self) -> float | None:
        if not self._deadlines:
            return None
        return max(0.0, min(when for when, _ in self._deadlines.values()) - time.monotonic())
