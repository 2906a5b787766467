"""A client of a stream socket, as small as one can be: it sends frames and waits for those that it expects."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from conman.shim import frames, protocol
from conman.wire.v1 import conman_pb2 as wire
from tests.integration.one_conmand import Conmand

PATIENCE_S = 20.0


class StreamClient:
    """`output` grows as it comes; `last` is the EXIT or FAILED frame's, once it came."""

    def __init__(self, path: str, token: str) -> None:
        self.connection = protocol.connect_stream(path)
        self.connection.settimeout(PATIENCE_S)
        self.output = {frames.STDOUT: b"", frames.STDERR: b""}
        self.accepted: dict[str, object] | None = None
        self.last: tuple[bytes, dict[str, object]] | None = None
        self.has_ended = False
        self._decoder = frames.Decoder()
        self.send(frames.TOKEN, token.encode())

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        self.connection.sendall(frames.encode(kind, payload))

    def take(self) -> None:
        """What has come, or comes next."""
        data = self.connection.recv(1 << 18)
        self.has_ended = not data
        for kind, payload in self._decoder.feed(data):
            match kind:
                case frames.ACCEPTED:
                    self.accepted = frames.decode_fields(payload)
                case frames.EXIT | frames.FAILED:
                    assert self.last is None, payload
                    self.last = (kind, frames.decode_fields(payload))
                case _:
                    assert self.last is None, "something comes after the end"
                    self.output[kind] += payload

    def until_accepted(self) -> "StreamClient":
        while self.accepted is None and not self.has_ended:
            self.take()
        assert self.accepted is not None, self.last
        return self

    def until(self, text: bytes, kind: bytes = frames.STDOUT) -> None:
        """Text that must come."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.output[kind]:
            assert not self.has_ended, (self.output, self.last)
            assert time.monotonic() < deadline, self.output
            self.take()

    def until_end(self) -> tuple[bytes, dict[str, object]] | None:
        while not self.has_ended:
            self.take()
        return self.last

    def close(self) -> None:
        self.connection.close()


@contextmanager
def stream(path: str, token: str) -> Iterator[StreamClient]:
    client = StreamClient(path, token)
    try:
        yield client
    finally:
        client.close()


def open_stream(conmand: Conmand, name: str, **wanted: str | bool) -> wire.OpenStreamResponse:
    """Asked again while a successor is on its way. Raises grpc.RpcError."""
    streams: dict[str, Any] = {**(wanted or {"stdout": True, "stderr": True})}
    with grpc.insecure_channel(f"unix:{conmand.run}/conmand.sock") as channel:
        ask = channel.unary_unary(
            "/conman.v1.Conman/OpenStream",
            request_serializer=wire.OpenStreamRequest.SerializeToString,
            response_deserializer=wire.OpenStreamResponse.FromString,
        )
        request = wire.OpenStreamRequest(container_id=name, **streams)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                opened: wire.OpenStreamResponse = ask(request, timeout=PATIENCE_S)
            except grpc.RpcError as error:
                away = error.code() is grpc.StatusCode.UNAVAILABLE
                if not away or time.monotonic() > deadline:
                    raise
            else:
                return opened


@contextmanager
def attached(conmand: Conmand, name: str, **wanted: str | bool) -> Iterator[StreamClient]:
    """A session with the container of this name."""
    opened = open_stream(conmand, name, **wanted)
    with stream(opened.socket_path, opened.token) as client:
        yield client.until_accepted()
