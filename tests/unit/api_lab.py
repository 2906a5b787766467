"""A service over real gRPC on a unix socket, before a core that says what a test wants it to say."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import grpc
import grpc.aio
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from conman.api.archives import NotATar
from conman.api.events import Source
from conman.api.info import Facts
from conman.api.service import SERVER_OPTIONS, About, Service
from conman.core import requests
from conman.core.events import Numbered, Page
from conman.core.model import Container, ContainerSpec, Event, Init, RootfsMode, State
from conman.core.usage import Process, Usage
from conman.daemon.calls import Sink, interceptors
from conman.daemon.log_feed import LogFeed
from conman.errors import Code, ConmanError, Refusal
from conman.primitives.steps import ProcessId
from conman.wire.v1 import conman_pb2 as wire

ID = "78f5f5f88847465c90c7124b8c7e3ea6"
ABOUT = About(version="0.1.0", instance="01234567", runtime="runc")
FACTS = Facts("/d", "/r", "overlay", "v2", "6.1", "x86_64", "Debian", 2, 3, 4, (("runc", ""),))
ENDING = Refusal(Code.UNAVAILABLE, "Ending", "conmand ends")
GONE = Refusal(Code.NOT_FOUND, "NoSuchContainer", "there is no x", "list them", "container_id")
USAGE = Usage(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
ROW = Container(
    id=ID,
    name="web",
    spec=ContainerSpec(
        command="sh",
        args=("-c", "x"),
        rootfs_path="/r",
        labels=(("a", "1"),),
        annotations=(("b", "2"),),
    ),
    rootfs_mode=RootfsMode.OVERLAY,
    state=State.RUNNING,
    run=2,
    init=Init(ProcessId("boot", 42, 7), 1, 2, "sh"),
    created_at=1,
    started_at=2,
    finished_at=0,
    exit_code=3,
    restart_count=1,
)


class Feed:
    """A source of events whose past a test writes, and whose future it brings about."""

    def __init__(self, count: int = 7) -> None:
        self.oldest = 1
        self.events: list[Event | None] = []
        self.pages: list[int] = []
        self.is_ending = False
        self.more = asyncio.Event()
        #: A reader waits for what comes; a reader does so no longer.
        self.waited_for, self.left = asyncio.Event(), asyncio.Event()
        for _ in range(count):
            self.happens("started")

    def happens(self, kind: str, container_id: str = ID, name: str = "web") -> None:
        self.events.append(Event(len(self.events) + 1, container_id, kind, 1, None, name))
        self.wake()

    def wake(self) -> None:
        self.more.set()
        self.more = asyncio.Event()

    @property
    def newest(self) -> int:
        return len(self.events)

    async def read(self, seen: int, limit: int) -> Page:
        first = max(seen, self.oldest - 1)
        found = list(enumerate(self.events, 1))[first : first + limit]
        self.pages.append(len(found))
        return Page(tuple(Numbered(n, event) for n, event in found), self.oldest, self.newest)

    async def beyond(self, seen: int) -> None:
        self.waited_for.set()
        try:
            while self.newest <= seen:
                if self.is_ending:
                    raise ConmanError(ENDING)
                await self.more.wait()
        finally:
            self.left.set()


class Seen:
    """What is seen of a container that runs."""

    async def usage(self, row: Container) -> Usage | None:
        return USAGE if row.run == 2 else None

    @asynccontextmanager
    async def packed(
        self, row: Container, path: str, *, follow_link: bool
    ) -> AsyncGenerator[AsyncIterator[bytes]]:
        async def pieces() -> AsyncIterator[bytes]:
            for piece in (path.encode(), str(follow_link).encode()):
                yield piece
            if path == "/gone":
                raise FileNotFoundError(2, "No such file or directory", path)
            if path == "/broken":
                raise OSError(5, "Input/output error", path)

        assert row == ROW
        yield pieces()

    async def unpack(
        self, row: Container, path: str, tar: AsyncIterator[bytes], *, owners: bool
    ) -> None:
        assert row == ROW
        taken = [piece async for piece in tar]
        if path == "/broken":
            raise OSError(28, "No space left on device", "file")
        if path == "/junk":
            raise NotATar("truncated header")
        assert (b"".join(taken), owners) == (b"a tar", True)

    async def processes(self, row: Container) -> tuple[Process, ...]:
        assert row.init is not None
        return (Process(row.init.process.pid, 1, 0, "S", 1, 2, 3, "", "sh -c x"),)


Reply = requests.Reply
Submit = Callable[[requests.Request], Awaitable[Reply]]


def view(
    state: State, *, row: Container | None = ROW, reason: str = "", message: str = ""
) -> Reply:
    return requests.ContainerView(ID, "web", state, reason, message, row, "/log", "/bundle")


@asynccontextmanager
async def serving(
    submit: Submit, source: Source | None = None, sink: Sink | None = None
) -> AsyncIterator[grpc.aio.Channel]:
    with tempfile.TemporaryDirectory(prefix="cm", dir="/tmp") as directory:
        server = grpc.aio.server(interceptors=interceptors(sink), options=SERVER_OPTIONS)
        logs = LogFeed()
        service = Service(
            submit, ABOUT, source or Feed(), lambda: FACTS, container_logs=logs, looks=Seen()
        )
        service.add_to(server)
        server.add_insecure_port(f"unix:{directory}/s")
        await server.start()
        async with grpc.aio.insecure_channel(f"unix:{directory}/s") as channel:
            yield channel
        await server.stop(None)
        logs.close()


def method(channel: grpc.aio.Channel, name: str) -> Callable[..., Awaitable[Message]]:
    return channel.unary_unary(
        f"/conman.v1.Conman/{name}",
        request_serializer=getattr(wire, f"{name}Request").SerializeToString,
        response_deserializer=getattr(wire, f"{name}Response").FromString,
    )


def ask(submit: Submit, name: str, request: Message) -> Message:
    async def once() -> Message:
        async with serving(submit) as channel:
            return await method(channel, name)(request, timeout=20)

    return asyncio.run(once())


def saying(reply: Reply) -> Submit:
    async def submit(_request: requests.Request) -> Reply:
        return reply

    return submit


def on(name: str, **more: object) -> Message:
    return getattr(wire, f"{name}Request")(container_id="x", **more)


CREATE = wire.CreateContainerRequest(name="web", command="sh", rootfs_path="/r")
STATUS = wire.ContainerStatus(
    container_id=ID,
    name="web",
    state=wire.RUNNING,
    created_at=1,
    started_at=2,
    pid=42,
    run=2,
    restart_count=1,
    runtime="runc",
    rootfs_path="/r",
    command="sh",
    args=["-c", "x"],
    labels={"a": "1"},
    annotations={"b": "2"},
    log_path="/log",
)


def error_of(submit: Submit, name: str, request: Message) -> tuple[str, str, ErrorInfo]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        ask(submit, name, request)
    trailing = dict(caught.value.trailing_metadata() or ())
    [packed] = Status.FromString(trailing["grpc-status-details-bin"]).details
    info = ErrorInfo()
    assert packed.Unpack(info)
    return caught.value.code().name, caught.value.details() or "", info
