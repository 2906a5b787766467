"""What a container's log holds, as values: its lines in the CRI's format, read in one sweep.

A shim gives all that it read at one moment the same time, so a chunk is a moment's output of one stream:
several lines, or a part of one. A record that makes no sense is passed over: it was torn when its writer died.
Pure; it must never change a byte of what the container wrote.
"""

import re
from calendar import timegm
from collections.abc import Iterator

from conman.frozen import frozen

STREAMS = ("stdout", "stderr")
_NS = 1_000_000_000

#: In so many bytes of a file its first whole record begins, unless more than a few were torn before it.
HEAD_BYTES = 256

_AT = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"
_TIME = re.compile(_AT)
_HEAD = rb"(?P<time>" + _AT + rb") (?P<stream>stdout|stderr) "
#: Lines of one moment, of which the last may go on; or a part of a line.
_MOMENT = re.compile(
    rb"(?m)^(?P<head>"
    + _HEAD
    + rb")(?:F [^\n]*\n(?:(?P=head)F [^\n]*\n)*(?:(?P=head)P [^\n]*\n)?|P [^\n]*\n)"
)
_RECORD = re.compile(rb"(?m)^" + _HEAD + rb"(?P<tag>[FP]) ")


class BadPosition(ValueError):
    """A text that no position has."""


@frozen
class Position:
    """Before which byte: of which file, in the order in which a log's files were begun.

    `begun`: when the first record of that file was written (ns since the epoch), for another file may have its
    number once it was moved away; 0: nobody knows.
    """

    file: int
    offset: int
    begun: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.offset}:{self.begun}"


@frozen
class Chunk:
    """What was written at a moment (ns since the epoch). `partial`: its last line goes on."""

    at: int
    stream: str
    content: bytes
    partial: bool


@frozen
class Chosen:
    """Which records are meant: of these streams, in [since, until], ns since the epoch."""

    streams: tuple[str, ...] = STREAMS
    since: int = 0
    until: int | None = None

    def holds(self, at: int, stream: str) -> bool:
        return stream in self.streams and self.since <= at and not self.is_over(at)

    def is_over(self, at: int) -> bool:
        return self.until is not None and at > self.until


def parse_position(text: str) -> Position:
    """What `str` made of one. Raises BadPosition."""
    # An older conmand's has two numbers.
    found = re.fullmatch(r"(\d{1,15}):(\d{1,18})(?::(\d{1,19}))?", text, re.ASCII)
    if not found:
        raise BadPosition(text)
    return Position(int(found[1]), int(found[2]), int(found[3] or 0))


def chunks(records: bytes) -> Iterator[Chunk]:
    """All that whole records hold."""
    for found in _MOMENT.finditer(records):
        at, stream = nanoseconds(found["time"]), found["stream"].decode()
        yield _chunk(found["head"], found[0], at, stream)


def _chunk(head: bytes, moment: bytes, at: int, stream: str) -> Chunk:
    last = moment.rfind(b"\n", 0, -1) + 1
    partial = moment[last + len(head)] == ord("P")
    lines, rest = moment, b""
    if partial:
        lines, rest = moment[:last], moment[last + len(head) + 2 : -1]
    content = lines[len(head) + 2 :].replace(b"\n" + head + b"F ", b"\n") + rest
    return Chunk(at, stream, content, partial)


def line_ends(records: bytes, chosen: Chosen) -> list[tuple[int, bool]]:
    """Of the chosen records, in order: where each begins, and whether a line ends with it."""
    return [
        (found.start(), found["tag"] == b"F")
        for found in _RECORD.finditer(records)
        if chosen.holds(nanoseconds(found["time"]), found["stream"].decode())
    ]


def begins_at(head: bytes) -> int:
    """When a file's first record was written, by its first `HEAD_BYTES` bytes; 0: there is none in them."""
    found = _TIME.search(head)
    return nanoseconds(found[0]) if found else 0


def nanoseconds(time: bytes) -> int:
    """Of a time as the log has it; one that no calendar has is the first of all."""
    numbers = tuple(int(part) for part in re.split(rb"[-T:]", time[:19]))
    try:
        return timegm((*numbers, 0, 0, 0)) * _NS + int(time[20:29])
    except ValueError:
        return 0
