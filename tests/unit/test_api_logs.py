"""Logs over real gRPC, out of real files: followed through rotations and to the end of the run, and no further."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from conman.core import requests
from conman.core.model import State
from conman.daemon import log_feed
from conman.errors import Refusal
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.api_lab import GONE, ID, ROW, Reply, Submit, saying, serving
from tests.unit.test_log_files import AT, Written

Stream = Any  # a call of grpc.aio, which comes without a name for its kind


class Run:
    """A container with a log, whose run ends when a test says so."""

    def __init__(self, top: Path, state: State = State.RUNNING) -> None:
        self.log = Written(top)
        self.state = state
        self.over = asyncio.Event()

    async def submit(self, request: requests.Request) -> Reply:
        if isinstance(request, requests.WaitContainer):
            assert request.container == ID
            await self.over.wait()
        path = str(self.log.path)
        return requests.ContainerView(ID, "web", self.state, "", "", ROW, path, "/bundle")


@asynccontextmanager
async def asking(submit: Submit, **request: object) -> AsyncIterator[Stream]:
    async with serving(submit) as channel:
        ask = channel.unary_stream(
            "/conman.v1.Conman/Logs",
            request_serializer=wire.LogsRequest.SerializeToString,
            response_deserializer=wire.LogsResponse.FromString,
        )
        request = {"container_id": "web", **request}
        yield ask(wire.LogsRequest(**request), timeout=50)


def run(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scene())


def numbers(answer: wire.LogsResponse) -> list[int]:
    return [int(n) for chunk in answer.chunks for n in chunk.content.split()]


async def some(stream: Stream, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        found += numbers(await stream.read())
    return found


async def rest(stream: Stream) -> list[int]:
    found: list[int] = []
    while (answer := await stream.read()) is not grpc.aio.EOF:
        found += numbers(answer)
    return found


def told(one: Run, **request: object) -> list[int]:
    async def read() -> list[int]:
        async with asking(one.submit, **request) as stream:
            return await rest(stream)

    return asyncio.run(read())


def refused(submit: Submit, **request: object) -> tuple[str, str, ErrorInfo]:
    async def read() -> None:
        async with asking(submit, **request) as stream:
            await rest(stream)

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        asyncio.run(read())
    trailing = dict(caught.value.trailing_metadata() or ())
    [packed] = Status.FromString(trailing["grpc-status-details-bin"]).details
    info = ErrorInfo()
    assert packed.Unpack(info)
    return caught.value.code().name, caught.value.details() or "", info


@pytest.fixture
def one(tmp_path: Path) -> Run:
    made = Run(tmp_path)
    made.log.lines(3)
    made.log.rotates(1)
    made.log.lines(2, "stderr")
    made.log.lines(1)
    return made


@pytest.mark.parametrize(
    ("request_", "lines"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"stdout": True, "stderr": True}, [1, 2, 3, 4, 5, 6]),
        ({"stdout": True}, [1, 2, 3, 6]),
        ({"stderr": True}, [4, 5]),
        ({"tail": 2}, [5, 6]),
        ({"tail": 2, "stdout": True}, [3, 6]),
        ({"tail": 0}, []),
        ({"tail": 2**62}, [1, 2, 3, 4, 5, 6]),
        ({"since": AT + 3}, [3, 4, 5, 6]),
        ({"until": AT + 3}, [1, 2, 3]),
        ({"since": AT + 2, "until": AT + 4}, [2, 3, 4]),
        ({"until": AT + 3, "tail": 1}, [3]),
        ({"position": "2:0"}, [4, 5, 6]),
        ({"position": "2:0", "tail": 1}, [4, 5, 6]),
    ],
)
def test_what_is_kept(one: Run, request_: dict[str, object], lines: list[int]) -> None:
    assert told(one, **request_) == lines


def test_a_chunk_is_told_whole(tmp_path: Path) -> None:
    one = Run(tmp_path)
    one.log.path.write_bytes(b"2016-10-06T01:10:17.000000042Z stderr P \xff\0\n")

    async def scene() -> None:
        async with asking(one.submit) as stream:
            assert [answer async for answer in stream] == [
                wire.LogsResponse(
                    chunks=[
                        wire.LogChunk(time=AT, stream="stderr", content=b"\xff\0", partial=True)
                    ],
                    position=f"1:43:{AT}",
                )
            ]

    run(scene)


def test_followed_through_rotations_to_the_end(one: Run) -> None:
    async def scene() -> None:
        async with asking(one.submit, follow=True, tail=1) as stream:
            assert await some(stream, 1) == [6]
            for number in range(2, 12):
                one.log.lines(1)
                assert await some(stream, 1) == [one.log.count]
                one.log.rotates(number, keep=1)
            one.log.lines(1)
            one.over.set()
            assert await rest(stream) == [one.log.count]

    run(scene)


def test_all_is_told_before_the_end(one: Run) -> None:
    """What was written last, and the end, are there at once."""

    async def scene() -> None:
        async with asking(one.submit, follow=True) as stream:
            assert await some(stream, 6) == [1, 2, 3, 4, 5, 6]
            one.log.lines(100)
            one.over.set()
            assert await rest(stream) == [*range(7, 107)]

    run(scene)


def test_what_is_unknown_is_followed_on(one: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits is told so at once, which is no end of the run: it may be known again, and goes on writing."""
    monkeypatch.setattr("conman.api.logs.UNKNOWN_FOR_S", 0.001)
    asked, twice = 0, asyncio.Event()

    async def submit(request: requests.Request) -> Reply:
        nonlocal asked
        reply = await one.submit(request)
        if isinstance(request, requests.WaitContainer):
            asked += 1
            if asked == 2:
                twice.set()
        return reply

    async def scene() -> None:
        one.state = State.UNKNOWN
        one.over.set()
        async with asking(submit, follow=True, tail=1) as stream:
            assert await some(stream, 1) == [6]
            await twice.wait()
            one.log.lines(1)
            assert await some(stream, 1) == [7]
            one.over.clear()
            one.log.lines(1)
            one.state = State.EXITED
            one.over.set()
            assert await rest(stream) == [8]

    run(scene)


