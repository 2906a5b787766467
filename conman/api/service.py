"""The gRPC service: each call is translated, submitted, and its reply translated back.

It exists so that the daemon hands over one callable, `submit`, and never meets protobuf.
It must never know what is behind `submit`, and never let a client that goes away stop
what it asked for: a mutating request runs to its end, only a question ends with its call.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, Protocol, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from conman.api import (
    answers,
    archives,
    changes,
    events,
    execs,
    logs,
    streams,
    translate,
    usage,
)
from conman.api.events import Source
from conman.api.info import Facts, info
from conman.api.malformed import field_at_fault
from conman.api.status import BUG, grpc_status
from conman.core import requests
from conman.errors import Code, ConmanError, Refusal
from conman.frozen import frozen
from conman.wire.v1 import conman_pb2 as wire

SERVICE = "conman.v1.Conman"
API_VERSION = "v1"
REQUEST_BYTES = 4 * 1024 * 1024
#: What is somewhat larger is refused here, with words for it.
SERVER_OPTIONS = (("grpc.max_receive_message_length", 4 * REQUEST_BYTES),)


class Looks(usage.Looks, archives.Files, Protocol):
    """What is seen of containers without asking the machine."""


Submit = Callable[[requests.Request], Awaitable[requests.Reply]]
Context = grpc.aio.ServicerContext[Any, Any]
Asked = TypeVar("Asked", bound=Message)

_LOG = logging.getLogger(__name__)


@frozen
class About:
    """What Version tells; `runtime` is that of containers which name none."""

    version: str
    instance: str
    runtime: str


#: What is told when there is nothing to tell.
_DONE: dict[type[requests.Request], type[Message]] = {
    requests.StartContainer: wire.StartContainerResponse,
    requests.StopContainer: wire.StopContainerResponse,
    requests.KillContainer: wire.KillContainerResponse,
    requests.RemoveContainer: wire.RemoveContainerResponse,
    requests.PauseContainer: wire.PauseContainerResponse,
    requests.UnpauseContainer: wire.UnpauseContainerResponse,
    # Of a retry: warnings are not kept.
    requests.UpdateContainer: wire.UpdateContainerResponse,
    requests.RenameContainer: wire.RenameContainerResponse,
    requests.ReopenContainerLog: wire.ReopenContainerLogResponse,
    requests.WaitContainer: wire.WaitContainerResponse,
    requests.StartExec: wire.StartExecResponse,
    requests.KillExec: wire.KillExecResponse,
}


class Service:
    """The methods of conman.v1.Conman over `submit`, which must never raise or be slow to begin."""

    def __init__(
        self,
        submit: Submit,
        about: About,
        events: Source,
        facts: Callable[[], Facts],
        *,
        container_logs: logs.Logs,
        looks: Looks,
    ) -> None:
        self._submit = submit
        self._about = about
        self._source = events
        self._facts = facts
        self._container_logs = container_logs
        self._looks = looks
        # The loop holds tasks weakly; one that no call awaits any more must live to its end.
        self._running: set[asyncio.Future[requests.Reply]] = set()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Serve on this server, which is not started yet."""
        handlers: dict[str, grpc.RpcMethodHandler[Any, Message]] = {
            "Version": self._by(wire.VersionRequest, self._version),
            "Info": self._by(wire.InfoRequest, self._info),
            "Events": self._streaming(
                wire.EventsRequest, lambda message: events.stream(message, self._source)
            ),
            "Logs": self._streaming(
                wire.LogsRequest,
                lambda message: logs.stream(message, self._submit, self._container_logs),
            ),
            "CreateContainer": self._on(wire.CreateContainerRequest, translate.create),
            "StartContainer": self._on(wire.StartContainerRequest, translate.start),
            "StopContainer": self._on(wire.StopContainerRequest, translate.stop),
            "KillContainer": self._on(wire.KillContainerRequest, translate.kill),
            "RemoveContainer": self._on(wire.RemoveContainerRequest, translate.remove),
            "PauseContainer": self._on(wire.PauseContainerRequest, changes.pause),
            "UnpauseContainer": self._on(wire.UnpauseContainerRequest, changes.unpause),
            "UpdateContainer": self._on(wire.UpdateContainerRequest, changes.update),
            "RenameContainer": self._on(wire.RenameContainerRequest, changes.rename),
            "Stats": self._by(
                wire.StatsRequest, lambda message: usage.stats(message, self._submit, self._looks)
            ),
            "Top": self._by(
                wire.TopRequest, lambda message: usage.top(message, self._submit, self._looks)
            ),
            "ReadArchive": self._streaming(
                wire.ReadArchiveRequest,
                lambda message: archives.read(message, self._submit, self._looks),
            ),
            "WriteArchive": self._taking(
                wire.WriteArchiveRequest,
                lambda messages: archives.write(messages, self._submit, self._looks),
            ),
            "OpenStream": self._on(wire.OpenStreamRequest, streams.open_stream),
            "ReopenContainerLog": self._on(wire.ReopenContainerLogRequest, logs.reopen),
            "ListContainers": self._on(wire.ListContainersRequest, translate.list_containers),
            "ContainerStatus": self._on(wire.ContainerStatusRequest, translate.status),
            "InspectContainer": self._on(wire.InspectContainerRequest, translate.inspect),
            "CreateExec": self._on(wire.CreateExecRequest, execs.create),
            "StartExec": self._on(wire.StartExecRequest, execs.start),
            "KillExec": self._on(wire.KillExecRequest, execs.kill),
            "ListExecs": self._on(wire.ListExecsRequest, execs.listed),
            "ExecStatus": self._on(wire.ExecStatusRequest, execs.status),
            "WaitExec": self._on(wire.WaitExecRequest, execs.wait),
            "WaitContainer": self._on(wire.WaitContainerRequest, translate.wait),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))

    async def _version(self, _message: Message) -> wire.VersionResponse:
        about = self._about
        return wire.VersionResponse(
            version=about.version,
            api_version=API_VERSION,
            instance=about.instance,
            runtime=about.runtime,
        )

    async def _info(self, _message: Message) -> wire.InfoResponse:
        listed = await self._submit(requests.ListContainers())
        if not isinstance(listed, requests.ContainerList):
            raise TypeError(f"{type(listed).__name__} is no list")
        version = await self._version(wire.VersionRequest())
        return info(version, self._facts(), listed, self._source.newest)

    def _streaming(
        self, kind: type[Asked], begin: Callable[[Asked], AsyncIterator[Message]]
    ) -> "grpc.RpcMethodHandler[Any, Message]":
        async def serve(message: Asked | Refusal, context: Context) -> AsyncIterator[Message]:
            try:
                told = begin(_sound(message))
                # At once: a client knows from when on he is told, however long nothing happens.
                await context.send_initial_metadata(())
                async for each in told:
                    yield each
            except ConmanError as error:
                refusal = error.refusal
            except Exception:  # noqa: BLE001 - the edge: whatever it is, a client gets a status
                _LOG.exception("%s failed by a bug", kind.__name__)
                refusal = BUG
            else:
                return
            await _refuse(context, refusal)

        return grpc.unary_stream_rpc_method_handler(
            serve, request_deserializer=partial(_parsed, kind), response_serializer=_to_bytes
        )

    def _on(
        self, kind: type[Asked], translated: Callable[[Asked], requests.Request]
    ) -> "grpc.RpcMethodHandler[Any, Message]":
        async def answer(message: Asked) -> Message | Refusal:
            request = translated(message)
            reply = await self._ask(request)
            return reply if isinstance(reply, Refusal) else self._tell(request, reply)

        return self._by(kind, answer)

    def _by(
        self, kind: type[Asked], answer: Callable[[Asked], Awaitable[Message | Refusal]]
    ) -> "grpc.RpcMethodHandler[Any, Message]":
        async def serve(message: Asked | Refusal, context: Context) -> Message:
            return await _answered(kind, lambda: answer(_sound(message)), context)

        return grpc.unary_unary_rpc_method_handler(
            serve, request_deserializer=partial(_parsed, kind), response_serializer=_to_bytes
        )

    def _taking(
        self, kind: type[Asked], answer: Callable[[AsyncIterator[Asked]], Awaitable[Message]]
    ) -> "grpc.RpcMethodHandler[Any, Message]":
        async def serve(messages: AsyncIterator[Asked | Refusal], context: Context) -> Message:
            sound = (_sound(message) async for message in messages)
            return await _answered(kind, lambda: answer(sound), context)

        return grpc.stream_unary_rpc_method_handler(
            serve, request_deserializer=partial(_parsed, kind), response_serializer=_to_bytes
        )

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
            case _, requests.Okay() if type(request) in _DONE:
                return _DONE[type(request)]()
            case requests.UpdateContainer(), requests.ContainerUpdated():
                return answers.updated(reply)
            case requests.OpenStream(), requests.StreamOpened():
                return streams.opened(reply)
            case requests.ListContainers(), requests.ContainerList():
                default = self._about.runtime
                return answers.containers(reply, default, detailed=request.detailed)
            case requests.ContainerStatus(), requests.ContainerView():
                return wire.ContainerStatusResponse(status=self._status(reply))
            case _, requests.ExecCreated(container_id, exec_id):
                return wire.CreateExecResponse(exec_id=exec_id, container_id=container_id)
            case _, requests.ExecList():
                return execs.answers(reply)
            case requests.ExecStatus(), requests.ExecView():
                return wire.ExecStatusResponse(exec=execs.answer(reply))
            case _, requests.ExecView():
                return wire.WaitExecResponse(exec=execs.answer(reply))
            case requests.InspectContainer(), requests.ContainerView():
                return answers.inspected(reply, self._about.runtime)
            case requests.WaitContainer(), requests.ContainerView():
                return wire.WaitContainerResponse(status=self._status(reply))
            case _:
                raise TypeError(f"{type(reply).__name__} is no answer to {type(request).__name__}")

    def _status(self, view: requests.ContainerView) -> wire.ContainerStatus:
        return answers.status(view, self._about.runtime)


