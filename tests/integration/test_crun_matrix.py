"""Every state times every command, on crun and on fakerunc --flavour crun, as test_fakerunc_matrix.py on runc.

What is known to differ stands in crun_differences.txt. FAKERUNC_MATRIX=whole plays all states, else two do:
`make truth FLAVOUR=crun`.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.integration.fakerunc_lab import FAKE
from tests.integration.test_crun import runtime
from tests.integration.test_fakerunc_matrix import (
    DEEDS,
    LOOKS,
    STATES,
    compare_all,
    listed,
    summary,
)
from tests.integration.test_fakerunc_truth import two_labs

__all__ = ["summary"]
_NAMES = {"state_file": "status", "state_pid": "pid"}

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="real crun needs root"),
    pytest.mark.skipif(shutil.which("crun") is None, reason="crun is not installed"),
    pytest.mark.skipif(shutil.which("busybox") is None, reason="busybox-static is not installed"),
]
ASKED = STATES if os.environ.get("FAKERUNC_MATRIX") == "whole" else ["absent", "running"]


@pytest.fixture(scope="module")
def crun() -> Iterator[str]:
    place = Path(tempfile.mkdtemp(prefix="cr-", dir="/tmp"))
    yield runtime(place)
    shutil.rmtree(place)


@pytest.mark.parametrize("state", ASKED)
def test_every_command_in(state: str, crun: str) -> None:
    with two_labs((crun,), (*FAKE, "--flavour", "crun"), **_NAMES) as pair:
        compare_all(pair, state, "crun")


def test_the_list_has_cells() -> None:
    for state, line in listed("crun"):
        assert any(fnmatchcase(one, state) for one in STATES), state
        assert any(fnmatchcase(one, line) for one in (*LOOKS, *DEEDS)), line
