"""What would end with a shim: held by conmand, too, given to the next shim, and ended by whoever has it."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.engine import kept
from conman.engine.held import HeldOutput
from conman.shim import protocol
from conman.shim.keep import Keep
from conman.shim.readers import Readers
from tests.unit.few_descriptors import room_for

RUN = ("c", 1)


class Side:
    """A shim's side, and what it was given."""

    def __init__(self, directory: Path) -> None:
        self.readers = Readers()
        self.given: list[int] = []
        self.keep = Keep(str(directory), self.readers, self.given.append)

    def during(self, work: threading.Thread) -> None:
        """Serve until somebody else has done what he does."""
        work.start()
        while work.is_alive():
            for ready in self.readers.wait(0.05):
                ready()
        for ready in self.readers.wait(0):
            ready()
        work.join()


@pytest.fixture
def held() -> Iterator[HeldOutput]:
    one = HeldOutput()
    yield one
    one.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    yield reader, writer
    os.close(reader)


def is_open(reader: int) -> bool:
    """Whether somebody has the writing end."""
    try:
        return os.read(reader, 1) != b""
    except BlockingIOError:
        return True


def keeps(held: HeldOutput, directory: Path) -> threading.Thread:
    return threading.Thread(target=held.keep, args=(RUN, str(directory)))


def test_both_sides_use_the_same_words() -> None:
    assert (kept.KEEP, kept.HAS, kept.WANTS) == (protocol.KEEP, protocol.HAS, protocol.WANTS)


def test_it_outlives_its_shim_and_comes_to_the_next(
    tmp_path: Path, held: HeldOutput, pipe: tuple[int, int]
) -> None:
    reader, writer = pipe
    first, second = Side(tmp_path), Side(tmp_path)
    first.keep.hold(writer)
    os.close(writer)
    first.during(keeps(held, tmp_path))
    first.keep.close()
    assert is_open(reader)
    second.keep.serve()
    second.during(keeps(held, tmp_path))
    [copy] = second.given
    os.write(copy, b"x")
    os.close(copy)
    assert os.read(reader, 9) == b"x"
    assert is_open(reader)
    second.keep.release()
    assert not is_open(reader)
    second.keep.close()


def test_no_program_that_is_begun_meanwhile_inherits_it(
    tmp_path: Path, held: HeldOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its first moment on: what is done to it later comes too late for another thread's spawn."""
    monkeypatch.setattr(os, "set_inheritable", lambda _descriptor, _inheritable: None)
    one = Side(tmp_path)
    one.keep.hold(2)
    one.during(keeps(held, tmp_path))
    assert [os.get_inheritable(each) for each in held._kept.values()] == [False]
    one.keep.close()


def test_what_finds_no_room_is_not_taken_for_nothing() -> None:
    ours, shims = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, shims:
        socket.send_fds(shims, [kept.HAS], [2])
        with room_for(0), pytest.raises(OSError, match="Too many open files"):
            kept._exchanged(ours, -1)


def test_whoever_takes_it_out_takes_it_from_all(
    tmp_path: Path, held: HeldOutput, pipe: tuple[int, int]
) -> None:
    reader, writer = pipe
    one = Side(tmp_path)
    one.keep.hold(writer)
    os.close(writer)
    one.during(keeps(held, tmp_path))
    one.during(keeps(held, tmp_path))
    assert is_open(reader)
    one.keep.release()
    assert not is_open(reader)
    one.keep.release()
    one.keep.close()


def test_a_run_that_is_released_ends_it(
    tmp_path: Path, held: HeldOutput, pipe: tuple[int, int]
) -> None:
    reader, writer = pipe
    one = Side(tmp_path)
    one.keep.hold(writer)
    os.close(writer)
    one.during(keeps(held, tmp_path))
    one.keep.close()
    assert is_open(reader)
    held.release(RUN)
    assert not is_open(reader)


def test_where_nobody_has_kept_anything_nothing_comes(tmp_path: Path, held: HeldOutput) -> None:
    held.keep(RUN, str(tmp_path))
    one = Side(tmp_path)
    one.keep.serve()
    one.during(keeps(held, tmp_path))
    assert one.given == []
    one.keep.close()
    held.keep(RUN, str(tmp_path))
