"""The daemon's end of the line to a shim, and what a zygote that is gone leaves open; the others are played by hand."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest

from conman.host.shims import Shims
from conman.host.spawner import Spawner
from conman.host.zygote import Zygote
from conman.primitives.light import accept
from conman.primitives.steps import BeginShim, CallShim, Failed, ShimAnswer, TimedOut
from conman.shim import protocol
from conman.shim.protocol import Packet, encode


class Shim:
    """It listens in `directory`, and says what it is told to say, whatever it was asked."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.listener = protocol.listen(directory)
        self.listener.setblocking(True)
        self.connection: socket.socket | None = None

    def accept_and_say(self, *packets: Packet) -> threading.Thread:
        def go() -> None:
            self.connection = accept(self.listener)
            for packet in packets:
                self.connection.send(encode(packet))

        thread = threading.Thread(target=go)
        thread.start()
        return thread

    def close(self) -> None:
        self.listener.close()
        if self.connection is not None:
            self.connection.close()


@pytest.fixture
def shim(tmp_path: Path) -> Iterator[Shim]:
    made = Shim(str(tmp_path))
    yield made
    made.close()


@pytest.fixture
def shims() -> Iterator[Shims]:
    made = Shims()
    yield made
    made.close()


def test_an_answer_to_another_request_is_no_answer(shim: Shim, shims: Shims) -> None:
    saying = shim.accept_and_say(Packet("answer", 0, "late"), Packet("answer", 1, "mine"))
    assert shims.call(CallShim(shim.directory, "hello", "{}", 30_000)) == ShimAnswer("mine")
    saying.join()


def test_the_longest_answer_is_read_whole_and_a_refusal_is_a_failure(
    shim: Shim, shims: Shims
) -> None:
    body = "y" * (protocol.ANSWER_BYTES - len(encode(Packet("answer", 1, ""))))
    saying = shim.accept_and_say(Packet("answer", 1, body))
    assert shims.call(CallShim(shim.directory, "hello", "{}", 30_000)) == ShimAnswer(body)
    saying.join()
    assert shim.connection is not None
    shim.connection.send(encode(Packet("refused", 2, "too long")))
    told = shims.call(CallShim(shim.directory, "hello", "{}", 30_000))
    assert told == Failed("EPROTO", "too long")


def test_a_shim_that_reads_nothing_takes_no_more_than_its_time(shim: Shim, shims: Shims) -> None:
    """No request fits into the line any more: also sending one has its time, and not the last one's."""
    saying = shim.accept_and_say(Packet("answer", 1, ""))
    assert shims.call(CallShim(shim.directory, "hello", "{}", 600_000)) == ShimAnswer("")
    saying.join()
    connection = shims._line(shim.directory)._connection
    assert connection is not None
    connection.settimeout(0)
    for size in (protocol.REQUEST_BYTES, 1):
        with suppress(BlockingIOError):
            while True:
                connection.send(bytes(size))
    connection.settimeout(600)
    assert shims.call(CallShim(shim.directory, "hello", "{}", 50)) == TimedOut()


class Gone:
    """A zygote that is no more, or cannot be asked."""

    def __init__(self, error: OSError | None) -> None:
        self._error = error

    def fork(self, *_: object) -> int | None:
        if self._error is not None:
            raise self._error
        return None


@pytest.mark.parametrize("error", [None, OSError(24, "too many")])
def test_of_a_shim_that_nobody_bears_nothing_stays_open(
    error: OSError | None, tmp_path: Path
) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    alive = os.open(tmp_path, os.O_RDONLY)
    spawner = Spawner(cast("Zygote", Gone(error)))
    step = BeginShim(str(tmp_path), "CONMAN_RUN=x")
    if error is None:
        assert spawner.begin(step, alive) is None
    else:
        with pytest.raises(OSError, match="too many"):
            spawner.begin(step, alive)
    assert sorted(os.listdir("/proc/self/fd")) == before
