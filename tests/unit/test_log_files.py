"""A log's files read across rotations: in order, each byte once, from wherever a reader was."""

import os
from pathlib import Path

import pytest

from conman.core.log_records import Chosen, Position, chunks, parse_position
from conman.host import log_files
from conman.host.log_files import LogFiles
from conman.shim.log import records

AT = 1_475_716_217_000_000_042


class Written:
    """A log as a shim writes it."""

    def __init__(self, top: Path) -> None:
        self.path = top / "log"
        self.count = 0

    def lines(self, number: int, stream: str = "stdout") -> None:
        with self.path.open("ab") as file:
            for _ in range(number):
                self.count += 1
                file.write(records(stream, f"{self.count}\n".encode(), AT + self.count))

    def tears(self) -> None:
        with self.path.open("ab") as file:
            file.write(b"2016-10-06T01:10:17.000000042Z stdout F to")

    def is_moved_away(self) -> Path:
        """As logrotate does, whatever for."""
        return self.path.rename(f"{self.path}-{self.count}")

    def rotates(self, number: int, keep: int = 5) -> None:
        self.path.rename(f"{self.path}.{number}")
        Path(f"{self.path}.{number - keep}").unlink(missing_ok=True)


@pytest.fixture
def log(tmp_path: Path) -> Written:
    return Written(tmp_path)


def rest(files: LogFiles) -> list[int]:
    """All that there is now."""
    found: list[int] = []
    while (block := files.read()).records:
        assert not block.gap
        found += [int(n) for chunk in chunks(block.records) for n in chunk.content.split()]
    return found


def reader(log: Written, position: Position | None = None) -> LogFiles:
    files = LogFiles(str(log.path))
    files.begin(position)
    return files


def test_a_log_that_is_not_begun(log: Written) -> None:
    files = reader(log)
    assert rest(files) == []
    log.lines(2)
    assert rest(files) == [1, 2]
    assert rest(reader(Written(log.path.parent / "nowhere"))) == []


def test_files_in_their_order(log: Written) -> None:
    for number in range(8, 13):
        log.lines(2)
        log.rotates(number)
    log.lines(1)
    assert rest(reader(log)) == [*range(1, 12)]


def test_a_reader_sees_each_rotation_through(log: Written) -> None:
    log.lines(1)
    files = reader(log)
    for number in range(1, 12):
        log.lines(2)
        assert rest(files) == [log.count - 1, log.count] if number > 1 else rest(files) == [1, 2, 3]
        log.lines(1)
        log.rotates(number, keep=1)
        assert rest(files) == [log.count]
    log.lines(1)
    assert rest(files) == [log.count]


def test_between_the_name_and_the_new_file(log: Written) -> None:
    """A shim may die when it has renamed the log."""
    log.lines(2)
    log.rotates(1)
    files = reader(log)
    assert rest(files) == [1, 2]
    assert rest(files) == []
    log.lines(1)
    assert rest(files) == [3]
    assert rest(reader(log)) == [1, 2, 3]


def test_a_torn_record_is_not_read_before_it_is_ended(log: Written) -> None:
    log.lines(1)
    log.tears()
    files = reader(log)
    assert rest(files) == [1]
    with log.path.open("ab") as file:
        file.write(b"\n")
    assert b"".join(chunk.content for chunk in chunks(files.read().records)) == b"to\n"


def test_a_torn_record_at_the_end_of_a_file_that_is_over(log: Written) -> None:
    log.lines(1)
    log.tears()
    log.rotates(1)
    log.lines(1)
    assert rest(reader(log)) == [1, 2]


def test_each_position_goes_on_where_it_was(log: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "BLOCK", 100)
    for number in range(1, 4):
        log.lines(7)
        log.rotates(number)
    log.lines(7)
    ends, files = [], reader(log)
    while (block := files.read()).records:
        ends.append(block.end)
    assert len(ends) > 8
    read = [rest(reader(log, parse_position(str(end)))) for end in ends]
    whole = list(range(1, 29))
    for found in read:
        assert found == whole[len(whole) - len(found) :]
    assert [len(found) for found in read] == sorted((len(found) for found in read), reverse=True)
    assert len({len(found) for found in read}) == len(ends)


