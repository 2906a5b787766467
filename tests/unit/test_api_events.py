"""Events over real gRPC: from the past into the present, nothing missed, nothing twice, no reader waited for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from conman.api.events import PAGE
from conman.core.events import KINDS
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.api_lab import GONE, ID, Feed, saying, serving

OTHER = "0" * 32
Stream = Any  # a call of grpc.aio, which comes without a name for its kind


@asynccontextmanager
async def asking(feed: Feed, **request: object) -> AsyncIterator[Stream]:
    async with serving(saying(GONE), feed) as channel:
        ask = channel.unary_stream(
            "/conman.v1.Conman/Events",
            request_serializer=wire.EventsRequest.SerializeToString,
            response_deserializer=wire.Event.FromString,
        )
        yield ask(wire.EventsRequest(**request), timeout=50)


def run(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scene())


def told(feed: Feed, **request: object) -> list[int]:
    """What a stream that ends by itself tells."""

    async def read() -> list[int]:
        async with asking(feed, **request) as stream:
            return [event.sequence async for event in stream]

    return asyncio.run(read())


def refused(feed: Feed, **request: object) -> tuple[str, str, ErrorInfo]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        told(feed, **request)
    trailing = dict(caught.value.trailing_metadata() or ())
    [packed] = Status.FromString(trailing["grpc-status-details-bin"]).details
    info = ErrorInfo()
    assert packed.Unpack(info)
    return caught.value.code().name, caught.value.details() or "", info


def test_what_is_kept_and_then_the_end() -> None:
    assert told(Feed(7), since=0) == [1, 2, 3, 4, 5, 6, 7]
    assert told(Feed(7), since=5) == [6, 7]
    assert told(Feed(7), since=7) == told(Feed(7)) == told(Feed(0), since=0) == []


def test_an_event_is_told_whole() -> None:
    async def scene() -> None:
        async with asking(Feed(1), since=0) as stream:
            assert [event async for event in stream] == [
                wire.Event(sequence=1, at=1, container_id=ID, name="web", kind="started", run=1)
            ]

    run(scene)


def test_from_the_past_into_the_present() -> None:
    async def scene() -> None:
        feed = Feed(PAGE + 1)
        async with asking(feed, since=1, follow=True) as stream:
            seen = [(await stream.read()).sequence for _ in range(PAGE)]
            for _ in range(3):
                feed.happens("exited")
                seen.append((await stream.read()).sequence)
            assert seen == list(range(2, PAGE + 5))

    run(scene)


def test_from_now_on() -> None:
    async def scene() -> None:
        feed = Feed(3)
        async with asking(feed, follow=True) as stream:
            await stream.initial_metadata()
            feed.happens("exited")
            assert (await stream.read()).sequence == 4

    run(scene)


@pytest.mark.parametrize(
    ("request_", "kept"),
    [
        ({}, [1, 2, 3, 4]),
        ({"kinds": ["exited"]}, [2, 4]),
        ({"kinds": ["exited", "removed"]}, [2, 3, 4]),
        ({"containers": [ID]}, [1, 2]),
        ({"containers": [ID[:4]]}, [1, 2]),
        ({"containers": ["db"]}, [3, 4]),
        ({"containers": ["db", "web"]}, [1, 2, 3, 4]),
        ({"containers": ["d"]}, []),
        ({"containers": ["db"], "kinds": ["exited"]}, [4]),
    ],
)
def test_filters(request_: dict[str, object], kept: list[int]) -> None:
    feed = Feed(0)
    feed.happens("started")
    feed.happens("exited")
    feed.happens("removed", OTHER, "db")
    feed.happens("exited", OTHER, "db")
    assert told(feed, since=0, **request_) == kept


def test_what_is_no_longer_kept() -> None:
    feed = Feed(9)
    feed.oldest = 5
    assert told(feed, since=0) == told(feed, since=4) == [5, 6, 7, 8, 9]
    code, message, info = refused(feed, since=3)
    assert (code, info.reason, info.metadata["field"]) == ("OUT_OF_RANGE", "EventsNotKept", "since")
    assert message == (
        "what followed event 3 is no longer kept: the oldest is 5;"
        " list the containers, then go on after 4."
    )


def test_a_reader_who_is_overtaken_is_told() -> None:
    async def scene() -> None:
        feed = Feed(2)
        async with asking(feed, since=0, follow=True) as stream:
            assert [(await stream.read()).sequence for _ in range(2)] == [1, 2]
            feed.oldest = 5
            feed.events += [None, None, None]
            feed.happens("exited")
            with pytest.raises(grpc.aio.AioRpcError, match="the oldest is 5"):
                await stream.read()

    run(scene)


@pytest.mark.parametrize(
    ("request_", "code", "words"),
    [
        ({"since": 8}, "OUT_OF_RANGE", "there is no event 8 yet: the newest is 7"),
        ({"since": -1}, "INVALID_ARGUMENT", "there is no event -1"),
        ({"kinds": ["died"]}, "INVALID_ARGUMENT", "no event is of kind 'died'"),
        ({"containers": ["x"] * 1025}, "INVALID_ARGUMENT", "containers has 1025 entries"),
        ({"kinds": ["created"] * 1025}, "INVALID_ARGUMENT", "kinds has 1025 entries"),
        ({"containers": [""]}, "INVALID_ARGUMENT", "no container is named"),
    ],
)
def test_what_makes_no_sense(request_: dict[str, object], code: str, words: str) -> None:
    told_code, message, info = refused(Feed(7), follow=True, **request_)
    assert told_code == code
    assert message.startswith(words)
    assert info.metadata["field"] == next(iter(request_))


def test_a_row_that_cannot_be_read_is_not_passed_over() -> None:
    feed = Feed(3)
    feed.events[1] = None

    async def scene() -> None:
        async with asking(feed, since=0) as stream:
            assert (await stream.read()).sequence == 1
            with pytest.raises(grpc.aio.AioRpcError, match="event 2 cannot be read"):
                await stream.read()

    run(scene)
    assert told(feed, since=2) == [3]


def test_the_end_of_the_daemon_is_unavailable() -> None:
    async def scene() -> None:
        feed = Feed(1)
        async with asking(feed, since=0, follow=True) as stream:
            await stream.read()
            feed.is_ending = True
            feed.wake()
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stream.read()
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE

    run(scene)


def test_a_reader_who_goes_away_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        feed = Feed(1)
        async with asking(feed, since=0, follow=True) as stream:
            await stream.read()
            await asyncio.wait_for(feed.waited_for.wait(), 20)
            stream.cancel()
            await asyncio.wait_for(feed.left.wait(), 20)

    run(scene)
    assert "EventsRequest" not in caplog.text


def test_a_reader_who_does_not_read_is_waited_for_by_nobody() -> None:
    """Pages are taken from the store as he reads; what is in between is grpc's window, not ours."""

    async def scene() -> None:
        feed = Feed(0)
        for _ in range(20 * PAGE):
            feed.happens("started", name="x" * 128)
        async with asking(feed, since=0) as stream:
            await stream.read()
            # The daemon goes on meanwhile: whatever the reader does, a call is answered.
            async with serving(saying(GONE), feed) as other:
                version = other.unary_unary("/conman.v1.Conman/Version")
                await version(b"", timeout=50)
            assert sum(feed.pages) < feed.newest
            rest = []
            while (event := await stream.read()) is not grpc.aio.EOF:
                rest.append(event.sequence)
        assert rest == list(range(2, feed.newest + 1))

    run(scene)


def test_kinds_are_those_of_the_proto() -> None:
    kind = wire.DESCRIPTOR.message_types_by_name["Event"].fields_by_name["kind"]
    assert kind.number == 5
    assert len(set(KINDS)) == 14
