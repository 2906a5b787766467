"""conmanctl run: what it asks for and in which order, its session, and docker's exit codes."""

import os
import re
import subprocess
from signal import SIGPIPE, SIGTERM

import grpc
import pytest

from conman.ctl import cli
from conman.ctl.drawn_name import drawn_name
from conman.shim import frames
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.one_terminal import terminal
from tests.unit.session_lab import BEGIN, ID, Shims, ran, shims
from tests.unit.stub_conmand import StubConmand, after, conmand, refuse
from tests.unit.stub_shim import Served

__all__ = ["conmand", "shims"]

ROOT = ("--rootfs", "/r")


@pytest.fixture(autouse=True)
def created(conmand: StubConmand) -> None:
    conmand.behave["CreateContainer"] = lambda *_: wire.CreateContainerResponse(container_id=ID)


def asked(conmand: StubConmand) -> list[str]:
    return [method for method, _ in conmand.asked]


def create_of(conmand: StubConmand) -> wire.CreateContainerRequest:
    [request] = conmand.requests("CreateContainer")
    assert isinstance(request, wire.CreateContainerRequest)
    return request


def test_the_session_is_there_before_the_program(conmand: StubConmand, shims: Shims) -> None:
    def script(served: Served) -> None:
        served.accept()
        assert "StartContainer" not in asked(conmand)
        served.say(frames.STDOUT, b"first\n")
        served.say(frames.STDERR, served.typed())
        served.exit(7)

    shims(script)
    words = ("run", "-i", "--name", "web", *ROOT, "--", "cat", "-n")
    assert ran(conmand, *words, typed=b"hello\n") == (7, b"first\n", b"hello\n")
    assert asked(conmand) == ["CreateContainer", "OpenStream", "StartContainer"]
    request = create_of(conmand)
    assert (request.name, request.command, list(request.args)) == ("web", "cat", ["-n"])
    assert (request.stdin, request.stdin_once, request.tty) == (True, True, False)
    [opened] = conmand.requests("OpenStream")
    assert opened == wire.OpenStreamRequest(container_id=ID, stdin=True, stdout=True, stderr=True)


def test_without_i_nothing_is_typed(conmand: StubConmand, shims: Shims) -> None:
    def script(served: Served) -> None:
        served.accept()
        served.exit(0, SIGTERM)
        assert served.next() == (b"", b"")

    shims(script)
    assert ran(conmand, "run", *ROOT, "true", typed=b"x") == (128 + SIGTERM, b"", b"")
    assert not create_of(conmand).stdin
    assert not conmand.requests("OpenStream")[0].stdin


def test_a_terminal_knows_its_size_before_the_program_starts(
    conmand: StubConmand, shims: Shims
) -> None:
    """It is told with the session's opening, which is answered when the terminal has it."""

    def script(served: Served) -> None:
        served.accept(tty=True)
        while served.next() != (frames.INPUT, b"x"):
            pass
        served.exit(3)

    shims(script, tty=True)
    with terminal(conmand.path, "run", "-it", "--name", "web", *ROOT, "sh") as one:
        one.screen.send("x")
        one.ends()
        assert one.process.returncode == 3
        assert one.cooked
    [opened] = conmand.requests("OpenStream")
    assert isinstance(opened, wire.OpenStreamRequest)
    assert opened.console_size == wire.ConsoleSize(rows=24, cols=80)
    assert asked(conmand).index("OpenStream") < asked(conmand).index("StartContainer")
    request = create_of(conmand)
    assert (request.stdin, request.stdin_once, request.tty) == (True, False, True)


def test_detached(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--address", conmand.path, "run", "-dit", *ROOT, "sh"]) == 0
    assert capsys.readouterr() == (f"{ID}\n", "")
    assert asked(conmand) == ["CreateContainer", "StartContainer"]
    assert not create_of(conmand).stdin_once
    assert cli.run(["--address", conmand.path, "run", "-d", *ROOT, "-o", "json", "sh"]) == 0
    assert capsys.readouterr().out == f'{{"containerId":"{ID}","warnings":[]}}\n'


# ---- --rm


def exits(served: Served) -> None:
    served.accept()
    served.exit(7)


def test_rm_waits_until_nothing_is_left(conmand: StubConmand, shims: Shims) -> None:
    shims(exits)
    assert ran(conmand, "run", "--rm", *ROOT, "sh") == (7, b"", b"")
    assert create_of(conmand).auto_remove
    [waited] = conmand.requests("WaitContainer")
    assert waited == wire.WaitContainerRequest(container_id=ID, condition="CONDITION_REMOVED")


def test_rm_without_conmand(conmand: StubConmand, shims: Shims) -> None:
    def script(served: Served) -> None:
        served.accept()
        assert served.typed() == b""
        conmand.stop()
        served.exit(7)

    shims(script)
    words = ("run", "--rm", "-i", "--name", "web", *ROOT, "sh")
    told = b"conmanctl: conmand is away; it removes web when it is back\n"
    assert ran(conmand, *words) == (7, b"", told)


@pytest.mark.parametrize("code", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INTERNAL])
def test_a_removal_that_cannot_be_waited_for(
    conmand: StubConmand, shims: Shims, code: grpc.StatusCode
) -> None:
    """What the program said counts; that it is gone already is no news."""
    shims(exits)
    conmand.behave["WaitContainer"] = refuse(code, "no.")
    exit_code, out, err = ran(conmand, "run", "--rm", "--name", "web", *ROOT, "sh")
    assert (exit_code, out) == (7, b"")
    gone = code is grpc.StatusCode.NOT_FOUND
    told = b"conmanctl: web is not removed yet; conmand goes on with it: no.\n"
    assert err == (b"" if gone else told)


