"""A lock that could not be handed on is let go of: kept, it would say for ever that somebody may live."""

import os
import time
from pathlib import Path

import pytest

from conman.host.spawner import Spawner
from conman.primitives import fence
from conman.primitives.steps import SpawnShim
from tests.unit.few_descriptors import open_now, room_for

PATIENCE_S = 30


@pytest.mark.parametrize("room", range(4))
def test_a_shim_that_could_not_be_begun_has_no_lock(tmp_path: Path, room: int) -> None:
    """What fails: a copy of the lock, the pipe, and the two that are handed to the child."""
    before = open_now()
    alive = fence.make_lock(f"{tmp_path}/alive")
    assert alive is not None
    step = SpawnShim(str(tmp_path), "CONMAN_SHIM=i/1", 5_000)
    with room_for(room), pytest.raises(OSError, match="Too many open files"):
        Spawner().start(step, alive, time.monotonic() + PATIENCE_S)
    assert open_now() == before


@pytest.mark.parametrize("asked", ["take", "is_still"])
def test_a_lock_that_cannot_be_looked_at_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    def fails(*_asked: object) -> bool:
        raise PermissionError

    monkeypatch.setattr(fence, asked, fails)
    before = open_now()
    with pytest.raises(PermissionError):
        fence.make_lock(f"{tmp_path}/lock")
    assert open_now() == before


def test_a_lock_that_somebody_else_has_is_not_ours(tmp_path: Path) -> None:
    lock = fence.make_lock(f"{tmp_path}/lock")
    assert lock is not None
    before = open_now()
    assert fence.make_lock(f"{tmp_path}/lock") is None
    assert open_now() == before
    os.close(lock)
