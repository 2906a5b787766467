"""Tables, times and templates of conmanctl, without a daemon."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conman.ctl.table import Column, Look, cut, table, width
from conman.ctl.times import NS, ago, lasted, shown, when

MINUTE, HOUR, DAY = 60, 3600, 86_400
NOW = 1_769_860_800 * NS


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "Less than a second"),
        (0.9, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (MINUTE, "About a minute"),
        (2 * MINUTE - 1, "About a minute"),
        (HOUR - 1, "59 minutes"),
        (HOUR, "About an hour"),
        (3 * HOUR, "3 hours"),
        (2 * DAY, "2 days"),
        (14 * DAY, "2 weeks"),
        (60 * DAY, "2 months"),
        (2 * 365 * DAY, "2 years"),
    ],
)
def test_lengths_of_time(seconds: float, words: str) -> None:
    assert lasted(round(seconds * NS)) == words


def test_what_is_not_yet() -> None:
    assert ago(0, NOW) == shown(0) == ""
    assert ago(NOW - 5 * NS, NOW) == "5 seconds ago"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("10s", NOW - 10 * NS),
        ("1h30m", NOW - 5400 * NS),
        ("1.5h", NOW - 5400 * NS),
        ("250ms", NOW - 250_000_000),
        ("0s", NOW),
        ("1769860800", NOW),
        ("1769860800.25", NOW + 250_000_000),
        ("2026-01-31T12:00:00Z", NOW),
        ("2026-01-31T13:00:00+01:00", NOW),
        ("2026-01-31T12:00:00.5Z", NOW + 500_000_000),
    ],
)
def test_times_as_people_write_them(text: str, moment: int) -> None:
    assert when(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "soon", "10", "10x", "-5m", "1m2", "m", "2026-13-01"])
def test_what_is_no_time(text: str) -> None:
    if text == "10":
        assert when(text, NOW) == 10 * NS
        return
    with pytest.raises(ValueError, match="is no time"):
        when(text, NOW)


COLUMNS = (Column("ID"), Column("TEXT", 4), Column("STATUS", 6))
rows = st.lists(st.lists(st.text(max_size=12), min_size=3, max_size=3), max_size=4)


@given(rows, st.integers(30, 90))
def test_any_table_fits_where_it_can(cells: list[list[str]], room: int) -> None:
    lines = table(COLUMNS, cells, Look(room, colours=False))
    assert len(lines) == len(cells) + 1
    assert all(width(line) <= room and line.isprintable() for line in lines)


@given(rows)
def test_colours_change_nothing_else(cells: list[list[str]]) -> None:
    plain = table(COLUMNS, cells, Look(None, colours=False))
    coloured = table(COLUMNS, cells, Look(None, colours=True), ["red"] * len(cells))
    bare = [line.replace("\x1b[31m", "").replace("\x1b[1m", "") for line in coloured]
    assert [line.replace("\x1b[0m", "").rstrip() for line in bare] == plain


@given(st.text(max_size=20), st.integers(3, 20))
def test_what_is_cut_is_no_wider(text: str, room: int) -> None:
    assert width(cut(text, room)) <= room
    assert cut(text, room) == text or cut(text, room).endswith("...")
