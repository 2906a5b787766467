"""Files over real gRPC: the bytes in their order, and each failure as a sentence, also in the middle."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, BinaryIO

import grpc
import grpc.aio
import pytest
from google.protobuf.message import Message

from conman.core.model import State
from conman.daemon.calls import Calls
from conman.daemon.piped import drained, piped
from conman.errors import ConmanError
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.api_lab import GONE, saying, serving, view


def told(path: str, reply: object = None, **more: object) -> list[wire.Archive]:
    async def read() -> list[wire.Archive]:
        submit = saying(reply or view(State.RUNNING))  # type: ignore[arg-type]
        async with serving(submit) as channel:
            ask = channel.unary_stream(
                "/conman.v1.Conman/ReadArchive",
                request_serializer=wire.ReadArchiveRequest.SerializeToString,
                response_deserializer=wire.Archive.FromString,
            )
            request = wire.ReadArchiveRequest(container_id="web", path=path, **more)
            return [each async for each in ask(request, timeout=50)]

    return asyncio.run(read())


def refused(path: str, reply: object = None) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        told(path, reply)
    return caught.value.code().name, caught.value.details() or ""


def test_bytes_in_their_order() -> None:
    assert told("/a", follow_link=True) == [
        wire.Archive(data=b"/a", offset=0),
        wire.Archive(data=b"True", offset=2),
    ]


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("", "INVALID_ARGUMENT", "no path is named"),
        ("\0", "INVALID_ARGUMENT", "path holds a NUL"),
        ("/gone", "NOT_FOUND", "there is no '/gone' in container web"),
        (
            "/broken",
            "FAILED_PRECONDITION",
            "'/broken' in container web cannot be read: Input/output",
        ),
    ],
)
def test_failures(path: str, code: str, words: str) -> None:
    assert refused(path)[0] == code
    assert refused(path)[1].startswith(words)


def test_what_is_not_there_is_named_as_its_program_sees_it() -> None:
    assert "as its program sees it" in refused("/gone")[1]


def test_whose() -> None:
    assert refused("/a", GONE)[0] == "NOT_FOUND"
    nobody = view(State.UNKNOWN, row=None)
    assert refused("/a", nobody)[0] == "FAILED_PRECONDITION"


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as made:
        yield made


def test_a_worker_is_read_to_its_end_and_its_failure_told(workers: ThreadPoolExecutor) -> None:
    async def scene() -> None:
        async with piped(_writes, workers) as pieces:
            assert sum([len(piece) async for piece in pieces]) == 1_000_000
        with pytest.raises(OSError, match="no more"):
            async with piped(_fails, workers) as pieces:
                assert b"".join([piece async for piece in pieces]) == b"some"

    asyncio.run(scene())


def _writes(out: BinaryIO) -> None:
    out.write(b"x" * 1_000_000)


def _fails(out: BinaryIO) -> None:
    out.write(b"some")
    raise OSError(5, "no more")


def test_who_stops_reading_ends_the_worker(workers: ThreadPoolExecutor) -> None:
    ended = asyncio.Event()

    async def scene() -> None:
        loop = asyncio.get_running_loop()

        def endless(out: BinaryIO) -> None:
            try:
                while True:
                    out.write(b"x" * 65536)
            finally:
                loop.call_soon_threadsafe(ended.set)

        async with piped(endless, workers) as pieces:
            await anext(aiter(pieces))
        await asyncio.wait_for(ended.wait(), 20)

    asyncio.run(scene())


def sent(path: str, reply: object = None, name: str = "web") -> Message:
    async def send() -> Message:
        async with serving(saying(reply or view(State.RUNNING))) as channel:  # type: ignore[arg-type]
            ask = channel.stream_unary(
                "/conman.v1.Conman/WriteArchive",
                request_serializer=wire.WriteArchiveRequest.SerializeToString,
                response_deserializer=wire.WriteArchiveResponse.FromString,
            )
            first = wire.WriteArchiveRequest(
                container_id=name, path=path, keep_owners=True, data=b"a "
            )
            return await ask(iter([first, wire.WriteArchiveRequest(data=b"tar")]), timeout=50)

    return asyncio.run(send())


def test_bytes_the_other_way() -> None:
    assert sent("/a") == wire.WriteArchiveResponse()


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("", "INVALID_ARGUMENT", "no path is named"),
        ("/junk", "INVALID_ARGUMENT", "what came is no tar: truncated header"),
        (
            "/broken",
            "FAILED_PRECONDITION",
            "'/broken' in container web cannot be written: No space",
        ),
    ],
)
def test_failures_the_other_way(path: str, code: str, words: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        sent(path)
    assert caught.value.code().name == code
    assert (caught.value.details() or "").startswith(words)


class Counted:
    """Who measures."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def call(self, method: str, code: str, seconds: float) -> None:
        assert 0 <= seconds < 50
        self.calls.append((method, code))


