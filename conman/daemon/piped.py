"""What a worker writes, read on the event loop at the reader's own speed: a pipe, and no more in memory.

Whoever stops reading ends the worker by that. It must never let the worker's failure pass for the end, nor take
a worker from those who read for others: it may wait for its reader as long as he likes.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from typing import BinaryIO

_PIECE = 256 * 1024


@asynccontextmanager
async def piped(
    write: Callable[[BinaryIO], None], workers: Executor
) -> AsyncGenerator[AsyncIterator[bytes]]:
    """`write` runs on a worker of these; its exception is the reader's, when all that it wrote was read."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    stream = asyncio.StreamReader(_PIECE)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reader, "rb")
    )
    work = loop.run_in_executor(workers, _write, write, writer)
    # Of one that nobody reads any more nobody wants to know.
    work.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        yield _pieces(stream, work)
    finally:
        transport.close()


async def _pieces(stream: asyncio.StreamReader, work: asyncio.Future[None]) -> AsyncIterator[bytes]:
    while data := await stream.read(_PIECE):
        yield data
    await work


def _write(write: Callable[[BinaryIO], None], writer: int) -> None:
    with os.fdopen(writer, "wb", buffering=_PIECE) as out:
        write(out)
