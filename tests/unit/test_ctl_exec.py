"""conmanctl exec: what it asks for and in which order, its session, and docker's exit codes."""

from pathlib import Path
from signal import SIGKILL, SIGTERM

import grpc
import pytest

from conman.ctl import cli
from conman.shim import frames
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.one_terminal import terminal
from tests.unit.session_lab import ID, Shims, begin, ran, shims
from tests.unit.stub_conmand import StubConmand, conmand, refuse
from tests.unit.stub_shim import PATIENCE_S, Served

__all__ = ["conmand", "shims"]

EXEC = "e" * 32


@pytest.fixture(autouse=True)
def created(conmand: StubConmand) -> None:
    conmand.behave["CreateExec"] = lambda *_: wire.CreateExecResponse(exec_id=EXEC, container_id=ID)


def asked(conmand: StubConmand) -> list[str]:
    return [method for method, _ in conmand.asked]


def create_of(conmand: StubConmand) -> wire.CreateExecRequest:
    [request] = conmand.requests("CreateExec")
    assert isinstance(request, wire.CreateExecRequest)
    assert len(request.request_id) == 32
    request.request_id = ""
    return request


def test_the_session_is_there_before_the_program(conmand: StubConmand, shims: Shims) -> None:
    def script(served: Served) -> None:
        served.accept()
        assert "StartExec" not in asked(conmand)
        served.say(frames.STDOUT, b"first\n")
        served.say(frames.STDERR, served.typed())
        served.exit(7)

    shims(script)
    words = ("exec", "-i", "web", "--", "cat", "-n")
    assert ran(conmand, *words, typed=b"hello\n") == (7, b"first\n", b"hello\n")
    assert asked(conmand) == ["CreateExec", "OpenStream", "StartExec"]
    assert create_of(conmand) == wire.CreateExecRequest(
        container_id="web", command="cat", args=["-n"], stdin=True
    )
    [opened] = conmand.requests("OpenStream")
    assert opened == wire.OpenStreamRequest(
        container_id=ID, exec_id=EXEC, stdin=True, stdout=True, stderr=True
    )
    [started] = conmand.requests("StartExec")
    assert isinstance(started, wire.StartExecRequest)
    assert (started.container_id, started.exec_id) == (ID, EXEC)