def test_both_are_measured() -> None:
    assert counted("/a") == [("ReadArchive", "OK"), ("WriteArchive", "OK")]
    assert counted("") == [
        ("ReadArchive", "INVALID_ARGUMENT"),
        ("WriteArchive", "INVALID_ARGUMENT"),
    ]


def test_who_hears_why_and_goes_was_told_that() -> None:
    """A client that sends a stream goes as soon as it is refused, often before the handler's last line."""
    sink = Counted()

    class Gone:
        code = staticmethod(lambda: grpc.StatusCode.INVALID_ARGUMENT)
        cancelled = staticmethod(lambda: True)

    class Left(Gone):
        code = staticmethod(lambda: 0)

    async def refuses(message: object, context: object) -> None: ...

    details = SimpleNamespace(method="/conman.v1.Conman/WriteArchive")

    async def scene() -> None:
        for context in (Gone(), Left()):
            timed = await Calls(sink).intercept_service(_continuing(refuses), details)  # type: ignore[arg-type]
            assert timed is not None
            assert timed.stream_unary is not None
            await timed.stream_unary(iter(()), context)  # type: ignore[arg-type]

    asyncio.run(scene())
    assert sink.calls == [("WriteArchive", "INVALID_ARGUMENT"), ("WriteArchive", "CANCELLED")]


def _continuing(serve: object) -> Callable[[object], Awaitable[object]]:
    async def continuation(_: object) -> object:
        return grpc.stream_unary_rpc_method_handler(serve)

    return continuation


def counted(path: str) -> list[tuple[str, str]]:
    sink = Counted()

    async def both() -> None:
        async with serving(saying(view(State.RUNNING)), sink=sink) as channel:
            read = channel.unary_stream(
                "/conman.v1.Conman/ReadArchive",
                request_serializer=wire.ReadArchiveRequest.SerializeToString,
            )
            with suppress(grpc.aio.AioRpcError):
                request = wire.ReadArchiveRequest(container_id="web", path=path)
                assert [each async for each in read(request, timeout=50)]
            write = channel.stream_unary(
                "/conman.v1.Conman/WriteArchive",
                request_serializer=wire.WriteArchiveRequest.SerializeToString,
            )
            first = wire.WriteArchiveRequest(
                container_id="web", path=path, keep_owners=True, data=b"a tar"
            )
            with suppress(grpc.aio.AioRpcError):
                await write(iter([first]), timeout=50)

    asyncio.run(both())
    return sink.calls


def test_whose_the_other_way() -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="no container is named"):
        sent("/a", name="")


def test_what_comes_is_read(workers: ThreadPoolExecutor) -> None:
    read: list[bytes] = []
    asyncio.run(drained(_pieces(40), lambda source: read.append(source.read()), workers))
    assert read == [b"x" * 2_000_000]


def test_what_needs_no_more_ends_when_all_has_come(workers: ThreadPoolExecutor) -> None:
    read: list[bytes] = []
    asyncio.run(drained(_pieces(40), lambda source: read.append(source.read(10)), workers))
    assert read == [b"x" * 10]


