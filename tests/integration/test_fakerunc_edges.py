"""Real runc and fakerunc beside each other where the command line or the host gives them trouble.

As in test_fakerunc_truth.py a difference is a failure.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.fakerunc_lab import Lab, Said
from tests.integration.test_fakerunc_truth import both, compare, make, plain, two_labs

pytestmark = [
    pytest.mark.runc,
    pytest.mark.skipif(shutil.which("busybox") is None, reason="busybox-static is not installed"),
]

Pair = tuple[Lab, Lab]


@pytest.fixture
def pair() -> Iterator[Pair]:
    with two_labs() as both_of_them:
        yield both_of_them


FULL = ("--log", "/dev/full")


def test_a_log_that_is_full(pair: Pair) -> None:
    compare(pair, "state", "nope", globals_=FULL)
    compare(pair, "state", "nope", globals_=(*FULL, "--log-format", "json"))
    compare(pair, "list", globals_=FULL)


PRINTED = [
    "state c1", "list", "list -q", "list -f json", "list -f xml", "list --help", "ps c1",
    "ps -f json c1", "events --stats c1", "features", "state", "bogus", "create --help",
]  # fmt: skip


@pytest.mark.parametrize("taken", ["/dev/full", "/dev/null"])
def test_an_output_that_takes_nothing(taken: str, pair: Pair) -> None:
    """Full, or one that can only be read."""
    both(pair, lambda one: make(one, "running"))
    kept = os.open(taken, os.O_WRONLY if taken == "/dev/full" else os.O_RDONLY)
    for one in pair:
        one.stdout = kept
    for line in PRINTED:
        compare(pair, *line.split())
    for one in pair:
        one.stdout = None
    os.close(kept)


def test_a_relative_log_is_the_callers(pair: Pair) -> None:
    """Both create and exec go into the bundle; their words do not."""
    both(pair, lambda one: make(one, "running"))
    logs: list[Said] = []
    for one in pair:
        log = one.place / "log"
        here = ("--log", os.path.relpath(log, Path(__file__).resolve().parents[2]))
        assert one.call("exec", "c1", "/bin/nope", globals_=here).code == 255
        bundle = ("--bundle", str(one.bundle))
        assert one.call("create", *bundle, "c1", globals_=here).code == 1
        logs.append(plain(one, Said(0, log.read_text(), "")))
    assert logs[1] == logs[0]
    assert logs[0].out.count("\n") == 2
