"""How far explorations are, for whoever waits: one line in place on a terminal, else a line now and then.

On stderr, so that results stay for themselves.
"""

import shutil
from time import monotonic
from typing import TextIO

from scenarios.parallel import Progress


class Ticker:
    """Says one thing after another. `every`: seconds between two where `out` is no terminal."""

    def __init__(self, out: TextIO, *, every: float) -> None:
        self._out, self._every = out, every
        self._last = monotonic()

    def says(self, line: str, lines: str = "") -> None:
        """`lines`: instead of the line, where there is more room."""
        if self._out.isatty():
            self._in_place(line)
        elif monotonic() - self._last >= self._every:
            self._last = monotonic()
            self._out.write(f"{lines or line}\n")
            self._out.flush()

    def clear(self) -> None:
        """What it has said makes room for a result."""
        if self._out.isatty():
            self._in_place("")

    def _in_place(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._out.write(f"\r\x1b[K{text[:width]}")
        self._out.flush()


class Watching:
    """Shows the stories that go on. `every`: seconds between lines where `out` is no terminal."""

    def __init__(self, out: TextIO, stories: int, *, every: float) -> None:
        self._ticker, self._stories = Ticker(out, every=every), stories
        self._going_on: dict[str, Progress] = {}
        self._ended = 0

    def shows(self, progress: Progress) -> None:
        self._going_on[progress.story] = progress
        lines = [one.line() for one in self._going_on.values()]
        so_far = f"{self._ended}/{self._stories} stories; {'; '.join(lines)}"
        self._ticker.says(so_far, "\n".join(lines))

    def ends(self, story: str) -> None:
        """Of this one there is a result, which may now be written."""
        self._ended += 1
        self._going_on.pop(story, None)
        self._ticker.clear()
