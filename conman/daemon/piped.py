"""What a worker writes or reads, and the event loop reads or writes, each at its own speed: a pipe between.

Whoever stops reading ends the worker by that. It must never let the worker's failure pass for the end, nor take
a worker from those who read for others: it may wait for its reader as long as he likes.
"""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from functools import partial
from typing import BinaryIO

from conman.errors import Code, ConmanError, Refusal

_PIECE = 256 * 1024


@asynccontextmanager
async def piped(
    write: Callable[[BinaryIO], None], workers: Executor
) -> AsyncGenerator[AsyncIterator[bytes]]:
    """`write` runs on a worker of these; its exception is the reader's, when all that it wrote was read."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    loop, stream = asyncio.get_running_loop(), asyncio.StreamReader(_PIECE)
    # First of all: it closes its end, also when the client is gone by now.
    work = _begun(workers, partial(_write, write), writer, reader)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reader, "rb")
    )
    try:
        yield _pieces(stream, work)
    finally:
        transport.close()


def _begun(
    workers: Executor, work: Callable[[int], None], end: int, other: int
) -> asyncio.Future[None]:
    """`work` has this end of the pipe. Raises ConmanError where it has no worker: then both ends are closed."""
    claim = threading.Lock()
    try:
        begun = asyncio.get_running_loop().run_in_executor(workers, _claimed, claim, work, end)
    except RuntimeError as error:
        os.close(other)
        # It is queued all the same. A worker that has just become free may have it by now, and finds its pipe ended.
        if claim.acquire(blocking=False):
            os.close(end)
        raise ConmanError(_no_worker(error)) from error
    # Of one that nobody reads any more nobody wants to know.
    begun.add_done_callback(lambda done: done.cancelled() or done.exception())
    return begun


def _claimed(claim: threading.Lock, work: Callable[[int], None], end: int) -> None:
    if claim.acquire(blocking=False):
        work(end)


def _no_worker(error: RuntimeError) -> Refusal:
    what = f"nothing can be copied now: {error}"
    return Refusal(
        Code.UNAVAILABLE, "HostFailed", what, "try again when the host has room for a thread"
    )


async def _pieces(stream: asyncio.StreamReader, work: asyncio.Future[None]) -> AsyncIterator[bytes]:
    while data := await stream.read(_PIECE):
        yield data
    await work


def _write(write: Callable[[BinaryIO], None], writer: int) -> None:
    with os.fdopen(writer, "wb", buffering=_PIECE) as out:
        write(out)


async def drained(
    data: AsyncIterator[bytes], read: Callable[[BinaryIO], None], workers: Executor
) -> None:
    """The other way round: `read` runs on a worker, and is given what comes, at its own speed.

    Its exception is told as soon as it is known, whether anything comes or not.
    """
    loop, flow = asyncio.get_running_loop(), _Flow()
    reader, writer = os.pipe2(os.O_CLOEXEC)
    # First of all, as above.
    work = _begun(workers, partial(_read, read), reader, writer)
    transport, _ = await loop.connect_write_pipe(lambda: flow, os.fdopen(writer, "wb", buffering=0))
    feeding = asyncio.ensure_future(_feed(data, transport, flow))
    try:
        await asyncio.wait({feeding, work}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
        await feeding  # also what needs no more is over when all has come
        transport.close()
        await work
    finally:
        feeding.cancel()
        if not transport.is_closing():
            transport.abort()


async def _feed(
    data: AsyncIterator[bytes], transport: asyncio.WriteTransport, flow: "_Flow"
) -> None:
    async for piece in data:
        if not transport.is_closing():
            transport.write(piece)
            await flow.goes.wait()


class _Flow(asyncio.BaseProtocol):
    """Whether the pipe takes more."""

    def __init__(self) -> None:
        self.goes = asyncio.Event()
        self.goes.set()

    def pause_writing(self) -> None:
        self.goes.clear()

    def resume_writing(self) -> None:
        self.goes.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self.goes.set()


def _read(read: Callable[[BinaryIO], None], reader: int) -> None:
    with os.fdopen(reader, "rb", buffering=_PIECE) as source:
        read(source)
