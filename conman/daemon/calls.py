"""Every gRPC call, by method and code: a line in the log at level debug, and one for whoever measures.

It stands around the service's handlers and sees requests, never answers. It must not be there at all when
nobody listens, and never change what a client is told.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol, TypeAlias, cast

import grpc
import grpc.aio

from conman.api.service import SERVICE

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"
Context = grpc.aio.ServicerContext[Any, Any]

_log = logging.getLogger(__name__)


class Sink(Protocol):
    """Who measures; must return at once."""

    def call(self, method: str, code: str, seconds: float) -> None: ...


class Calls(grpc.aio.ServerInterceptor):
    """For `grpc.aio.server(interceptors=...)`."""

    def __init__(self, sink: Sink | None) -> None:
        self._sink = sink

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method.removeprefix("/").removeprefix(f"{SERVICE}/")
        if handler is None:
            return None  # nobody serves it: grpc answers
        coders = (handler.request_deserializer, handler.response_serializer)
        if handler.unary_unary is not None:
            unary = self._unary(method, handler.unary_unary)
            return grpc.unary_unary_rpc_method_handler(unary, *coders)
        if handler.unary_stream is not None:
            stream = self._stream(method, handler.unary_stream)
            return grpc.unary_stream_rpc_method_handler(stream, *coders)
        if handler.stream_unary is not None:
            taking = self._unary(method, handler.stream_unary)
            return grpc.stream_unary_rpc_method_handler(taking, *coders)
        return handler

    def _unary(self, method: str, serve: Callable[..., Any]) -> Callable[..., Any]:
        async def timed(message: object, context: Context) -> object:
            since = time.monotonic()
            try:
                return await serve(message, context)
            finally:
                self._over(method, message, context, since)

        return timed

    def _stream(self, method: str, serve: Callable[..., Any]) -> Callable[..., Any]:
        async def timed(message: object, context: Context) -> AsyncIterator[object]:
            since = time.monotonic()
            try:
                async for each in serve(message, context):
                    yield each
            finally:
                self._over(method, message, context, since)

        return timed

    def _over(self, method: str, message: object, context: Context, since: float) -> None:
        seconds, code = time.monotonic() - since, _code(context)
        if self._sink is not None:
            self._sink.call(method, code, seconds)
        if _log.isEnabledFor(logging.DEBUG):
            fields = _ids(message) | {"duration_ms": f"{seconds * 1000:.1f}"}
            _log.debug("%s %s", method, code, extra={"fields": fields})


def interceptors(sink: Sink | None) -> tuple[Calls, ...]:
    """None when nobody listens."""
    return (Calls(sink),) if sink is not None or _log.isEnabledFor(logging.DEBUG) else ()


def _code(context: Context) -> str:
    code = cast("grpc.StatusCode | int", context.code())  # 0 while nothing was said of it
    if isinstance(code, grpc.StatusCode):
        # What the client was told; one that hears it and goes while it still sends counts as cancelled, too.
        return code.name
    current = asyncio.current_task()
    is_cancelled = context.cancelled() or (current is not None and current.cancelling())
    return "CANCELLED" if is_cancelled else "OK"


def _ids(message: object) -> dict[str, str]:
    """Whom it is about, in the client's own words."""
    whom = getattr(message, "container_id", "") or getattr(message, "name", "")
    found = {"asked_for": whom, "request_id": getattr(message, "request_id", "")}
    return {key: str(value) for key, value in found.items() if value}
