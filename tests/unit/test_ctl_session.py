"""conmanctl attach on pipes: both ways, signals, and every end that a session can have."""

import re
import socket
import threading
import time

import pytest

from conman.ctl import cli
from conman.ctl.times import NS, when
from conman.shim import frames, protocol
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.session_lab import ID, Shims, begin, knows, ran, shims
from tests.unit.stub_conmand import StubConmand, conmand
from tests.unit.stub_shim import PATIENCE_S, Script, Served

__all__ = ["conmand", "shims"]


# ---- pipes


def echo(served: Served) -> None:
    served.accept()
    served.say(frames.STDOUT, served.typed())
    served.say(frames.STDERR, b"done\n")
    served.exit(7)


def test_attach(conmand: StubConmand, shims: Shims) -> None:
    shims(echo)
    assert ran(conmand, "attach", "web", typed=b"hello\n") == (7, b"hello\n", b"done\n")
    [request] = conmand.requests("OpenStream")
    assert request == wire.OpenStreamRequest(container_id=ID, stdin=True, stdout=True, stderr=True)


def test_a_container_without_input_is_not_typed_to(conmand: StubConmand, shims: Shims) -> None:
    def script(served: Served) -> None:
        served.accept()
        served.exit(0)
        assert served.next() == (b"", b"")

    shims(script, stdin=False)
    assert ran(conmand, "attach", "web", typed=b"hello\n") == (0, b"", b"")
    shims(script)
    assert ran(conmand, "attach", "--no-stdin", "web", typed=b"hello\n")[0] == 0
    assert not any(request.stdin for request in conmand.requests("OpenStream"))


def test_it_goes_on_without_conmand(conmand: StubConmand, shims: Shims) -> None:
    there = threading.Event()

    def script(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, b"before\n")
        there.wait(PATIENCE_S)
        served.say(frames.STDOUT, served.typed())
        served.exit(3)

    shims(script)
    process = begin(conmand, "attach", "web")
    assert process.stdout is not None
    assert process.stdout.readline() == b"before\n"
    conmand.stop()
    there.set()
    out, err = process.communicate(b"after\n", PATIENCE_S)
    assert (process.returncode, out, err) == (3, b"after\n", b"")


# ---- what goes wrong


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("attach", "web"), 1),
        (("start", "-a", "web"), 1),
        (("exec", "web", "sh"), 125),
        (("run", "--rootfs", "/r", "sh"), 125),
    ],
)
def test_from_another_host(
    words: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The streams are none of conmand's: nobody is asked for anything, for it could not be."""
    assert cli.run(["--address", "127.0.0.1:1", *words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "a session is on conmand's own host, and 127.0.0.1:1 is only a way to its calls" in err
    assert err.count("\n") == 1


def test_a_reader_that_is_too_slow(conmand: StubConmand, shims: Shims) -> None:
    def script(served: Served) -> None:
        served.accept()
        served.say_fields(frames.FAILED, reason="TooSlow", message="it was 1 MiB behind")

    shims(script)
    before = time.time_ns()
    code, out, err = ran(conmand, "attach", "web")
    assert (code, out) == (1, b"")
    told = "conmanctl: the session is cut off: it was 1 MiB behind; `conmanctl logs --since (.*) web` has the rest\n"
    found = re.fullmatch(told, err.decode())
    assert found is not None
    assert before - NS - 1000 <= when(found[1], 0) <= time.time_ns() - NS


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (
            lambda served: served.next(),
            b"the session ended as it began: its shim has died; try again",
        ),
        (
            lambda served: served.say_fields(frames.FAILED, reason="BadToken", message="it is old"),
            b"the session is refused: it is old",
        ),
        (
            lambda served: served.connection.sendall(b"HTTP/1.1 200 OK\r\n"),
            b"whoever serves this session is no shim of conman, or of another version",
        ),
    ],
)
def test_a_session_that_does_not_begin(
    conmand: StubConmand, shims: Shims, script: Script, told: bytes
) -> None:
    shims(script)
    code, out, err = ran(conmand, "attach", "web")
    assert (code, out) == (1, b"")
    assert told in err
    assert err.count(b"\n") == 1


def test_nobody_serves_the_streams(conmand: StubConmand) -> None:
    knows(conmand, "/tmp/there-is-no-such.sock")
    code, out, err = ran(conmand, "attach", "web")
    assert (code, out) == (1, b"")
    assert err == (
        b"conmanctl: there is no /tmp/there-is-no-such.sock, where the streams should be: the container"
        b" has just ended, or conmand's socket here leads to another host: use conmanctl there\n"
    )


def test_streams_of_somebody_else(
    conmand: StubConmand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_path: str) -> socket.socket:
        raise PermissionError

    knows(conmand, "/s")
    monkeypatch.setattr(protocol, "connect_stream", refused)
    assert cli.run(["--address", conmand.path, "attach", "web"]) == 1
    told = "the streams at /s are not yours: only conmand's own user may use them, and root"
    assert capsys.readouterr().err == f"conmanctl: {told}\n"


def test_an_output_that_nobody_reads(conmand: StubConmand, shims: Shims) -> None:
    def script(served: Served) -> None:
        served.accept()
        assert served.next() == (frames.INPUT, b"go\n")
        served.say(frames.STDOUT, b"x")
        assert served.next() == (b"", b"")

    shims(script)
    process = begin(conmand, "attach", "web")
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.close()
    process.stdin.write(b"go\n")
    process.stdin.flush()
    assert process.wait(PATIENCE_S) == 141
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stdin.close()
    process.stderr.close()


@pytest.mark.parametrize(
    ("keys", "told"),
    [("ctrl-1", "'ctrl-1' is no key"), ("", "'' is no key"), ("a,,b", "'' is no key")],
)
def test_keys_that_are_none(conmand: StubConmand, keys: str, told: str) -> None:
    code, _, err = ran(conmand, "attach", "--detach-keys", keys, "web")
    assert code == 2
    assert told in err.decode()
    assert conmand.asked == []


def test_a_terminal_there_needs_one_here(conmand: StubConmand) -> None:
    knows(conmand, "/tmp/there-is-no-such.sock", tty=True)
    code, _, err = ran(conmand, "attach", "web")
    assert code == 2
    assert b"web has a terminal, and this input is none: leave out -t, or the input" in err
