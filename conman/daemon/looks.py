"""Looks at what a run uses, who its processes are, what its files hold, on workers: nothing is recorded.

It must never look on the event loop: a thousand files in /proc take their time. What knows of tars is loaded
by the first copy.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import BinaryIO, cast

from conman.api.archives import NotATar
from conman.core.effects import vocabulary as v
from conman.core.effects.recipes import recipe
from conman.core.layout import Layout
from conman.core.model import Container, RootfsMode
from conman.core.usage import Process, Usage
from conman.daemon.piped import drained, piped
from conman.errors import Code, ConmanError, Refusal
from conman.frozen import replace
from conman.host import process_list, roots, usage
from conman.host.writers import Writers, Writing
from conman.primitives.steps import Remaining, Result, Step

#: So many copies go on at once, in and out, each for as long as its client likes.
COPIES = 32
#: How long the next one waits for one of them to end.
PATIENCE_S = 10.0

_TOO_MANY = Refusal(
    Code.RESOURCE_EXHAUSTED,
    "TooManyCopies",
    f"{COPIES} copies from and to containers are under way, and none has ended",
    "end one, or copy when one has ended",
)


class Looks:
    """`perform`: the daemon's performer, which knows who belongs to a run."""

    def __init__(
        self,
        layout: Layout,
        perform: Callable[[Step], Result],
        writers: Writers,
        memory_bytes: int,
    ) -> None:
        self._layout = layout
        self._perform = perform
        self._memory_bytes = memory_bytes
        self._writers = writers
        self._copies = ThreadPoolExecutor(COPIES, "copy")
        self._free = asyncio.Semaphore(COPIES)

    async def usage(self, row: Container) -> Usage | None:
        """None: it has just ended."""
        return await asyncio.to_thread(self._usage, row)

    async def processes(self, row: Container) -> tuple[Process, ...]:
        return await asyncio.to_thread(lambda: process_list.listed(self._members(row)))

    def _usage(self, row: Container) -> Usage | None:
        init = row.init.process.pid if row.init is not None else 0
        cgroup = self._layout.members_cgroup(row.id, row.run)
        if cgroup:
            found = usage.of_cgroup(cgroup, init)
        else:
            found = usage.of_processes(self._members(row), init)
        if found is None or found.memory_limit_bytes:
            return found
        # As docker tells it: whoever has no limit may have all there is.
        return replace(found, memory_limit_bytes=self._memory_bytes)

    @asynccontextmanager
    async def packed(
        self, row: Container, path: str, *, follow_link: bool
    ) -> AsyncGenerator[AsyncIterator[bytes]]:
        """A tar of what is there, piece by piece. Raises ConmanError; OSError, before the first one or after."""

        def pack(out: BinaryIO) -> None:
            self._pack(row, path, out, follow_link=follow_link)

        async with self._turn(), piped(pack, self._copies) as pieces:
            yield pieces

    async def unpack(
        self, row: Container, path: str, tar: AsyncIterator[bytes], *, owners: bool
    ) -> None:
        """Takes a tar, piece by piece. Raises OSError, NotATar, ConmanError."""

        def unpack(source: BinaryIO) -> None:
            self._unpack(row, path, source, owners=owners)

        async with self._turn():
            await drained(tar, unpack, self._copies)

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        """A worker of one's own, until the call is over: without a client its work soon ends, too."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._free.acquire()
        except TimeoutError:
            raise ConmanError(_TOO_MANY) from None
        try:
            yield
        finally:
            self._free.release()

    def close(self) -> None:
        """Whoever still copies has lost his client, and ends by that."""
        self._copies.shutdown(wait=False, cancel_futures=True)

    def _pack(self, row: Container, path: str, out: BinaryIO, *, follow_link: bool) -> None:
        from conman.host import archives  # noqa: PLC0415 - 1 ms of a start

        root = self._root(row)
        try:
            archives.pack(f"/proc/self/fd/{root}", path, out, follow_link=follow_link)
        finally:
            os.close(root)

    def _unpack(self, row: Container, path: str, source: BinaryIO, *, owners: bool) -> None:
        from tarfile import TarError  # noqa: PLC0415 - 1 ms of a start

        from conman.host import unpacking  # noqa: PLC0415

        lower = row.spec.rootfs_path
        with self._writers.writing(row.id, lower, lambda: self._mounted(row)) as writing:
            taken = cast("BinaryIO", Taken(source, writing))
            try:
                unpacking.unpack(f"/proc/self/fd/{writing.root}", path, taken, owners=owners)
            except TarError as error:
                raise NotATar(str(error)) from error

    def _root(self, row: Container) -> int:
        """As its program sees it, where one is; else as it lies there."""
        root = self._mounted(row)
        if root is None:
            return roots.of_layers(self._layout.upper(row.id), row.spec.rootfs_path)
        return root

    def _mounted(self, row: Container) -> int | None:
        """None: its root file system is in its parts."""
        if row.init is not None and (root := roots.of_process(row.init.process)) is not None:
            return root
        rootfs = self._layout.rootfs(row.id)
        is_copy = row.rootfs_mode is RootfsMode.COPY
        return roots.of_directory(rootfs) if is_copy else roots.of_mount(rootfs)

    def _members(self, row: Container) -> tuple[int, ...]:
        [step] = recipe(v.LookForMembers(row.id, row.run), self._layout)
        found = self._perform(step)
        return found.pids if isinstance(found, Remaining) else ()


class Taken:
    """A source as tarfile reads it: what waits for a slow client is woken when its root is needed."""

    def __init__(self, source: BinaryIO, writing: Writing) -> None:
        self._source, self._writing = source, writing

    def read(self, most: int) -> bytes:
        return self._writing.read(self._source.fileno(), most)