def test_nothing_is_followed_of_what_is_over(one: Run) -> None:
    one.state = State.EXITED
    assert told(one, follow=True) == [1, 2, 3, 4, 5, 6]


def test_a_position_goes_on_over_another_daemon(one: Run) -> None:
    async def scene() -> None:
        async with asking(one.submit, follow=True) as stream:
            answers = [await stream.read() for _ in range(2)]
        one.log.lines(2)
        one.log.rotates(2)
        one.log.lines(1)
        async with asking(one.submit, follow=True, position=answers[-1].position) as stream:
            assert await some(stream, 3) == [7, 8, 9]

    run(scene)


def test_what_is_followed_up_to_a_moment_ends_with_what_came_after(one: Run) -> None:
    async def scene() -> None:
        async with asking(one.submit, follow=True, until=AT + 8) as stream:
            assert await some(stream, 6) == [1, 2, 3, 4, 5, 6]
            one.log.lines(5)
            assert await rest(stream) == [7, 8]

    run(scene)


def test_a_gap_is_told(one: Run) -> None:
    Path(f"{one.log.path}.1").rename(f"{one.log.path}.7")

    async def scene() -> None:
        async with asking(one.submit, position="3:0") as stream:
            answers = [answer async for answer in stream]
        assert [answer.gap for answer in answers] == [True, False]

    run(scene)


def test_a_container_that_is_removed_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    one = Run(tmp_path / "c")
    one.log.lines(1)

    async def scene() -> None:
        async with asking(one.submit, follow=True) as stream:
            assert await some(stream, 1) == [1]
            one.log.path.unlink()
            (tmp_path / "c").rmdir()
            one.over.set()
            assert await rest(stream) == []

    run(scene)
    assert told(one) == []


def test_a_log_that_cannot_be_read(tmp_path: Path) -> None:
    one = Run(tmp_path)
    one.log.path.mkdir()
    code, message, info = refused(one.submit)
    assert (code, info.reason) == ("FAILED_PRECONDITION", "LogUnreadable")
    assert message.startswith(f"the log {one.log.path} cannot be read: Is a directory")


def test_a_kernel_that_does_not_watch(one: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("conman.host.linux.inotify", refuse)
    code, message, info = refused(one.submit, follow=True)
    assert (code, info.reason) == ("RESOURCE_EXHAUSTED", "CannotFollow")
    assert "Too many open files" in message
    assert told(one) == [1, 2, 3, 4, 5, 6]


def test_the_end_of_the_daemon_is_unavailable(one: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds: list[log_feed.LogFeed] = []
    made = log_feed.LogFeed.__init__

    def remember(feed: log_feed.LogFeed) -> None:
        feeds.append(feed)
        made(feed)

    monkeypatch.setattr(log_feed.LogFeed, "__init__", remember)

    async def scene() -> None:
        async with asking(one.submit, follow=True) as stream:
            assert await some(stream, 6) == [1, 2, 3, 4, 5, 6]
            feeds[0].end()
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stream.read()
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE

    run(scene)


def test_readers_who_go_away_leave_nothing(one: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with asking(one.submit, follow=True) as stream:
            assert await some(stream, 6) == [1, 2, 3, 4, 5, 6]
            stream.cancel()

    run(scene)
    assert "LogsRequest" not in caplog.text


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"tail": -1}, "tail is -1"),
        ({"since": -1}, "since is -1"),
        ({"until": -1}, "until is -1"),
        ({"since": 2, "until": 1}, "since is after until"),
        ({"position": "1"}, "'1' is no position in a log"),
        ({"container_id": ""}, "no container is named"),
    ],
)
def test_what_makes_no_sense(one: Run, request_: dict[str, object], words: str) -> None:
    code, message, info = refused(one.submit, **request_)
    assert code == "INVALID_ARGUMENT"
    assert message.startswith(words)
    assert info.metadata["field"] == next(iter(request_))


def test_a_container_that_is_not_there() -> None:
    assert isinstance(GONE, Refusal)
    assert refused(saying(GONE))[0] == "NOT_FOUND"
