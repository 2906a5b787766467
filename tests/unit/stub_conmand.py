"""A conmand that says what a test tells it to say, on a unix socket of the test's own.

It exists so that conmanctl is tried against real gRPC, with daemons that refuse, vanish and
come back. It must never listen anywhere but on that socket.
"""

import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from conman.wire.v1 import conman_pb2 as wire

Behave = Callable[[Any, grpc.ServicerContext], Any]


class StubConmand:
    """Records what it is asked; `behave` maps a method's name to what it does."""

    def __init__(self, path: str, behave: dict[str, Behave]) -> None:
        self.path = path
        self.asked: list[tuple[str, Message]] = []
        self.behave = behave
        self._server: grpc.Server | None = None

    def start(self) -> None:
        self._server = server = grpc.server(futures.ThreadPoolExecutor(4))
        methods = wire.DESCRIPTOR.services_by_name["Conman"].methods
        handlers = {m.name: self._handler(m.name) for m in methods if not m.server_streaming}
        handlers["WriteArchive"] = self._taking()
        handlers["Events"] = self._streaming("Events", wire.EventsRequest)
        handlers["ReadArchive"] = self._streaming("ReadArchive", wire.ReadArchiveRequest)
        handlers["Logs"] = self._streaming("Logs", wire.LogsRequest)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("conman.v1.Conman", handlers),)
        )
        server.add_insecure_port(f"unix:{self.path}")
        server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop(None).wait()
            self._server = None

    def requests(self, method: str) -> list[Message]:
        return [request for name, request in self.asked if name == method]

    def _handler(self, name: str) -> grpc.RpcMethodHandler:
        request_type = getattr(wire, f"{name}Request")
        answer_type = getattr(wire, f"{name}Response")

        def answer(request: Message, context: grpc.ServicerContext) -> Message:
            self.asked.append((name, request))
            behave = self.behave.get(name)
            return behave(request, context) if behave else answer_type()

        return grpc.unary_unary_rpc_method_handler(
            answer, request_type.FromString, answer_type.SerializeToString
        )

    def _taking(self) -> grpc.RpcMethodHandler:
        """Its `behave` takes what is sent; by itself it takes all."""

        def take(
            requests: Iterator[Message], context: grpc.ServicerContext
        ) -> wire.WriteArchiveResponse:
            self.asked.append(("WriteArchive", wire.WriteArchiveRequest()))
            behave = self.behave.get("WriteArchive", lambda sent, _: [*sent])
            behave(requests, context)
            return wire.WriteArchiveResponse()

        return grpc.stream_unary_rpc_method_handler(
            take,
            wire.WriteArchiveRequest.FromString,
            wire.WriteArchiveResponse.SerializeToString,
        )

    def _streaming(self, name: str, kind: type[Message]) -> grpc.RpcMethodHandler:
        """Its `behave` gives what is told; by itself it tells nothing."""

        def told(request: Message, context: grpc.ServicerContext) -> Iterator[Message]:
            copied = kind()
            copied.CopyFrom(request)
            self.asked.append((name, copied))
            behave = self.behave.get(name)
            if behave is not None:
                yield from behave(request, context)

        return grpc.unary_stream_rpc_method_handler(
            told, kind.FromString, lambda message: message.SerializeToString()
        )


@pytest.fixture
def conmand() -> Iterator[StubConmand]:
    with tempfile.TemporaryDirectory(prefix="cm", dir="/tmp") as directory:
        stub = StubConmand(f"{directory}/s", {})
        stub.start()
        yield stub
        stub.stop()


def refuse(
    code: grpc.StatusCode,
    message: str,
    hint: str = "",
    *,
    domain: str = "conman",
    reason: str = "Test",
) -> Behave:
    """Answer with an error as conman makes them."""

    def behave(request: Message, context: grpc.ServicerContext) -> Message:
        packed = Packed()
        packed.Pack(ErrorInfo(reason=reason, domain=domain, metadata={"hint": hint}))
        status = Status(code=code.value[0], message=message, details=[packed])
        context.abort_with_status(rpc_status.to_status(status))

    return behave


def after(tries: int, first: Behave, then: Behave | None = None) -> Behave:
    """Do `first` so many times, afterwards `then`, or answer with nothing in it."""
    count = threading.Semaphore(tries)

    def behave(request: Message, context: grpc.ServicerContext) -> Message:
        if count.acquire(blocking=False):
            return first(request, context)
        if then is not None:
            return then(request, context)
        return getattr(wire, type(request).__name__.replace("Request", "Response"))()

    return behave
