"""Packets, and the socket that they go over."""

import json
import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from conman.primitives.light import accept
from conman.shim import protocol
from conman.shim.protocol import ForeignPacket, Packet, decode, encode


@pytest.mark.parametrize("body", ["", "{}", 'say "x" \\ \n\0', "\u00e4\U0001f600\udc80"])
def test_there_and_back(body: str) -> None:
    packet = Packet("create", 7, body)
    assert decode(encode(packet)) == packet


def test_a_packet_is_one_json_object_with_its_version() -> None:
    assert json.loads(encode(Packet("hello", 1, "{}"))) == {
        "v": 1,
        "op": "hello",
        "seq": 1,
        "body": "{}",
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"1",
        b"null",
        b"{}",
        b'{"v":1,"op":"x","seq":1}',
        b'{"v":2,"op":"x","seq":1,"body":""}',
        b'{"v":1,"op":1,"seq":1,"body":""}',
        b'{"v":1,"op":"x","seq":"1","body":""}',
        b'{"v":1,"op":"x","seq":true,"body":""}',
        b'{"v":1,"op":"x","seq":1,"body":{}}',
    ],
)
def test_foreign_packets_are_refused(data: bytes) -> None:
    with pytest.raises(ForeignPacket):
        decode(data)


LIMITS = [("x", protocol.REQUEST_BYTES), ("answer", protocol.ANSWER_BYTES)]


def of_bytes(op: str, size: int) -> Packet:
    return Packet(op, 1, "y" * (size - len(encode(Packet(op, 1, "")))))


@pytest.mark.parametrize(("op", "most"), [*LIMITS, ("refused", protocol.ANSWER_BYTES)])
def test_a_packet_has_a_limit(op: str, most: int) -> None:
    assert len(encode(of_bytes(op, most))) == most
    with pytest.raises(ForeignPacket):
        encode(of_bytes(op, most + 1))


def test_a_request_is_none_that_an_older_shim_does_not_read() -> None:
    assert protocol.REQUEST_BYTES == 65_536


@pytest.mark.parametrize(("op", "most"), LIMITS)
def test_the_largest_packet_passes_whole(op: str, most: int, tmp_path: Path) -> None:
    largest = of_bytes(op, most)
    with (
        closing(protocol.listen(str(tmp_path))) as listener,
        protocol.connect(str(tmp_path)) as asking,
    ):
        asking.send(encode(largest))
        with closing(accept(listener)) as answering:
            assert protocol.receive(answering, most) == largest
            asking.close()
            assert protocol.receive(answering, most) is None


def test_a_socket_left_behind_is_refused_and_replaced(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        protocol.connect(str(tmp_path))
    protocol.listen(str(tmp_path)).close()
    with pytest.raises(ConnectionRefusedError):
        protocol.connect(str(tmp_path))
    with closing(protocol.listen(str(tmp_path))), protocol.connect(str(tmp_path)) as connection:
        assert connection.type & socket.SOCK_SEQPACKET
    assert os.stat(tmp_path / "shim.sock").st_mode & 0o777 == 0o600


def test_a_directory_may_have_any_length(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 200) / ("e" * 200)
    deep.mkdir(parents=True)
    before = len(os.listdir("/proc/self/fd"))
    with closing(protocol.listen(str(deep))), protocol.connect(str(deep)):
        pass
    assert len(os.listdir("/proc/self/fd")) == before
