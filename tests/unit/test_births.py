"""Shims that were begun and that nobody waits for any more: of none of them a descriptor is left."""

import os
import shutil
from pathlib import Path
from typing import cast

import pytest

from conman.host.shims import Shims
from conman.host.spawner import Birth, Spawner
from conman.primitives.steps import BeginShim


class Asked:
    """A zygote's side of it, which never answers."""

    def __init__(self) -> None:
        self.pipes: list[int] = []

    def begin(self, _step: BeginShim, alive: int) -> Birth:
        os.close(alive)
        ready, told = os.pipe()
        self.pipes += [ready, told]
        return Birth(1, ready)

    def reap(self) -> None:
        """Nobody has ended."""


def test_what_is_begun_again_lets_go_of_the_first(tmp_path: Path) -> None:
    asked, directory = Asked(), tmp_path / "1"
    shims = Shims(cast("Spawner", asked))
    for _ in range(2):
        shims.begin(BeginShim(str(directory), "CONMAN_SHIM=i/1"))
        shutil.rmtree(directory)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(asked.pipes[0])
    os.fstat(asked.pipes[2])
    shims.close()
    for told in asked.pipes[1::2]:
        os.close(told)
