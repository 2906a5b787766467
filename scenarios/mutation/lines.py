"""Which lines of conman run: by files and numbers, for what is asked one after the other.

A function whose lines were all seen is not traced any further, so that this costs little.
"""

import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

Trace = Any
#: Lines by file, relative to the tree.
Lines = dict[str, list[int]]


class Watch:
    """Of the files below `top`/conman. `fresh` begins anew, `seen` says what ran since."""

    def __init__(self, top: str) -> None:
        self._top = os.path.join(top, "conman", "")
        self._left: dict[CodeType, set[int]] = {}
        self._ran: dict[str, set[int]] = {}

    def fresh(self) -> None:
        self._left, self._ran = {}, {}

    def seen(self) -> Lines:
        start = len(self._top) - len("conman/")
        return {file[start:]: sorted(lines) for file, lines in sorted(self._ran.items())}

    @contextmanager
    def watching(self) -> Generator[None]:
        before = sys.gettrace()
        threading.settrace(self._called)
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(before)
            threading.settrace(None)  # type: ignore[arg-type]

    def _called(self, frame: FrameType, _event: str, _argument: object) -> Trace:
        code = frame.f_code
        left = self._left.get(code)
        if left is None:
            ours = code.co_filename.startswith(self._top)
            left = {line for *_, line in code.co_lines() if line} if ours else set[int]()
            self._left[code] = left
        return self._line if left else None

    def _line(self, frame: FrameType, event: str, _argument: object) -> Trace:
        if event == "line":
            code, line = frame.f_code, frame.f_lineno
            left = self._left.get(code)
            if left is None:
                return self._called(frame, event, None)
            left.discard(line)
            self._ran.setdefault(code.co_filename, set()).add(line)
        return self._line
