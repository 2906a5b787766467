"""Logs as a stream: blocks of a container's log files, as protobuf, at the reader's own speed.

Reading is no operation: nothing is decided, and neither the machine nor a shim is asked for a byte. It must
never hold more than one block, nor end before all that a run has written was told.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Protocol, cast

from conman.api import fields
from conman.api.views import Submit, view_of
from conman.core import requests
from conman.core.log_records import (
    STREAMS,
    BadPosition,
    Chosen,
    Chunk,
    Position,
    parse_position,
)
from conman.core.model import State
from conman.frozen import frozen
from conman.wire.v1 import conman_pb2 as wire

#: How long whoever follows an UNKNOWN container leaves it alone: nobody tells when it is known again.
UNKNOWN_FOR_S = 1.0


@frozen
class Page:
    """What is chosen of one block. `end` None: there is nothing more now.

    `gap`: what lay before was removed before it was read; `is_past`: what is chosen is over.
    """

    chunks: tuple[Chunk, ...] = ()
    end: Position | None = None
    gap: bool = False
    is_past: bool = False


@frozen
class Wanted:
    """Where to begin (after `position`, or with the last `tail` lines), and what is chosen."""

    chosen: Chosen
    position: Position | None
    tail: int | None


class Reading(Protocol):
    """One reader of one log."""

    async def read(self) -> Page: ...
    async def more(self) -> None: ...


class Logs(Protocol):
    """`conman.daemon.log_feed.LogFeed`, as far as it is needed here."""

    def reading(
        self, path: str, wanted: Wanted, *, follow: bool
    ) -> AbstractAsyncContextManager[Reading]: ...


def reopen(message: wire.ReopenContainerLogRequest) -> requests.ReopenContainerLog:
    """Of which container."""
    return requests.ReopenContainerLog(fields.reference(message.container_id))


def wanted(message: wire.LogsRequest) -> Wanted:
    """Raises ConmanError for what makes no sense."""
    for field in ("since", "until", "tail"):
        if getattr(message, field) < 0:
            fields.bad(field, f"{field} is {getattr(message, field)}", "give 0 or more")
    until = message.until if message.HasField("until") else None
    if until is not None and message.since > until:
        fields.bad("since", "since is after until", "give an earlier time")
    streams = tuple(name for name in STREAMS if getattr(message, name)) or STREAMS
    tail = message.tail if message.HasField("tail") else None
    return Wanted(Chosen(streams, message.since, until), _position(message.position), tail)


def _position(text: str) -> Position | None:
    try:
        return parse_position(text) if text else None
    except BadPosition:
        hint = "give one that LogsResponse told, or none"
        fields.bad("position", f"{fields.shown(text)} is no position in a log", hint)


async def stream(
    message: wire.LogsRequest, submit: Submit, logs: Logs
) -> AsyncIterator[wire.LogsResponse]:
    """Raises ConmanError."""
    asked = wanted(message)
    view = await view_of(submit, message.container_id)
    follow = message.follow and view.state is not State.EXITED
    over = asyncio.ensure_future(_end(submit, view.id)) if follow else None
    try:
        async with logs.reading(view.log_path, asked, follow=follow) as reading:
            async for page in _pages(reading, over):
                if page.chunks or page.gap:
                    yield _response(page)
                if page.is_past and follow:
                    return
    finally:
        if over is not None:
            over.cancel()


async def _end(submit: Submit, container_id: str) -> None:
    """Until its run is over, or it is gone. One that is UNKNOWN may go on writing, and be known again."""
    while True:
        reply = await submit(requests.WaitContainer(container_id))
        if not isinstance(reply, requests.ContainerView) or reply.state is not State.UNKNOWN:
            return
        await asyncio.sleep(UNKNOWN_FOR_S)


async def _pages(reading: Reading, over: asyncio.Future[None] | None) -> AsyncIterator[Page]:
    """Up to the end; what is followed ends with its run, when all of it was read."""
    while True:
        is_over = over is None or over.done()
        page = await reading.read()
        if page.end is not None:
            yield page
        elif is_over:
            return
        else:
            await _first(reading.more(), cast("asyncio.Future[None]", over))


async def _first(more: Coroutine[None, None, None], over: asyncio.Future[None]) -> None:
    waiting = asyncio.ensure_future(more)
    try:
        await asyncio.wait({waiting, over}, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            waiting.result()
    finally:
        waiting.cancel()


def _response(page: Page) -> wire.LogsResponse:
    told = (
        wire.LogChunk(time=each.at, stream=each.stream, content=each.content, partial=each.partial)
        for each in page.chunks
    )
    return wire.LogsResponse(chunks=told, position=str(page.end or ""), gap=page.gap)
