"""conmanctl whose stdin, stdout or stderr was closed before it began, or whose output goes nowhere."""

import os
import subprocess

import pytest

from conman.shim import frames
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.session_lab import BEGIN, Shims, shims
from tests.unit.stub_conmand import StubConmand, conmand
from tests.unit.stub_shim import PATIENCE_S, Served

__all__ = ["conmand", "shims"]


# ---- closed


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


# ---- where nobody reads, or nothing fits


@pytest.mark.parametrize(
    "words",
    [
        ("container", "ls"),
        ("ps",),
        ("start", "a"),
        ("logs", "a"),
        ("stats", "--no-stream"),
        ("cp", "a:/etc", "-"),
        ("--help",),
        ("ps", "--help"),
        ("--version",),
    ],
)
def test_a_reader_that_left_is_the_end(conmand: StubConmand, words: tuple[str, ...]) -> None:
    """Without a word, and with the code that SIGPIPE would have."""
    chunk = wire.LogChunk(stream="stdout", content=b"x")
    conmand.behave["Logs"] = lambda *_: iter([wire.LogsResponse(chunks=[chunk])])
    conmand.behave["ReadArchive"] = lambda *_: iter([wire.Archive(data=b"x")])
    assert without_reader("stdout", "--address", conmand.path, *words) == (141, b"")


@pytest.mark.parametrize("words", [("nosuch",), (), ("ps", "--deadline", "-1")])
def test_what_nobody_is_told_is_so_all_the_same(words: tuple[str, ...]) -> None:
    assert without_reader("stderr", *words) == (2, b"")


def without_reader(stream: str, *words: str) -> tuple[int, bytes]:
    """The exit code, and what the other stream says."""
    reading, writing = os.pipe()
    os.close(reading)
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    done = subprocess.run(
        [*BEGIN, *words],
        check=False,
        **{stream: writing, other: subprocess.PIPE},
    )
    os.close(writing)
    return done.returncode, getattr(done, other)


def test_a_full_disk_is_said(conmand: StubConmand) -> None:
    words = ["--address", conmand.path, "container", "ls"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*BEGIN, *words], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr == b"conmanctl: the answer cannot be written: No space left on device\n"