def test_what_was_rotated_away_is_a_gap(log: Written) -> None:
    for number in range(1, 9):
        log.lines(1)
        log.rotates(number, keep=3)
    files = reader(log, Position(2, 0))
    block = files.read()
    assert block.gap
    assert b"stdout F 6\n" in block.records
    assert rest(files) == [7, 8]


def test_a_file_that_has_become_shorter(log: Written) -> None:
    log.lines(3)
    files = reader(log)
    assert rest(files) == [1, 2, 3]
    os.truncate(log.path, log.path.stat().st_size // 3)
    assert rest(files) == []
    log.lines(1)
    assert rest(files) == [4]


def test_a_record_that_is_larger_than_any_of_ours(
    log: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "BLOCK", 100)
    log.path.write_bytes(b"x" * 1000 + b"\n")
    log.lines(1)
    files = reader(log)
    found = b""
    while (block := files.read()).records:
        found += block.records
    assert found.endswith(b"stdout F 1\n")
    files.begin_before_end(5, Chosen())
    assert rest(files) == [1]


@pytest.mark.parametrize("block", [60, 100, 1 << 19])
def test_the_last_lines(log: Written, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(log_files, "BLOCK", block)
    for number in range(1, 4):
        log.lines(3)
        log.rotates(number)
    log.lines(2)
    whole = list(range(1, 12))
    files = reader(log)
    for count in range(13):
        files.begin_before_end(count, Chosen())
        assert rest(files) == whole[len(whole) - min(count, 11) :]


def test_the_last_lines_of_those_that_are_chosen(log: Written) -> None:
    log.lines(2, "stderr")
    log.lines(2)
    log.rotates(1)
    log.lines(2)
    files = reader(log)
    files.begin_before_end(1, Chosen(("stderr",)))
    assert rest(files) == [2, 3, 4, 5, 6]
    files.begin_before_end(1, Chosen(until=AT + 3))
    assert rest(files) == [3, 4, 5, 6]


def test_a_line_that_goes_on_is_the_last(log: Written) -> None:
    log.lines(2)
    with log.path.open("ab") as file:
        file.write(records("stdout", b"3", AT) + records("stdout", b"4", AT))
    files = reader(log)
    files.begin_before_end(1, Chosen())
    assert rest(files) == [3, 4]
    files.begin_before_end(2, Chosen())
    assert rest(files) == [2, 3, 4]
    files.begin_before_end(0, Chosen())
    assert rest(files) == []


def test_what_is_written_between_the_last_read_and_the_rotation(
    log: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.lines(1)
    files = reader(log)
    assert rest(files) == [1]
    look = LogFiles._newest

    def too_late(one: LogFiles) -> int:
        monkeypatch.setattr(LogFiles, "_newest", look)
        log.lines(1)
        log.rotates(1)
        log.lines(1)
        return look(one)

    monkeypatch.setattr(LogFiles, "_newest", too_late)
    assert rest(files) == [2, 3]


def test_a_rotation_between_the_look_and_the_open(
    log: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.lines(2)
    files = reader(log)
    opened = os.open

    def too_late(path: str, flags: int) -> int:
        monkeypatch.setattr(log_files.os, "open", opened)
        log.rotates(1)
        log.lines(1)
        return opened(path, flags)

    monkeypatch.setattr(log_files.os, "open", too_late)
    assert rest(files) == [1, 2, 3]


# ---- moved away, and reopened ------------------------------------------------------------------


def more_of(moved: Path, numbers: range) -> None:
    """The shim writes on there until it is told to reopen the log."""
    with moved.open("ab") as file:
        for number in numbers:
            file.write(records("stdout", f"{number}\n".encode(), AT + number))


@pytest.mark.parametrize("is_made", [False, True])
def test_a_follower_sees_a_log_through_that_is_moved_away(log: Written, *, is_made: bool) -> None:
    """`is_made`: whoever moves it may also make the next."""
    log.lines(2)
    files = reader(log)
    assert rest(files) == [1, 2]
    moved = log.is_moved_away()
    if is_made:
        log.path.touch()
    more_of(moved, range(3, 5))
    assert rest(files) == [3, 4]
    more_of(moved, range(5, 6))
    log.count = 5
    log.lines(1)
    assert rest(files) == [5, 6]
    log.lines(1)
    log.rotates(1)
    log.lines(1)
    assert rest(files) == [7, 8]


def test_a_follower_sees_one_through_that_is_moved_to_the_next_number(log: Written) -> None:
    """Somebody may number them as we do; even then the shim writes on there for a while."""
    log.lines(2)
    files = reader(log)
    assert rest(files) == [1, 2]
    log.rotates(1)
    more_of(Path(f"{log.path}.1"), range(3, 4))
    assert rest(files) == [3]
    more_of(Path(f"{log.path}.1"), range(4, 5))
    log.count = 4
    log.lines(1)
    assert rest(files) == [4, 5]
    assert rest(reader(log)) == [1, 2, 3, 4, 5]


def test_a_position_in_a_file_that_was_moved_away_is_none_in_the_next(log: Written) -> None:
    log.lines(3)
    files = reader(log)
    end = files.read().end
    log.is_moved_away()
    later = reader(log, end)
    assert later.read().records == b""
    log.lines(5)
    for position in (end, parse_position(str(end))):
        block = reader(log, position).read()
        assert block.gap
        assert [chunk.content for chunk in chunks(block.records)] == [
            b"%d\n" % n for n in range(4, 9)
        ]
    assert later.read().gap
    # Within one file it is what it was; an older conmand's does not say of which.
    assert not reader(log, block.end).read().gap
    assert rest(reader(log, parse_position("1:0"))) == [4, 5, 6, 7, 8]


def test_a_position_before_the_first_record(log: Written) -> None:
    files = reader(log)
    log.path.touch()
    end = files.read().end
    log.lines(1)
    assert rest(reader(log, end)) == [1]


def test_a_rotation_while_a_follower_looks_for_the_next(
    log: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has the log's name is another file, but this one's number is not the next one's any more."""
    log.lines(1)
    files = reader(log)
    assert rest(files) == [1]
    look = LogFiles._is_succeeded

    def too_late(one: LogFiles) -> bool:
        monkeypatch.setattr(LogFiles, "_is_succeeded", look)
        log.rotates(1)
        log.lines(1)
        return look(one)

    monkeypatch.setattr(LogFiles, "_is_succeeded", too_late)
    assert rest(files) == [2]


def test_a_follower_finds_what_came_after_a_moved_log_when_that_has_its_number(
    log: Written,
) -> None:
    """It was away while the next was begun and rotated: each reader's pause is as long as it likes."""
    log.lines(2)
    files, later = reader(log), reader(log)
    assert rest(files) == rest(later) == [1, 2]
    log.is_moved_away()
    log.lines(3)
    log.rotates(1)
    log.lines(1)
    assert rest(files) == [3, 4, 5, 6]
    log.rotates(2)
    log.lines(1)
    assert rest(later) == [3, 4, 5, 6, 7]


def test_what_came_after_a_moved_log_and_was_rotated_away_is_a_gap(log: Written) -> None:
    log.lines(2)
    files = reader(log)
    assert rest(files) == [1, 2]
    log.is_moved_away()
    for number in range(1, 4):
        log.lines(1)
        log.rotates(number, keep=2)
    log.lines(1)
    block = files.read()
    assert block.gap
    assert b"stdout F 4\n" in block.records
    assert rest(files) == [5, 6]


def test_what_was_rotated_away_while_it_was_read_is_not_displaced(log: Written) -> None:
    log.lines(2)
    files = reader(log)
    assert rest(files) == [1, 2]
    for number in range(1, 4):
        log.rotates(number, keep=2)
        log.lines(1)
    assert [number for number in (1, 2, 3) if log.path.with_name(f"log.{number}").exists()] == [
        2,
        3,
    ]
    assert rest(files) == [3, 4, 5]


@pytest.mark.parametrize("count", [0, 1])
def test_the_last_lines_of_a_log_that_is_moved_away_before_they_are_read(
    log: Written, count: int
) -> None:
    log.lines(3)
    files = reader(log)
    files.begin_before_end(count, Chosen())
    log.is_moved_away()
    log.lines(5)
    block = files.read()
    assert block.gap
    assert block.records.startswith(records("stdout", b"4\n", AT + 4))
