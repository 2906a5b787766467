"""How far explorations are, for whoever waits: one line in place on a terminal, else a line now and then.

On stderr, so that results stay for themselves.
"""

import shutil
from time import monotonic
from typing import TextIO

from scenarios.parallel import Progress


class Watching:
    """Shows the stories that go on. `every`: seconds between lines where `out` is no terminal."""

    def __init__(self, out: TextIO, stories: int, *, every: float) -> None:
        self._out, self._stories, self._every = out, stories, every
        self._last = monotonic()
        self._going_on: dict[str, Progress] = {}
        self._ended = 0

    def shows(self, progress: Progress) -> None:
        self._going_on[progress.story] = progress
        if self._out.isatty():
            self._in_place(f"{self._ended}/{self._stories} stories; {self._lines('; ')}")
        elif monotonic() - self._last >= self._every:
            self._last = monotonic()
            self._out.write(f"{self._lines(chr(10))}\n")
            self._out.flush()

    def ends(self, story: str) -> None:
        """Of this one there is a result, which may now be written."""
        self._ended += 1
        self._going_on.pop(story, None)
        if self._out.isatty():
            self._in_place("")

    def _lines(self, between: str) -> str:
        return between.join(one.line() for one in self._going_on.values())

    def _in_place(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._out.write(f"\r\x1b[K{text[:width]}")
        self._out.flush()