def test_rm_of_what_was_left(conmand: StubConmand, shims: Shims) -> None:
    def script(served: Served) -> None:
        served.accept(tty=True)
        assert served.next()[0] == frames.RESIZE
        served.say(frames.STDOUT, b"ready")
        assert served.next() == (b"", b"")

    shims(script, tty=True)
    with terminal(conmand.path, "run", "--rm", "-it", "--name", "web", *ROOT, "sh") as one:
        one.screen.expect_exact("ready")
        one.screen.send("\x10\x11")
        one.screen.expect_exact("detached; web goes on")
        one.ends()
    assert conmand.requests("WaitContainer") == []


# ---- names


def test_a_name_is_drawn() -> None:
    names = {drawn_name() for _ in range(200)}
    assert len(names) > 100
    assert all(re.fullmatch(r"[a-z]+_[a-z]+", name) for name in names)
    assert re.fullmatch(r"[a-z]+_[a-z]+_3", drawn_name(3))


def test_a_drawn_name_that_is_taken_is_drawn_again(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = refuse(grpc.StatusCode.ALREADY_EXISTS, "it is taken.")
    conmand.behave["CreateContainer"] = after(2, taken, conmand.behave["CreateContainer"])
    assert cli.run(["--address", conmand.path, "run", "-d", *ROOT, "sh"]) == 0
    assert capsys.readouterr().err == ""
    requests = conmand.requests("CreateContainer")
    assert len({request.name for request in requests}) == 3
    assert len({request.request_id for request in requests}) == 3
    assert requests[-1].name.endswith("_2")


def test_a_given_name_that_is_taken_is_said(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    conmand.behave["CreateContainer"] = refuse(grpc.StatusCode.ALREADY_EXISTS, "it is taken.")
    assert cli.run(["--address", conmand.path, "run", "-d", "--name", "web", *ROOT, "sh"]) == 125
    assert capsys.readouterr().err == "conmanctl: it is taken.\n"
    assert len(conmand.asked) == 1


# ---- no output


def full_of_x(served: Served) -> None:
    served.accept()
    served.say(frames.STDOUT, b"x")
    assert served.next() == (b"", b"")


def test_an_output_that_takes_nothing(conmand: StubConmand, shims: Shims) -> None:
    """Of the program nobody knows anything: it goes on."""
    shims(full_of_x)
    words = [*BEGIN, "--address", conmand.path, "run", *ROOT, "sh"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False)
    told = b"conmanctl: the answer cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (125, told)


def test_an_output_that_nobody_reads(conmand: StubConmand, shims: Shims) -> None:
    """As every filter's end: `run ... | head` says nothing of it."""
    ours, theirs = os.pipe()
    os.close(ours)
    shims(full_of_x)
    words = [*BEGIN, "--address", conmand.path, "run", *ROOT, "sh"]
    done = subprocess.run(words, stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.close(theirs)
    assert (done.returncode, done.stderr) == (128 + SIGPIPE, b"")


# ---- no program


@pytest.mark.parametrize(
    ("method", "reason", "code"),
    [
        ("CreateContainer", "CommandNotFound", 127),
        ("CreateContainer", "CommandNotExecutable", 126),
        ("CreateContainer", "BadRootfs", 125),
        ("StartContainer", "CommandNotFound", 127),
        ("StartContainer", "StartError", 125),
        ("OpenStream", "WrongState", 125),
    ],
)
def test_a_program_that_does_not_begin(
    conmand: StubConmand, shims: Shims, method: str, reason: str, code: int
) -> None:
    def script(served: Served) -> None:
        served.accept()
        assert served.next() == (b"", b"")

    if method == "StartContainer":
        shims(script)
    refused = refuse(grpc.StatusCode.INVALID_ARGUMENT, "no.", reason=reason)
    conmand.behave[method] = refused
    assert ran(conmand, "run", "--name", "web", *ROOT, "sh") == (code, b"", b"conmanctl: no.\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["sh"], "give exactly one of --rootfs DIR and --image DIR"),
        ([*ROOT], "what should it run? Give COMMAND"),
        ([*ROOT, "--colour", "sh"], "No such option '--colour'"),
        ([*ROOT, "--detach-keys", "ctrl-", "sh"], "'ctrl-' is no key"),
        ([*ROOT, "-it", "sh"], "-t with -i needs a terminal, and this input is none"),
        ([*ROOT, "-m", "much", "sh"], "'much' is no size"),
        ([*ROOT, "-o", "json", "sh"], "-o json is for conmand's answers, and a session shows what"),
        ([*ROOT, "--name", "\udce9", "sh"], "\\udce9 is not UTF-8 text (see conmanctl run --help)"),
    ],
)
def test_wrong_usage(conmand: StubConmand, words: list[str], complaint: str) -> None:
    code, out, err = ran(conmand, "run", *words)
    assert (code, out) == (125, b"")
    assert complaint in err.decode()
    assert err.count(b"\n") == 1
    assert conmand.asked == []


def test_nobody_is_there() -> None:
    done = subprocess.run(
        [*BEGIN, "--address", "/tmp/no-such", "run", "--connect-timeout", "0", *ROOT, "sh"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 125
