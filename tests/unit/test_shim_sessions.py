"""Sessions in one process: what a client that is behind costs whom, and what it gets in the end."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.shim import frames, protocol, streams
from conman.shim.input import Input
from conman.shim.loop import Loop
from conman.shim.streams import Streams
from conman.shim.task import Offer

OFFER = Offer("t", "", stdin=False, stdout=True, stderr=False, within_ms=30_000)
FRAME = b"x" * frames.LIMIT


class Stage:
    """A shim's streams, and what they have asked for: whether the output is held, whether all is sent."""

    def __init__(self, directory: Path) -> None:
        self.path = f"{directory}/stream.sock"
        self.loop = Loop()
        self.held: list[bool] = []
        self.sent = 0
        nobody = Input(str(directory), self.loop.readers, lambda: None, os.close)
        self.streams = Streams(str(directory), self.loop, nobody, self.held.append, self._sent)

    def _sent(self) -> None:
        self.sent += 1

    def client(self) -> socket.socket:
        self.streams.offer(OFFER)
        connection = protocol.connect_stream(self.path)
        connection.sendall(frames.encode(frames.TOKEN, b"t"))
        for _ in range(2):  # it comes, and is let in
            self.loop.turn()
        return connection

    def fall_behind(self) -> None:
        """The program writes until it is held."""
        for _ in range(64):
            if True in self.held:
                return
            self.streams.write("stdout", FRAME)
        raise AssertionError("nobody is ever behind")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    one = Stage(tmp_path)
    yield one
    one.streams.close()
    one.loop.readers.close()


def test_who_does_not_read_is_waited_for_then_cut_off(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_PATIENCE_S", 0.2)
    with stage.client() as client:
        client.settimeout(20)
        stage.fall_behind()
        stage.loop.arm("too long", 5, pytest.fail)
        while stage.held == [True]:
            stage.loop.turn()
        assert stage.held == [True, False]
        stage.streams.write("stdout", b"no more of this")
        client.setblocking(False)
        got, decoder = list[tuple[bytes, bytes]](), frames.Decoder()
        while not got or got[-1][0] != frames.FAILED:
            try:
                got += decoder.feed(client.recv(1 << 20))
            except BlockingIOError:
                stage.loop.turn()
        (accepted, _), *output, (_, why) = got
        assert accepted == frames.ACCEPTED
        assert set(output) == {(frames.STDOUT, FRAME)}
        assert json.loads(why)["reason"] == "TooSlow"


def test_who_reads_on_is_sent_all(stage: Stage) -> None:
    with stage.client() as client:
        stage.fall_behind()
        client.setblocking(False)
        got, decoder = list[tuple[bytes, bytes]](), frames.Decoder()
        stage.loop.arm("too long", 5, pytest.fail)
        while stage.held == [True]:
            got += decoder.feed(client.recv(1 << 20))
            stage.loop.turn()
        assert stage.held == [True, False]
        stage.loop.disarm("slow")
        stage.streams.hurry()
        stage.streams.end(frames.encode_fields(frames.EXIT, {"code": 0, "signal": 0}))
        while not stage.sent:
            got += decoder.feed(client.recv(1 << 20))
            stage.loop.turn()
        client.setblocking(True)
        while data := client.recv(1 << 20):
            got += decoder.feed(data)
        assert got[0][0] == frames.ACCEPTED
        assert got[-1][0] == frames.EXIT
        assert set(got[1:-1]) == {(frames.STDOUT, FRAME)}


def test_at_the_end_nobody_is_waited_for(stage: Stage) -> None:
    with stage.client():
        stage.streams.hurry()
        for _ in range(64):
            stage.streams.write("stdout", FRAME)
        assert stage.held == []


def test_of_who_has_gone_nothing_is_left(stage: Stage) -> None:
    with stage.client():
        pass
    stage.loop.turn()
    stage.streams.write("stdout", FRAME)
    assert not stage.streams.owes()
    stage.streams.end(b"")
    assert stage.held == []