def test_every_option(
    conmand: StubConmand,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HERE", "1")
    (tmp_path / "env").write_text("A=file\nB=2\n")
    options = f"-dit -e A=flag -e HERE --env-file {tmp_path}/env -w /w -u www:web --privileged"
    words = (*options.split(), "--timeout", "1.5", "web", "sh", "-c", "--help")
    assert cli.run(["--address", conmand.path, "exec", *words]) == 0
    assert capsys.readouterr() == ("", "")
    assert asked(conmand) == ["CreateExec"]
    assert create_of(conmand) == wire.CreateExecRequest(
        container_id="web",
        command="sh",
        args=["-c", "--help"],
        env=["A=file", "B=2", "A=flag", "HERE=1"],
        cwd="/w",
        user="www:web",
        privileged=True,
        tty=True,
        stdin=True,
        timeout_ms=1500,
        start=True,
    )


def test_detached_for_scripts(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--address", conmand.path, "exec", "-d", "-o", "json", "web", "sh"]) == 0
    assert capsys.readouterr().out == f'{{"execId":"{EXEC}","containerId":"{ID}"}}\n'


def test_on_a_terminal(conmand: StubConmand, shims: Shims) -> None:
    """Which is there with the start, and has its size from it."""

    def script(served: Served) -> None:
        served.accept()
        # It may have changed since.
        assert served.next() == (frames.RESIZE, b'{"rows":24,"cols":80}')
        assert "StartExec" in asked(conmand)
        while served.next() != (frames.INPUT, b"x"):
            pass
        served.exit(3)

    shims(script, tty=True)
    with terminal(conmand.path, "exec", "-it", "web", "sh") as one:
        one.screen.send("x")
        one.ends()
        assert one.process.returncode == 3
        assert one.cooked
    [started] = conmand.requests("StartExec")
    assert isinstance(started, wire.StartExecRequest)
    assert started.console_size == wire.ConsoleSize(rows=24, cols=80)


def test_signals_are_the_programs(conmand: StubConmand, shims: Shims) -> None:
    def script(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, b"ready\n")
        assert served.next() == (b"", b"")

    shims(script)
    process = begin(conmand, "exec", "web", "sh")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"ready\n"
    conmand.behave["KillExec"] = refuse(grpc.StatusCode.ABORTED, "perhaps.")
    process.send_signal(SIGTERM)
    assert process.stderr.readline() == b"conmanctl: SIGTERM was not passed on: perhaps.\n"
    [request] = conmand.requests("KillExec")
    assert isinstance(request, wire.KillExecRequest)
    assert (request.container_id, request.exec_id, request.signal) == (ID, EXEC, "TERM")
    process.send_signal(SIGKILL)
    process.communicate(b"", PATIENCE_S)


def test_a_shim_that_died_with_it(conmand: StubConmand, shims: Shims) -> None:
    def lost(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, b"half\n")

    shims(lost)
    over = wire.Exec(exec_id=EXEC, exit_code=255)
    conmand.behave["WaitExec"] = lambda *_: wire.WaitExecResponse(exec=over)
    told = b"conmanctl: the shim of sh in web died, and some output may be missing\n"
    assert ran(conmand, "exec", "web", "sh") == (255, b"half\n", told)
    assert conmand.requests("WaitExec") == [wire.WaitExecRequest(container_id=ID, exec_id=EXEC)]
    assert conmand.requests("Logs") == []
    # Its successor would take a session, and never say a word.
    assert len(conmand.requests("OpenStream")) == 1


@pytest.mark.parametrize(
    ("method", "reason", "code"),
    [
        ("CreateExec", "WrongState", 125),
        ("StartExec", "CommandNotFound", 127),
        ("StartExec", "CommandNotExecutable", 126),
        ("StartExec", "StartError", 125),
    ],
)
def test_a_program_that_does_not_begin(
    conmand: StubConmand, shims: Shims, method: str, reason: str, code: int
) -> None:
    def script(served: Served) -> None:
        served.accept()
        assert served.next() == (b"", b"")

    if method == "StartExec":
        shims(script)
    conmand.behave[method] = refuse(grpc.StatusCode.FAILED_PRECONDITION, "no.", reason=reason)
    assert ran(conmand, "exec", "web", "sh") == (code, b"", b"conmanctl: no.\n")


def test_a_detached_program_that_does_not_begin(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one call refuses as the start would."""
    conmand.behave["CreateExec"] = refuse(
        grpc.StatusCode.INVALID_ARGUMENT, "no.", reason="CommandNotFound"
    )
    assert cli.run(["--address", conmand.path, "exec", "-d", "web", "sh"]) == 127
    assert capsys.readouterr() == ("", "conmanctl: no.\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "Missing argument 'CONTAINER'"),
        (["web"], "what should it run? Give COMMAND after CONTAINER"),
        (["web", "--"], "what should it run? Give COMMAND after CONTAINER"),
        (["web", "-it", "sh"], "-it stands after NAME: options go before it"),
        (["-it", "web", "sh"], "-t with -i needs a terminal, and this input is none"),
        (["--env-file", "/no", "web", "sh"], "--env-file /no: No such file or directory"),
        (["--timeout", "-1", "web", "sh"], "-1 is not between 0 and"),
        (["--detach-keys", "", "web", "sh"], "'' is no key"),
        (["-o", "json", "web", "sh"], "-o json is for conmand's answers, and a session shows what"),
        (["web", "echo", "\udce9"], "\\udce9 is not UTF-8 text (see conmanctl exec --help)"),
    ],
)
def test_wrong_usage(conmand: StubConmand, words: list[str], complaint: str) -> None:
    code, out, err = ran(conmand, "exec", *words)
    assert (code, out) == (125, b"")
    assert complaint in err.decode()
    assert err.count(b"\n") == 1
    assert conmand.asked == []
