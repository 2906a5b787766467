"""A log's rotation, cut short at every step and again by the next shim: each byte is there once, in its place.

The readers are conmand's own, one from the beginning and one that has followed all along; the shims write
through the very code of a real one. What a power cut leaves is another matter: the log is synced at a run's end.
"""

import errno
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from conman.core.log_records import chunks
from conman.host.log_files import LogFiles
from conman.primitives.perform import perform
from conman.primitives.shared_results import Done
from conman.primitives.shared_steps import Shared
from conman.shim import rotation
from conman.shim.log import Log
from conman.shim.rotation import Rotation, put_aside
from conman.shim.task import LogLimits

#: Four lines of our own a file.
LIMITS = LogLimits(180, 3)


class Killed(Exception):
    """The shim is dead."""


class Story:
    """Shims, one after the other, that write numbers; each may be killed before a step of its rotations."""

    def __init__(self, path: Path, limits: LogLimits = LIMITS) -> None:
        self.path = path
        self.limits = limits
        self.written = 0
        self.followed: list[int] = []
        self.follower = LogFiles(str(path))
        self.follower.begin(None)

    def lives(self, lines: int, dies_at: int) -> None:
        """A shim writes so many lines, or as many as it can: it is killed before that step, from 0."""
        left = dies_at

        def do(steps: tuple[Shared, ...]) -> int:
            nonlocal left
            for step in steps:
                if left == 0:
                    raise Killed
                left -= 1
                assert isinstance(perform(step), Done)
            return len(steps)

        log = Log(str(self.path), Rotation(str(self.path), self.limits, do))
        try:
            for _ in range(lines):
                log.write("stdout", f"{self.written + 1:04}\n".encode())
                self.written += 1
                self.follow()
        except Killed:
            pass
        finally:
            log.close()

    def follow(self) -> None:
        self.followed += list(numbers(self.follower))

    def kept(self) -> list[int]:
        files = LogFiles(str(self.path))
        files.begin(None)
        return list(numbers(files))

    def is_well(self) -> None:
        self.follow()
        assert self.followed == [*range(1, self.written + 1)]
        kept = self.kept()
        assert kept == [*range(self.written - len(kept) + 1, self.written + 1)]


def numbers(files: LogFiles) -> Iterator[int]:
    while (block := files.read()).records:
        assert not block.gap
        for chunk in chunks(block.records):
            yield from map(int, chunk.content.split())


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "log")


def test_a_log_keeps_within_its_limits(story: Story) -> None:
    story.lives(100, -1)
    story.is_well()
    files = sorted(story.path.parent.iterdir())
    assert [file.name for file in files] == ["log", "log.23", "log.24"]
    assert all(file.stat().st_size <= LIMITS.bytes for file in files)
    assert len(story.kept()) == 12


@pytest.mark.parametrize(("first", "second"), list(product(range(8), range(8))))
def test_killed_at_every_step_and_again(tmp_path: Path, first: int, second: int) -> None:
    """Eight steps are three rotations, of which the last has something to remove, and the beginning of one more."""
    story = Story(tmp_path / "log")
    story.lives(20, first)
    story.is_well()
    story.lives(20, second)
    story.is_well()
    story.lives(20, -1)
    story.is_well()
    assert len(put_aside(str(story.path))) == LIMITS.files - 1


def test_two_are_the_least(tmp_path: Path) -> None:
    """A number is always there for the next to follow, whatever was asked for."""
    story = Story(tmp_path / "log", LogLimits(180, 1))
    story.lives(50, -1)
    story.is_well()
    assert put_aside(str(story.path)) == (12,)


def test_no_limit(tmp_path: Path) -> None:
    story = Story(tmp_path / "log", LogLimits(0, 5))
    story.lives(1000, 0)
    story.is_well()
    assert len(story.kept()) == 1000


def test_what_was_read_at_once_stays_together(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = Log(str(path), Rotation(str(path), LIMITS, lambda steps: len([*map(perform, steps)])))
    for _ in range(3):
        log.write("stdout", b"x" * 1000)
    log.close()
    assert put_aside(str(path)) == (1, 2)
    assert path.stat().st_size > 1000


def test_a_disk_that_does_not_rename_has_a_longer_log(tmp_path: Path) -> None:
    tried: list[int] = []

    def refuse(steps: tuple[Shared, ...]) -> int:
        tried.append(path.stat().st_size)
        return 0 if len(tried) < 3 else len([*map(perform, steps)])

    path = tmp_path / "log"
    log = Log(str(path), Rotation(str(path), LIMITS, refuse))
    for _ in range(20):
        log.write("stdout", b"0123\n")
    log.close()
    # Not tried again with each line, but when it is as long again.
    assert [size // LIMITS.bytes for size in tried] == [1, 2, 3, 1]
    assert put_aside(str(path)) == (1, 2)


# ---- somebody has moved it away ----------------------------------------------------------------


def test_a_log_that_was_moved_away_is_synced_and_left_when_it_is_full(tmp_path: Path) -> None:
    """What has its name is somebody else's: nothing of it is put aside."""
    done: list[Shared] = []

    def do(steps: tuple[Shared, ...]) -> int:
        done.extend(steps)
        return len([*map(perform, steps)])

    path = tmp_path / "log"
    log = Log(str(path), Rotation(str(path), LIMITS, do))
    log.write("stdout", b"0001\n")
    moved = path.rename(tmp_path / "moved")
    path.touch()
    for number in range(2, 7):
        log.write("stdout", b"%04d\n" % number)
    log.close()
    assert [type(step).__name__ for step in done] == ["SyncFile"]
    assert (moved.read_bytes().count(b"\n"), path.read_bytes().count(b"\n")) == (4, 2)
    assert put_aside(str(path)) == ()


def test_one_that_cannot_be_synced_is_written_to_as_before(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tried: list[int] = []

    def refuse(_: tuple[Shared, ...]) -> int:
        tried.append(moved.stat().st_size)
        return 0

    path = tmp_path / "log"
    log = Log(str(path), Rotation(str(path), LIMITS, refuse))
    log.write("stdout", b"0001\n")
    moved = path.rename(tmp_path / "moved")
    for number in range(2, 13):
        log.write("stdout", b"%04d\n" % number)
    log.close()
    assert not path.exists()
    assert moved.read_bytes().count(b"\n") == 12
    # Not with each line, but when it is as long again.
    assert [size // LIMITS.bytes for size in tried] == [1, 2]
    assert capfd.readouterr().err.count("written to as before") == 2


def test_a_directory_that_cannot_be_looked_at_costs_no_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What can be written is written, if only where it was."""

    def refuse(_: str) -> list[str]:
        raise OSError(errno.EMFILE, "Too many open files")

    path = tmp_path / "log"
    log = Log(str(path), Rotation(str(path), LIMITS, lambda steps: len([*map(perform, steps)])))
    with monkeypatch.context() as patch:
        patch.setattr(rotation.os, "listdir", refuse)
        for number in range(1, 13):
            log.write("stdout", b"%04d\n" % number)
    assert log.lost == 0
    for number in range(13, 17):
        log.write("stdout", b"%04d\n" % number)
    log.close()
    assert put_aside(str(path)) == (1,)
    found = Path(f"{path}.1").read_text() + path.read_text()
    assert [line[-4:] for line in found.splitlines()] == [f"{n:04}" for n in range(1, 17)]
    assert capfd.readouterr().err.count("as before: [Errno 24] Too many open files") == 2
