"""The reading ends that a daemon holds: what was written is there for a successor, though all writers ended."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.engine.held import HeldOutput
from conman.primitives.steps import Absent, Held, HoldOutput

RUN = ("c", 1)


@pytest.fixture
def held() -> Iterator[HeldOutput]:
    one = HeldOutput()
    yield one
    one.close()


@pytest.fixture
def step(tmp_path: Path) -> HoldOutput:
    for name in ("stdout", "stderr"):
        os.mkfifo(tmp_path / name)
    return HoldOutput(*RUN, str(tmp_path))


def write(step: HoldOutput, data: bytes) -> None:
    """As a container does: its own reader, and gone at once."""
    end = os.open(f"{step.directory}/stdout", os.O_RDWR)
    os.write(end, data)
    os.close(end)


def read(step: HoldOutput) -> bytes:
    end = os.open(f"{step.directory}/stdout", os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(end, 100)
    finally:
        os.close(end)


def test_what_is_held_is_not_lost(held: HeldOutput, step: HoldOutput) -> None:
    assert held.hold(step) == Held(0)
    write(step, b"last words")
    assert held.hold(step) == Held(10)
    assert read(step) == b"last words"


def test_what_was_released_is(held: HeldOutput, step: HoldOutput) -> None:
    held.hold(step)
    write(step, b"last words")
    held.release(RUN)
    assert read(step) == b""


@pytest.mark.parametrize("missing", ["stdout", "stderr"])
def test_one_fifo_without_the_other_is_nothing(
    held: HeldOutput, step: HoldOutput, missing: str
) -> None:
    os.unlink(f"{step.directory}/{missing}")
    assert held.hold(step) == Absent()


def test_a_fifo_that_went_while_it_was_held_is_absent(held: HeldOutput, step: HoldOutput) -> None:
    held.hold(step)
    os.unlink(f"{step.directory}/stdout")
    assert held.hold(step) == Absent()


def test_a_file_is_no_fifo(held: HeldOutput, tmp_path: Path) -> None:
    for name in ("stdout", "stderr"):
        (tmp_path / name).touch()
    assert held.hold(HoldOutput(*RUN, str(tmp_path))) == Absent()