@pytest.mark.parametrize(("count", "needed"), [(0, 0), (1, 10), (1_000_000, 10)])
def test_a_failure_is_told_at_once(workers: ThreadPoolExecutor, count: int, needed: int) -> None:
    """Also to a client that sends nothing more, or goes on and on."""

    def refuses(source: BinaryIO) -> None:
        source.read(needed)
        raise OSError(5, "no more")

    async def scene() -> None:
        with pytest.raises(OSError, match="no more"):
            async with asyncio.timeout(20):
                await drained(_pieces(count, asyncio.Event()), refuses, workers)

    asyncio.run(scene())


async def _pieces(count: int, stalls: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 50_000
    if stalls is not None:
        stalls.set()
        await asyncio.Event().wait()


def test_whose_client_is_gone_is_read_to_the_end(workers: ThreadPoolExecutor) -> None:
    """The worker sees it as the end."""
    read: list[bytes] = []

    async def scene() -> None:
        stalls = asyncio.Event()
        pieces = _pieces(1, stalls)
        going = asyncio.ensure_future(
            drained(pieces, lambda source: read.append(source.read()), workers)
        )
        await stalls.wait()
        going.cancel()
        with suppress(asyncio.CancelledError):
            await going

    asyncio.run(scene())
    workers.shutdown()
    assert read == [b"x" * 50_000]


@pytest.mark.parametrize("way", ["in", "out"])
def test_whose_client_goes_at_once_leaves_nothing_open(
    workers: ThreadPoolExecutor, way: str
) -> None:
    """Before the pipe is on the event loop."""

    async def call() -> None:
        if way == "in":
            await drained(_pieces(1), lambda source: source.close(), workers)
        else:
            async with piped(_writes, workers):
                raise AssertionError

    async def scene() -> None:
        calling = asyncio.ensure_future(call())
        asyncio.get_running_loop().call_soon(calling.cancel)
        with pytest.raises(asyncio.CancelledError):
            await calling

    before = set(_pipes())
    asyncio.run(scene())
    workers.shutdown()
    assert set(_pipes()) <= before


@pytest.mark.parametrize("way", ["in", "out"])
def test_where_no_thread_can_be_begun_nothing_is_left_and_nobody_waits_for_it(
    monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    ran = list[object]()

    async def call() -> None:
        if way == "in":
            await drained(_pieces(1), lambda source: ran.append(source.read()), workers)
        else:
            async with piped(lambda out: ran.append(_writes(out)), workers):
                raise AssertionError

    def refuses(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    before = set(_pipes())
    with ThreadPoolExecutor(1) as workers:
        with monkeypatch.context() as full:
            full.setattr(threading.Thread, "start", refuses)
            with pytest.raises(ConmanError) as caught:
                asyncio.run(call())
        refusal = caught.value.refusal
        assert (refusal.code.name, refusal.reason) == ("UNAVAILABLE", "HostFailed")
        assert set(_pipes()) <= before
        # It was queued all the same; who comes next finds the only worker free.
        assert workers.submit(len, "ab").result(20) == 2
    assert ran == []


def test_a_worker_that_has_taken_what_could_not_be_begun_ends_by_itself() -> None:
    """One that was not idle just before."""

    class Both(ThreadPoolExecutor):
        def submit(self, *words: Any, **more: Any) -> Any:  # noqa: ANN401 - as its base
            super().submit(*words, **more)
            super().submit(lambda: None).result(20)
            raise RuntimeError("can't start new thread")

    async def call(workers: ThreadPoolExecutor) -> None:
        async with piped(lambda out: out.close(), workers):
            raise AssertionError

    before = set(_pipes())
    with Both(1) as workers, pytest.raises(ConmanError):
        asyncio.run(call(workers))
    assert set(_pipes()) <= before


def _pipes() -> list[str]:
    found: list[str] = []
    for each in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the listing's own
            found.append(os.readlink(f"/proc/self/fd/{each}"))
    return [each for each in found if each.startswith("pipe:")]
