"""A log's records read back: every byte that a shim wrote down, whatever it is, and nothing of its own."""

import random

import pytest

from conman.core.log_records import (
    BadPosition,
    Chosen,
    Position,
    chunks,
    line_ends,
    nanoseconds,
    parse_position,
)
from conman.shim.log import records

AT = 1_475_716_217_000_000_042
HEAD = b"2016-10-06T01:10:17.000000042Z stdout "


@pytest.mark.parametrize(
    "content",
    [
        b"a\n",
        b"a",
        b"a\nb",
        b"\n\n",
        b"\r\xff\0 \n",
        b"x\n" + HEAD + b"F y\n" + HEAD + b"P z",
        HEAD + b"F " + HEAD + b"F \n",
    ],
)
def test_what_was_written_is_read(content: bytes) -> None:
    [chunk] = chunks(records("stdout", content, AT))
    assert (chunk.content, chunk.at, chunk.stream) == (content, AT, "stdout")
    assert chunk.partial is not content.endswith(b"\n")


def test_any_bytes_of_two_streams() -> None:
    chance = random.Random(1)
    written: dict[str, bytes] = {"stdout": b"", "stderr": b""}
    log = b""
    for _ in range(2000):
        stream = chance.choice(["stdout", "stderr"])
        some = b"".join(
            chance.choices([b"\n", b"ab", HEAD + b"F ", bytes([chance.randrange(256)])], k=6)
        )
        written[stream] += some
        log += records(stream, some, AT + chance.randrange(2))
    read = {"stdout": b"", "stderr": b""}
    for chunk in chunks(log):
        read[chunk.stream] += chunk.content
    assert read == written


def test_a_megabyte_without_a_line_end() -> None:
    pieces = [bytes([65 + number]) * 65536 for number in range(16)] + [b"\n"]
    log = b"".join(records("stdout", piece, AT + n) for n, piece in enumerate(pieces))
    assert b"".join(chunk.content for chunk in chunks(log)) == b"".join(pieces)


@pytest.mark.parametrize(
    "junk",
    [
        b"\n",
        b"2016-10-06T01:10:17.0\n",
        b"junk" + HEAD + b"F no\n",
        b"2016-10-06T01:10:17.000000042Z stdlog F no\n",
        HEAD + b"X no\n",
    ],
)
def test_what_makes_no_sense_is_passed_over(junk: bytes) -> None:
    good = records("stdout", b"yes\n", AT)
    assert [chunk.content for chunk in chunks(junk + good + junk + good)] == [b"yes\n"] * 2


def test_a_time_that_no_calendar_has() -> None:
    assert nanoseconds(b"2016-13-06T01:10:17.000000042Z") == 0
    assert nanoseconds(b"2016-10-06T01:10:17.000000042Z") == AT


def test_where_lines_end() -> None:
    log = records("stdout", b"a\nb", AT) + records("stderr", b"c\n", AT + 1)
    starts = [0, 42, 84]
    assert line_ends(log, Chosen()) == list(zip(starts, [True, False, True], strict=True))
    assert line_ends(log, Chosen(("stderr",))) == [(84, True)]
    assert line_ends(log, Chosen(until=AT)) == [(0, True), (42, False)]
    assert line_ends(log, Chosen(since=AT + 1)) == [(84, True)]


def test_positions() -> None:
    assert parse_position(str(Position(3, 14))) == Position(3, 14)
    for text in ("", "3", "3:", "-1:0", "3:x", "3:1 ", "٣:1", "1" * 16 + ":0"):
        with pytest.raises(BadPosition):
            parse_position(text)
