"""Signals as something to be polled, so that a session ends by returning and never in the middle of a line.

It must never catch what was ignored before us: `nohup` and a shell's background mean it.
"""

import os
import signal
from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any, Self


class Caught(AbstractContextManager["Caught"]):
    """`fd` can be read once one of `chosen` has come. In the main thread only."""

    def __init__(self, chosen: Iterable[signal.Signals]) -> None:
        self._chosen = [each for each in chosen if signal.getsignal(each) is not signal.SIG_IGN]
        self._before: dict[signal.Signals, Any] = {}
        self._woken_by = -1
        self.fd, self._told = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        self._woken_by = signal.set_wakeup_fd(self._told, warn_on_full_buffer=False)
        self._before = {each: signal.signal(each, _noted) for each in self._chosen}
        return self

    def __exit__(self, *_: object) -> None:
        for each, before in self._before.items():
            signal.signal(each, before)
        signal.set_wakeup_fd(self._woken_by)
        late = self.come()
        os.close(self.fd)
        os.close(self._told)
        # Nobody polls for them any more: they are for whoever hears them now.
        for each in late:
            signal.raise_signal(each)

    def come(self) -> list[signal.Signals]:
        """What has come since, in order."""
        try:
            return [signal.Signals(number) for number in os.read(self.fd, 4096)]
        except BlockingIOError:
            return []


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The wake-up descriptor says which."""
