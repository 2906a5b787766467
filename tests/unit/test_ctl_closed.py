"""conmanctl whose stdin, stdout or stderr was closed before it began: each is /dev/null, and no socket's number."""

import subprocess

import pytest

from conman.shim import frames
from tests.unit.session_lab import BEGIN, Shims, shims
from tests.unit.stub_conmand import StubConmand, conmand
from tests.unit.stub_shim import PATIENCE_S, Served

__all__ = ["conmand", "shims"]


def without(closed: str, conmand: StubConmand, *words: str) -> "subprocess.CompletedProcess[bytes]":
    """`closed`: as a shell has it, `>&-`."""
    by = ["sh", "-c", f'exec "$@" {closed}', "sh"]
    return subprocess.run(
        [*by, *BEGIN, "--address", conmand.path, *words],
        input=b"typed",
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("words", "asked"), [(("ps",), 1), (("version",), 1), (("start", "a", "b"), 2)]
)
def test_what_is_done_is_done(
    conmand: StubConmand, closed: str, words: tuple[str, ...], asked: int
) -> None:
    done = without(closed, conmand, *words)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (done.stdout == b"") == (" >&-" in f" {closed}")
    assert len(conmand.asked) == asked


def test_wrong_usage_is_so_unheard(conmand: StubConmand) -> None:
    assert without("2>&-", conmand, "nosuch").returncode == 2


def test_what_a_program_writes_to_nobody(conmand: StubConmand, shims: Shims) -> None:
    """Its shim is told none of it."""

    def script(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, b"payload")
        served.say(frames.STDERR, b"heard")
        served.exit(7)
        assert served.next() == (b"", b"")

    shims(script)
    done = without(">&-", conmand, "exec", "web", "sh")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"", b"heard")


def test_an_input_that_is_none_has_ended(conmand: StubConmand, shims: Shims) -> None:
    def script(served: Served) -> None:
        served.accept()
        assert served.next() == (frames.INPUT_END, b"")
        served.exit(0)

    shims(script)
    assert without("<&-", conmand, "exec", "-i", "web", "cat").returncode == 0
