"""Signals that come to conmanctl during a session: the program's, or the end of the session."""

import threading
from signal import SIGHUP, SIGINT, SIGTERM, SIGUSR1, Signals

import grpc
import pytest
from google.protobuf.message import Message

from conman.ctl import proxy
from conman.shim import frames
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.session_lab import ID, Shims, begin, shims
from tests.unit.stub_conmand import StubConmand, conmand, refuse
from tests.unit.stub_shim import PATIENCE_S, Served

__all__ = ["conmand", "shims"]


def test_signals_are_the_programs(conmand: StubConmand, shims: Shims) -> None:
    sent = threading.Semaphore(0)

    def kill(request: wire.KillContainerRequest, _context: object) -> wire.KillContainerResponse:
        sent.release()
        return wire.KillContainerResponse()

    def script(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, b"ready\n")
        for _ in range(4):
            assert sent.acquire(timeout=PATIENCE_S)
        served.exit(0, SIGTERM)

    conmand.behave["KillContainer"] = kill
    shims(script)
    process = begin(conmand, "attach", "web")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    for number in (SIGHUP, SIGINT, SIGUSR1, SIGTERM):
        process.send_signal(number)
    out, err = process.communicate(b"", PATIENCE_S)
    assert (process.returncode, out, err) == (128 + SIGTERM, b"", b"")
    told = {request.signal for request in conmand.requests("KillContainer")}
    assert told == {"HUP", "INT", "USR1", "TERM"}
    assert {request.container_id for request in conmand.requests("KillContainer")} == {ID}


def test_a_signal_that_cannot_be_passed_on_is_said(conmand: StubConmand, shims: Shims) -> None:
    said = threading.Event()

    def script(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, b"ready\n")
        said.wait(PATIENCE_S)
        served.exit(0)

    conmand.behave["KillContainer"] = refuse(grpc.StatusCode.INTERNAL, "no.")
    shims(script)
    process = begin(conmand, "attach", "web")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(SIGTERM)
    assert process.stderr.readline() == b"conmanctl: SIGTERM was not passed on: no.\n"
    said.set()
    assert process.communicate(b"", PATIENCE_S) == (b"", b"")
    assert process.returncode == 0


def test_a_third_signal_while_conmand_is_away_ends_the_session(
    conmand: StubConmand, shims: Shims
) -> None:
    def script(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, b"ready\n")
        assert served.next() == (b"", b"")

    shims(script)
    process = begin(conmand, "attach", "web")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"ready\n"
    conmand.stop()
    process.send_signal(SIGINT)
    assert b"conmand cannot be reached" in process.stderr.readline()
    process.send_signal(SIGTERM)
    # Once: the first was heard, as its line says, and one more could find it leaving, with no handler.
    process.send_signal(SIGINT)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("attach", "web"),
            b"web goes on: `conmanctl attach web` goes back to it, `conmanctl kill web` ends it",
        ),
        (("exec", "web", "sh"), b"sh in web goes on"),
    ],
)
def test_a_third_signal_that_the_program_ignores_ends_the_session(
    conmand: StubConmand, shims: Shims, words: tuple[str, ...], told: bytes
) -> None:
    """Conmand is there, and has sent the others."""
    killed = threading.Semaphore(0)

    def script(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, b"ready\n")
        assert served.next() == (b"", b"")

    def kill(request: Message, _context: object) -> Message:
        killed.release()
        return getattr(wire, type(request).__name__.replace("Request", "Response"))()

    conmand.behave["KillContainer"] = conmand.behave["KillExec"] = kill
    made = wire.CreateExecResponse(container_id=ID, exec_id=ID)
    conmand.behave["CreateExec"] = lambda *_: made
    shims(script, stdin=False)
    process = begin(conmand, *words)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(SIGINT)
    assert killed.acquire(timeout=PATIENCE_S)
    process.send_signal(SIGINT)
    assert killed.acquire(timeout=PATIENCE_S)
    process.send_signal(SIGTERM)
    assert process.communicate(b"", PATIENCE_S) == (b"", b"conmanctl: " + told + b"\n")
    assert process.returncode == 128 + SIGTERM


