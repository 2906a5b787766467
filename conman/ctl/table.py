"""Tables for people: columns as wide as what is in them, cut where the terminal ends.

It exists because a library for this costs more start-up than a whole call. It must never colour what is no
terminal's, nor let a cell drive one.
"""

import os
import shutil
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conman.ctl.failure import one_line

_GAP = 3
_COLOURS = {"bold": "1", "red": "31", "green": "32", "yellow": "33"}


@dataclass(frozen=True, slots=True)
class Column:
    """`least`: how narrow it may become where there is no room; 0: it is never cut.

    `late`: the others give way first.
    """

    title: str
    least: int = 0
    late: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a stream takes: `width` in columns, None: any. `colours`: whether it shows them."""

    width: int | None
    colours: bool
    encoding: str = "utf-8"

    @property
    def ellipsis(self) -> str:
        return self.shown("…") if self.shown("…") == "…" else "..."

    def shown(self, text: str) -> str:
        """On one line, in characters that the stream knows."""
        return one_line(text).encode(self.encoding, "backslashreplace").decode(self.encoding)


def look_of_stdout(environ: Mapping[str, str] = os.environ) -> Look:
    """A terminal's width; colours unless NO_COLOR is set, or the terminal is dumb."""
    encoding: str = getattr(sys.stdout, "encoding", "") or "utf-8"
    if not sys.stdout.isatty():
        return Look(None, colours=False, encoding=encoding)
    colours = not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"
    return Look(shutil.get_terminal_size().columns, colours, encoding)


def painted(text: str, colour: str, look: Look) -> str:
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if look.colours and colour else text


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    look: Look,
    colours: Sequence[str] = (),
) -> list[str]:
    """The lines, header first. `colours`: one a row, for its STATUS column, "" for none."""
    cells = [[look.shown(cell) for cell in row] for row in rows]
    titles = [column.title for column in columns]
    wanted = [max(map(width, column)) for column in zip(titles, *cells, strict=True)]
    widths = _fitted(wanted, columns, look.width)
    lines = [painted(_line(titles, widths, look), "bold", look)]
    at = titles.index("STATUS") if "STATUS" in titles else -1
    for row, colour in zip(cells, [*colours, *[""] * len(cells)], strict=False):
        lines.append(_line(row, widths, look, at, colour))
    return lines


def _fitted(wanted: Sequence[int], columns: Sequence[Column], room: int | None) -> list[int]:
    """The widest of those that may be cut gives a column at a time, until all fit or none can."""
    widths = list(wanted)
    excess = 0 if room is None else sum(widths) + _GAP * (len(widths) - 1) - room
    while excess > 0:
        spare = [
            (not column.late, width - column.least, index)
            for index, (width, column) in enumerate(zip(widths, columns, strict=True))
            if column.least and width > column.least
        ]
        if not spare:
            break
        widths[max(spare)[2]] -= 1
        excess -= 1
    return widths


def _line(
    cells: Sequence[str], widths: Sequence[int], look: Look, at: int = -1, colour: str = ""
) -> str:
    shown = [cut(cell, room, look.ellipsis) for cell, room in zip(cells, widths, strict=True)]
    padded = [
        f"{cell}{' ' * (room - width(cell))}" for cell, room in zip(shown, widths, strict=True)
    ]
    padded[-1] = shown[-1]
    if at >= 0:
        rest = padded[at][len(shown[at]) :]
        padded[at] = painted(shown[at], colour, look) + rest
    line = (" " * _GAP).join(padded).rstrip()
    return line if look.width is None or colour else cut(line, look.width, look.ellipsis)


def width(text: str) -> int:
    """In columns of a terminal."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, room: int, ellipsis: str = "...") -> str:
    """The text, or its beginning with an ellipsis, in at most `room` columns."""
    if width(text) <= room:
        return text
    kept, left = "", room - len(ellipsis)
    for character in text:
        left -= _width(character)
        if left < 0:
            break
        kept += character
    return f"{kept}{ellipsis}"[: max(room, 0)]
