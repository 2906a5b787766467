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


def test_a_packet_has_a_limit() -> None:
    frame = len(encode(Packet("x", 1, "")))
    assert len(encode(Packet("x", 1, "y" * (protocol.LIMIT - frame)))) == protocol.LIMIT
    with pytest.raises(ForeignPacket):
        encode(Packet("x", 1, "y" * (protocol.LIMIT - frame + 1)))


def test_the_largest_packet_passes_whole(tmp_path: Path) -> None:
    largest = Packet("x", 1, "y" * (protocol.LIMIT - len(encode(Packet("x", 1, "")))))
    with (
        closing(protocol.listen(str(tmp_path))) as listener,
        protocol.connect(str(tmp_path)) as asking,
    ):
        asking.send(encode(largest))
        with closing(accept(listener)) as answering:
            assert protocol.receive(answering) == largest
            asking.close()
            assert protocol.receive(answering) is None


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
