"""Copies share their workers: who finds none free is told so, and waits for no client without end."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conman.core.layout import Layout
from conman.core.model import RootfsMode
from conman.daemon import looks
from conman.errors import ConmanError
from conman.frozen import replace
from conman.host.roots import of_layers
from conman.host.writers import Writers
from conman.primitives.steps import Done
from tests.unit.api_lab import ROW

#: More than there is room for on the way.
LARGE = 5_000_000


@pytest.fixture
def looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> looks.Looks:
    monkeypatch.setattr(looks, "COPIES", 1)
    layout = Layout(str(tmp_path), "", "01234567", "boot")
    os.makedirs(layout.rootfs(ROW.id))
    Path(layout.rootfs(ROW.id), "large").write_bytes(b"x" * LARGE)
    return looks.Looks(layout, lambda _step: Done(1), Writers(layout, of_layers), 0)


async def copied(looking: looks.Looks, under_way: asyncio.Event | None = None) -> int:
    """How much; with `under_way` its client stalls after the first piece."""
    row = replace(ROW, init=None, rootfs_mode=RootfsMode.COPY)
    count = 0
    async with looking.packed(row, "/large", follow_link=False) as pieces:
        async for piece in pieces:
            count += len(piece)
            if under_way is not None:
                under_way.set()
                await asyncio.Event().wait()
    return count


@pytest.mark.parametrize("into", [False, True])
def test_who_finds_no_worker_is_told(
    looking: looks.Looks, monkeypatch: pytest.MonkeyPatch, *, into: bool
) -> None:
    monkeypatch.setattr(looks, "PATIENCE_S", 0.0)

    async def nothing() -> AsyncIterator[bytes]:
        yield b""

    async def another() -> None:
        if into:
            await looking.unpack(ROW, "/", nothing(), owners=False)
        else:
            await copied(looking)

    async def scene() -> None:
        under_way = asyncio.Event()
        stalled = asyncio.ensure_future(copied(looking, under_way))
        await under_way.wait()
        with pytest.raises(ConmanError, match="copies from and to containers are under way"):
            await another()
        stalled.cancel()

    asyncio.run(scene())
    looking.close()


def test_who_waits_is_next(looking: looks.Looks) -> None:
    async def scene() -> None:
        under_way = asyncio.Event()
        stalled = asyncio.ensure_future(copied(looking, under_way))
        await under_way.wait()
        waiting = asyncio.ensure_future(copied(looking))
        stalled.cancel()
        assert await waiting > LARGE

    asyncio.run(scene())
    looking.close()
