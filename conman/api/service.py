"""The gRPC service: each call is translated, submitted, and its reply translated back.

It exists so that the daemon hands over one callable, `submit`, and never meets protobuf.
It must never know what is behind `submit`, and never let a client that goes away stop
what it asked for: a mutating request runs to its end, only a question ends with its call.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from conman.api import answers, translate
from conman.api.status import BUG, grpc_status
from conman.core import requests
from conman.errors import ConmanError, Refusal
from conman.wire.v1 import conman_pb2 as wire

SERVICE = "conman.v1.Conman"
API_VERSION = "v1"

Submit = Callable[[requests.Request], Awaitable[requests.Reply]]
Context = grpc.aio.ServicerContext[Any, Any]
Asked = TypeVar("Asked", bound=Message)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class About:
    """What Version tells; `runtime` is that of containers which name none."""

    version: str
    instance: str
    runtime: str


class Service:
    """The methods of conman.v1.Conman over `submit`, which must never raise or be slow to begin."""

    def __init__(self, submit: Submit, about: About) -> None:
        self._submit = submit
        self._about = about
        # The loop holds tasks weakly; one that no call awaits any more must live to its end.
        self._running: set[asyncio.Future[requests.Reply]] = set()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Serve on this server, which is not started yet."""
        handlers = {
            "Version": _handler(self._version, wire.VersionRequest),
            "CreateContainer": self._on(wire.CreateContainerRequest, translate.create),
            "StartContainer": self._on(wire.StartContainerRequest, translate.start),
            "StopContainer": self._on(wire.StopContainerRequest, translate.stop),
            "KillContainer": self._on(wire.KillContainerRequest, translate.kill),
            "RemoveContainer": self._on(wire.RemoveContainerRequest, translate.remove),
            "ListContainers": self._on(wire.ListContainersRequest, translate.list_all),
            "ContainerStatus": self._on(wire.ContainerStatusRequest, translate.status),
            "WaitContainer": self._on(wire.WaitContainerRequest, translate.wait),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))

    async def _version(self, _message: Message, _context: Context) -> wire.VersionResponse:
        about = self._about
        return wire.VersionResponse(
            version=about.version,
            api_version=API_VERSION,
            instance=about.instance,
            runtime=about.runtime,
        )

    def _on(
        self, kind: type[Asked], translated: Callable[[Asked], requests.Request]
    ) -> "grpc.RpcMethodHandler[Asked, Message]":
        async def serve(message: Asked, context: Context) -> Message:
            answer = await self._answer(message, translated)
            if isinstance(answer, Refusal):
                status = grpc_status(answer)
                await context.abort(status.code, status.sentence, status.trailing_metadata)
            return answer

        return _handler(serve, kind)

    async def _answer(
        self, message: Asked, translated: Callable[[Asked], requests.Request]
    ) -> Message | Refusal:
        try:
            request = translated(message)
            reply = await self._ask(request)
            return reply if isinstance(reply, Refusal) else self._tell(request, reply)
        except ConmanError as error:
            return error.refusal
        except Exception:  # noqa: BLE001 - the edge: whatever it is, a client gets a status
            _LOG.exception("%s failed by a bug", type(message).__name__)
            return BUG

    async def _ask(self, request: requests.Request) -> requests.Reply:
        if not isinstance(request, requests.MutatingRequest):
            return await self._submit(request)
        running = asyncio.ensure_future(self._submit(request))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return await asyncio.shield(running)

    def _tell(self, request: requests.Request, reply: requests.Reply) -> Message:
        match request, reply:
            case requests.CreateContainer(), requests.ContainerCreated():
                return answers.created(reply)
            case requests.StartContainer(), requests.Okay():
                return wire.StartContainerResponse()
            case requests.StopContainer(), requests.Okay():
                return wire.StopContainerResponse()
            case requests.KillContainer(), requests.Okay():
                return wire.KillContainerResponse()
            case requests.RemoveContainer(), requests.Okay():
                return wire.RemoveContainerResponse()
            case requests.ListContainers(), requests.ContainerList():
                return answers.containers(reply)
            case requests.ContainerStatus(), requests.ContainerView():
                return wire.ContainerStatusResponse(status=self._status(reply))
            case requests.WaitContainer(), requests.ContainerView():
                return wire.WaitContainerResponse(status=self._status(reply))
            case requests.WaitContainer(), requests.Okay():
                return wire.WaitContainerResponse()
            case _:
                raise TypeError(f"{type(reply).__name__} is no answer to {type(request).__name__}")

    def _status(self, view: requests.ContainerView) -> wire.ContainerStatus:
        return answers.status(view, self._about.runtime)


def _handler(
    serve: Callable[[Asked, Context], Awaitable[Message]], kind: type[Asked]
) -> "grpc.RpcMethodHandler[Asked, Message]":
    return grpc.unary_unary_rpc_method_handler(
        serve,
        request_deserializer=kind.FromString,
        response_serializer=_to_bytes,
    )


def _to_bytes(message: Message) -> bytes:
    return message.SerializeToString()
