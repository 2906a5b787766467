"""The container's output, read from real FIFOs in one process."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.shim.log import Log
from conman.shim.readers import Readers
from conman.shim.stdio import Output


class Stage:
    """An Output, whoever writes to it, and how often it said that it has ended."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.readers = Readers()
        self.ended = 0
        self.heard: list[tuple[str, bytes]] = []
        self.output = Output(str(directory), self.readers, self._end, self._heard)
        for name in ("stdout", "stderr"):
            os.mkfifo(directory / name)
        self.ends = list(self.output.open())

    def _end(self) -> None:
        self.ended += 1

    def _heard(self, name: str, data: bytes) -> None:
        self.heard.append((name, data))

    def turn(self) -> None:
        """Let everything be read that is there."""
        while ready := self.readers.wait(0):
            for readable in ready:
                readable()

    def lines(self) -> list[str]:
        lines = (self.directory / "log").read_text().splitlines()
        return [line.split(" ", 1)[1] for line in lines]

    def close(self) -> None:
        self.output.close()
        for end in self.ends:
            os.close(end)
        self.readers.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    try:
        yield made
    finally:
        made.close()


def test_the_end_is_told_once_when_all_writers_are_gone(stage: Stage) -> None:
    stage.turn()
    os.close(stage.ends.pop())
    stage.turn()
    assert not stage.output.at_end()
    os.write(stage.ends[0], b"last")
    os.close(stage.ends.pop())
    stage.turn()
    assert stage.output.at_end()
    assert stage.ended == 1
    assert stage.output.words() == b"last"


def test_what_is_there_before_the_log_is_not_of_the_container(stage: Stage, tmp_path: Path) -> None:
    os.write(stage.ends[0], b"the runtime's\n")
    log = Log(str(tmp_path / "log"))
    stage.output.log_to(log)
    os.write(stage.ends[0], b"out\n")
    os.write(stage.ends[1], b"err\n")
    stage.turn()
    log.close()
    assert sorted(stage.lines()) == ["stderr F err", "stdout F out"]


def test_a_log_that_is_moved_away_before_the_first_word(stage: Stage, tmp_path: Path) -> None:
    """Nobody need ask for it to be reopened: of a program that is not begun yet nothing is written."""
    log = Log(str(tmp_path / "log"))
    stage.output.log_to(log)
    moved = (tmp_path / "log").rename(tmp_path / "moved")
    os.write(stage.ends[0], b"out\n")
    stage.turn()
    log.close()
    assert (moved.read_bytes(), stage.lines()) == (b"", ["stdout F out"])


def test_a_writer_that_never_stops_does_not_keep_the_shim(stage: Stage) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            while True:
                os.write(stage.ends[0], b"y" * 65536)
        finally:
            os._exit(0)
    try:
        while len(words := stage.output.words()) < 4096:
            pass
        assert words == b"y" * 4096
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def test_a_fifo_that_is_missing_is_an_error_and_nothing_stays_open(stage: Stage) -> None:
    before = len(os.listdir("/proc/self/fd"))
    os.unlink(stage.directory / "stderr")
    other = Output(str(stage.directory), stage.readers, stage._end, stage._heard)
    with pytest.raises(FileNotFoundError):
        other.open()
    other.close()
    assert len(os.listdir("/proc/self/fd")) == before
