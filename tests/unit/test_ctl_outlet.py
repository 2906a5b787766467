"""Where a session's output goes: never blocking, all at once where that can be, and nobody else's ways changed."""

import fcntl
import os
import socket
from collections.abc import Iterator

import pytest

from conman.ctl.outlet import Outlet

ROOM = 64 * 1024


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, ROOM)
    yield reader, writer
    os.close(reader)
    os.close(writer)


def test_a_pipe_takes_what_it_can_at_once(pipe: tuple[int, int]) -> None:
    outlet, (reader, writer) = Outlet(), pipe
    outlet.put(writer, b"x" * ROOM)
    outlet.flush()
    assert (outlet.fd, outlet.size) == (None, 0)
    assert len(os.read(reader, 2 * ROOM)) == ROOM
    # It is the shell's, too.
    assert os.get_blocking(writer)


def test_what_does_not_fit_waits(pipe: tuple[int, int]) -> None:
    """In its order, whether poll was asked or not; nobody blocks."""
    outlet, (reader, writer) = Outlet(), pipe
    said = [os.urandom(ROOM - 1), b"and", os.urandom(ROOM)]
    for each in said:
        outlet.put(writer, each)
    outlet.flush_unasked()
    assert outlet.size == ROOM + 3
    outlet.flush()
    outlet.flush_unasked()
    assert outlet.size == ROOM + 3
    shown = b""
    while len(shown) < 2 * ROOM + 2:
        shown += os.read(reader, ROOM)
        outlet.flush_unasked()
    assert shown == b"".join(said)
    assert outlet.fd is None


def test_who_might_block_is_asked_first() -> None:
    """A socket that others have too: what it takes at all it takes a little at a time, when poll says so."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        outlet = Outlet()
        outlet.put(ours.fileno(), b"x" * 10_000)
        outlet.flush_unasked()
        assert outlet.size == 10_000
        outlet.flush()
        assert outlet.size == 10_000 - 4096
        assert os.get_blocking(ours.fileno())


def test_it_leaves_nothing_open(pipe: tuple[int, int]) -> None:
    before = os.listdir("/proc/self/fd")
    outlet, (_, writer) = Outlet(), pipe
    outlet.put(writer, b"x")
    outlet.flush()
    outlet.close()
    assert os.listdir("/proc/self/fd") == before
    os.write(writer, b"still there")


def test_nobody_reads_it() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    outlet = Outlet()
    outlet.put(writer, b"x")
    with pytest.raises(BrokenPipeError):
        outlet.flush()
    os.close(writer)