async def _answered(
    kind: type[Message], answer: Callable[[], Awaitable[Message | Refusal]], context: Context
) -> Message:
    try:
        answered = await answer()
    except ConmanError as error:
        answered = error.refusal
    except Exception:  # noqa: BLE001 - the edge: whatever it is, a client gets a status
        _LOG.exception("%s failed by a bug", kind.__name__)
        answered = BUG
    if isinstance(answered, Refusal):
        await _refuse(context, answered)
    return cast("Message", answered)


async def _refuse(context: Context, refusal: Refusal) -> None:
    """Ends the call: raises, as grpc has it."""
    status = grpc_status(refusal)
    await context.abort(status.code, status.sentence, status.trailing_metadata)


def _parsed(kind: type[Asked], raw: bytes) -> Asked | Refusal:
    """Never raises: grpc's own words for what is wrong help nobody."""
    if len(raw) > REQUEST_BYTES:
        what = f"the request has {len(raw)} bytes, and conmand takes {REQUEST_BYTES}"
        return Refusal(Code.RESOURCE_EXHAUSTED, "RequestTooLarge", what, "ask for less")
    try:
        return kind.FromString(raw)
    except DecodeError:
        field = field_at_fault(kind, raw)
        what = f"the request's {field} is not text" if field else f"what came is no {kind.__name__}"
        hint = "send protobuf of conman.proto, in UTF-8"
        return Refusal(Code.INVALID_ARGUMENT, "BadInput", what, hint, field)


def _sound(message: Asked | Refusal) -> Asked:
    if isinstance(message, Refusal):
        raise ConmanError(message)
    return message


def _to_bytes(message: Message) -> bytes:
    return message.SerializeToString()