def test_a_signal_that_comes_too_late_is_no_news(conmand: StubConmand, shims: Shims) -> None:
    asked = threading.Event()
    ended = refuse(grpc.StatusCode.FAILED_PRECONDITION, "web is EXITED.")

    def kill(request: wire.KillContainerRequest, context: grpc.ServicerContext) -> object:
        asked.set()
        return ended(request, context)

    def script(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, b"ready\n")
        assert asked.wait(PATIENCE_S)
        served.exit(0)

    conmand.behave["KillContainer"] = kill
    shims(script)
    process = begin(conmand, "attach", "web")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(SIGINT)
    assert process.communicate(b"", PATIENCE_S) == (b"", b"")
    assert process.returncode == 0


def test_what_was_ignored_stays_so(conmand: StubConmand, shims: Shims) -> None:
    """Of `nohup conmanctl attach web` the program is told nothing when its person leaves."""
    typed, killed = threading.Event(), threading.Event()

    def kill(request: wire.KillContainerRequest, _context: object) -> wire.KillContainerResponse:
        if request.signal == "TERM":
            killed.set()
        return wire.KillContainerResponse()

    def script(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, b"ready\n")
        assert served.next() == (frames.INPUT, b"x")
        typed.set()
        assert killed.wait(PATIENCE_S)
        served.exit(0)

    conmand.behave["KillContainer"] = kill
    shims(script)
    process = begin(conmand, "attach", "web", by=("sh", "-c", "trap '' HUP; exec \"$@\"", "sh"))
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(SIGHUP)
    # What is typed comes after whatever it was told before.
    process.stdin.write(b"x")
    process.stdin.flush()
    assert typed.wait(PATIENCE_S)
    process.send_signal(SIGTERM)
    assert process.communicate(b"", PATIENCE_S) == (b"", b"")
    told = [request.signal for request in conmand.requests("KillContainer")]
    assert (process.returncode, told) == (0, ["TERM"])


@pytest.mark.parametrize(
    "words", [("attach",), ("start", "-a"), ("exec",), ("run", "--rootfs", "/r", "--name")]
)
def test_a_signal_that_is_not_sent_on_ends_the_session(
    conmand: StubConmand, shims: Shims, words: tuple[str, ...]
) -> None:
    def script(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, b"ready\n")
        assert served.next() == (b"", b"")

    shims(script)
    verb, *options = words
    program = ("sh",) if verb in {"run", "exec"} else ()
    process = begin(conmand, verb, "--sig-proxy=false", *options, "web", *program)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(SIGINT)
    assert process.wait(PATIENCE_S) == 130
    process.communicate()
    assert conmand.requests("KillContainer") == conmand.requests("KillExec") == []


@pytest.mark.parametrize("words", [("attach", "--no-stdin"), ("start", "-a")])
def test_a_terminal_that_is_only_looked_at_is_left(
    conmand: StubConmand, shims: Shims, words: tuple[str, ...]
) -> None:
    """As docker's: it is told by keys, and of these none are typed here."""

    def script(served: Served) -> None:
        served.accept(tty=True)
        served.say(frames.STDOUT, b"ready\n")
        assert served.next() == (b"", b"")

    shims(script, tty=True)
    process = begin(conmand, *words, "web")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(SIGINT)
    assert process.communicate(b"", PATIENCE_S) == (b"", b"")
    assert process.returncode == 130
    assert conmand.requests("KillContainer") == []


# ---- how many are too many


class Timed:
    """A proxy to a conmand that is there, and a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        self._sent = threading.Semaphore(0)
        self._proxy = proxy.Proxy(lambda _: self._sent.release())
        monkeypatch.setattr(proxy.time, "monotonic", lambda: self.now_s)

    def takes(self, number: Signals, at_s: float) -> bool:
        self.now_s = 100.0 + at_s
        is_taken = self._proxy(number)
        assert not is_taken or self._sent.acquire(timeout=PATIENCE_S)
        return is_taken


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Timed:
    return Timed(monkeypatch)


def test_the_third_within_seconds_is_ours(timed: Timed) -> None:
    assert timed.takes(SIGINT, 0)
    assert timed.takes(SIGTERM, 2)
    assert not timed.takes(SIGINT, 4.9)


def test_who_takes_his_time_means_the_program(timed: Timed) -> None:
    assert all(timed.takes(SIGINT, at_s) for at_s in (0, 4, 5.1, 9.1, 60))


def test_others_are_not_counted(timed: Timed) -> None:
    assert all(timed.takes(SIGUSR1, 0) for _ in range(9))
    assert timed.takes(SIGINT, 0)
