"""conmanctl when conmand refuses, is away, dies in the middle, or comes back."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message

from conman.ctl import cli, client
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.stub_conmand import Behave, StubConmand, after, refuse

ENTRY = "from conman.ctl.main import main; main()"


@pytest.fixture
def directory() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="cm", dir="/tmp") as path:
        yield path


@pytest.fixture
def conmand(directory: str) -> Iterator[StubConmand]:
    stub = StubConmand(f"{directory}/s", {})
    stub.start()
    yield stub
    stub.stop()


def conmanctl(path: str, *words: str) -> int:
    return cli.run(["--address", path, *words])


def unavailable() -> Behave:
    """A failure below conman: no ErrorInfo of ours."""
    return refuse(grpc.StatusCode.UNAVAILABLE, "Socket closed", domain="elsewhere")


def test_a_daemon_that_is_away_is_said_once_and_waited_for(
    directory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"{directory}/s"
    began = time.monotonic()
    assert conmanctl(path, "--connect-timeout", "0.3", "container", "start", "a", "b") == 1
    assert 0.3 <= time.monotonic() - began < 3
    out, err = capsys.readouterr()
    first, last = err.splitlines()
    expected = (
        f"conmanctl: conmand cannot be reached at unix://{path}: there is no such socket;"
        " start it with `conmand`, or name its socket with --address or CONMAN_ADDRESS"
    )
    given_up = f"conmanctl: gave up: nobody answers at unix://{path}"
    assert (out, first, last) == ("", f"{expected} (trying for up to 0.3 s)", given_up)


def test_a_name_that_nobody_knows_was_never_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert conmanctl("no..name:5", "--connect-timeout", "0.1", "rm", "-f", "a") == 1
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("conmanctl: conmand cannot be reached at no..name:5: errors resolving")
    assert last == "conmanctl: gave up: nobody answers at no..name:5"


def test_what_grpc_does_not_take_was_never_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert conmanctl("ipv4:300.1.1.1:5", "rm", "-f", "a") == 1
    assert "conmand cannot be reached at ipv4:300.1.1.1:5: Failed" in capsys.readouterr().err


def test_another_reason_is_told_in_full(
    directory: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which was not there at first."""
    monkeypatch.setattr(time, "sleep", lambda _s: Path(directory, "s").touch())
    assert conmanctl(f"{directory}/s", "container", "ls") == 1
    first, last = capsys.readouterr().err.splitlines()
    assert "there is no such socket" in first
    assert (
        last == f"conmanctl: conmand cannot be reached at unix://{directory}/s: that is no socket"
    )


def test_no_patience_fails_at_once(directory: str, capsys: pytest.CaptureFixture[str]) -> None:
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(f"{directory}/s")
    stale.close()
    assert conmanctl(f"{directory}/s", "--connect-timeout", "0", "container", "ls") == 1
    err = capsys.readouterr().err
    assert "nobody listens there" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(("name", "why"), [("file", "that is no socket"), ("file/x", "not a dir")])
def test_what_cannot_pass_is_not_waited_for(
    directory: str, capsys: pytest.CaptureFixture[str], name: str, why: str
) -> None:
    Path(directory, "file").touch()
    began = time.monotonic()
    assert conmanctl(f"{directory}/{name}", "container", "ls") == 1
    assert time.monotonic() - began < 3
    err = capsys.readouterr().err
    assert why in err
    assert err.count("\n") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="drops root's rights, which it must have first")
def test_a_socket_of_somebody_else(conmand: StubConmand) -> None:
    Path(conmand.path).chmod(0o600)
    Path(conmand.path).parent.chmod(0o755)
    # Imported before: the others may not see this interpreter's files.
    needed = "os, conman.ctl.container, conman.ctl.sentences, conman.wire.v1.conman_pb2, grpc"
    drop = f"import {needed}; os.setgroups([]); os.setgid(65534); os.setuid(65534); {ENTRY}"
    words = ["--address", conmand.path, "container", "ls"]
    done = subprocess.run(
        [sys.executable, "-c", drop, *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "permission denied, only its owner may use it, and root" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_daemon_that_starts_meanwhile_is_found(
    directory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stub = StubConmand(f"{directory}/s", {})
    timer = threading.Timer(0.4, stub.start)
    timer.start()
    assert conmanctl(stub.path, "container", "start", "a") == 0
    timer.join()
    stub.stop()
    out, err = capsys.readouterr()
    assert out == "{}\n"
    assert err.count("\n") == 1
    assert "(trying for up to 10 s)" in err


def test_a_retry_sends_the_very_same_request(conmand: StubConmand) -> None:
    conmand.behave["CreateContainer"] = after(3, unavailable())
    words = ["container", "create", "--rootfs", "/", "web", "sh"]
    assert conmanctl(conmand.path, *words) == 0
    sent = conmand.requests("CreateContainer")
    assert len(sent) == 4
    assert sent[1:] == sent[:-1]
    assert len(sent[0].request_id) == 32


def test_a_call_that_comes_as_conmand_ends_is_for_the_next(conmand: StubConmand) -> None:
    """The gRPC server cancels it, without a word of conman's."""
    cancelled = refuse(grpc.StatusCode.CANCELLED, "CANCELLED", domain="elsewhere")
    conmand.behave["StartContainer"] = after(2, cancelled)
    assert conmanctl(conmand.path, "container", "start", "a") == 0
    assert len(conmand.requests("StartContainer")) == 3


def test_what_may_have_happened_is_said(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    conmand.behave["StartContainer"] = unavailable()
    assert conmanctl(conmand.path, "--connect-timeout", "0.2", "container", "start", "a") == 1
    assert "may have been done" in capsys.readouterr().err.splitlines()[-1]


def test_conmand_itself_says_not_now(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    not_now = refuse(grpc.StatusCode.UNAVAILABLE, "the store is being read again.", "Wait")
    conmand.behave["StartContainer"] = not_now
    words = ["--connect-timeout", "0.2", "container", "start", "a", "b"]
    assert conmanctl(conmand.path, *words) == 1
    err = capsys.readouterr().err.splitlines()
    assert (
        err
        == [
            "conmanctl: the store is being read again. Wait (trying for up to 0.2 s)",
            "conmanctl: the store is being read again. Wait",
        ]
        * 2
    )
    conmand.behave["StartContainer"] = after(1, not_now)
    assert conmanctl(conmand.path, "container", "start", "a") == 0


def test_new_trouble_has_its_own_patience(
    conmand: StubConmand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_REACHED_AFTER_S", 0.2)

    def vanish_late(request: Message, context: grpc.ServicerContext) -> Message:
        time.sleep(0.3)
        return unavailable()(request, context)

    conmand.behave["StartContainer"] = after(3, vanish_late)
    assert conmanctl(conmand.path, "--connect-timeout", "0.25", "container", "start", "a") == 0


def test_wait_goes_on_through_restarts(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    arrived, ended = threading.Event(), threading.Event()

    def block(request: wire.WaitContainerRequest, context: grpc.ServicerContext) -> object:
        arrived.set()
        ended.wait(20)
        return wire.WaitContainerResponse(status=wire.ContainerStatus(state=wire.EXITED))

    conmand.behave["WaitContainer"] = block
    results: list[int] = []
    waiting = threading.Thread(
        target=lambda: results.append(conmanctl(conmand.path, "container", "wait", "a"))
    )
    waiting.start()
    for _ in range(2):
        assert arrived.wait(20)
        conmand.stop()
        arrived.clear()
        time.sleep(0.2)
        conmand.start()
    assert arrived.wait(20)
    ended.set()
    waiting.join(20)
    assert results == [0]
    out, err = capsys.readouterr()
    assert '"state":"EXITED"' in out
    assert "(trying until it is back)" in err


def test_the_deadline_is_the_whole_calls(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    never = threading.Event()
    conmand.behave["WaitContainer"] = lambda *_: never.wait(20) or wire.WaitContainerResponse()
    began = time.monotonic()
    assert conmanctl(conmand.path, "container", "wait", "--deadline", "0.5", "a") == 1
    assert 0.4 < time.monotonic() - began < 10
    never.set()
    assert "no answer from conmand within 0.5 s" in capsys.readouterr().err


def test_the_deadline_ends_retries_too(directory: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["container", "wait", "--deadline", "0.3", "a"]
    assert conmanctl(f"{directory}/s", *words) == 1
    assert "(trying for up to 0.3 s)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "domain", "told"),
    [
        (grpc.StatusCode.ABORTED, "conman", "a b. Do c"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "conman", "a b. Do c"),
        (grpc.StatusCode.UNIMPLEMENTED, "x", "does not know KillContainer"),
        (grpc.StatusCode.INTERNAL, "x", "failed: INTERNAL: a b."),
    ],
)
def test_refusals_become_sentences(
    conmand: StubConmand,
    capsys: pytest.CaptureFixture[str],
    code: grpc.StatusCode,
    domain: str,
    told: str,
) -> None:
    conmand.behave["KillContainer"] = refuse(code, "a\nb.", "Do c", domain=domain)
    assert conmanctl(conmand.path, "container", "kill", "a") == 1
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert len(conmand.asked) == 1


def test_a_hint_is_not_said_twice(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    conmand.behave["KillContainer"] = refuse(
        grpc.StatusCode.NOT_FOUND, "gone. list them.", "list them"
    )
    assert conmanctl(conmand.path, "container", "kill", "a") == 1
    assert capsys.readouterr().err == "conmanctl: gone. list them.\n"


def test_details_that_cannot_be_read_do_not_hurt(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    def behave(request: object, context: grpc.ServicerContext) -> object:
        context.set_trailing_metadata((("grpc-status-details-bin", b"\xff\xff"),))
        context.abort(grpc.StatusCode.NOT_FOUND, "nowhere")

    conmand.behave["KillContainer"] = behave
    assert conmanctl(conmand.path, "container", "kill", "a") == 1
    assert "failed: NOT_FOUND: nowhere" in capsys.readouterr().err


def test_interrupted_is_130_and_quiet(conmand: StubConmand) -> None:
    never = threading.Event()
    conmand.behave["WaitContainer"] = lambda *_: never.wait(20) or wire.WaitContainerResponse()
    words = ["--address", conmand.path, "container", "wait", "a"]
    with subprocess.Popen(
        [sys.executable, "-c", ENTRY, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while not conmand.asked:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    never.set()
    assert (process.returncode, out, err) == (130, b"", b"")


def test_a_command_imports_only_what_it_needs(conmand: StubConmand) -> None:
    heavy = "rich", "google.rpc", "google.protobuf.json_format", "grpc_status"
    look = (
        "import sys; from conman.ctl.cli import run; code = run(sys.argv[1:]);"
        f"print([name for name in {heavy} if name in sys.modules], code, 'grpc' in sys.modules)"
    )
    for words, told in (
        (["--address", conmand.path, "container", "start", "a"], "{}\n[] 0 True\n"),
        (["container", "start"], "[] 2 False\n"),
        (["--address", conmand.path, "start", "a"], "a\n[] 0 True\n"),
        (["completion", "tcsh"], "[] 2 False\n"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", look, *words], capture_output=True, text=True, check=False
        )
        assert done.stdout == told


@pytest.mark.parametrize(
    ("method", "words", "told"),
    [
        ("Logs", ("logs", "-f", "web"), "that is not all of the log"),
        ("Events", ("events",), "more may have happened"),
    ],
)
def test_a_deadline_of_what_is_told_bit_by_bit(
    conmand: StubConmand,
    capsys: pytest.CaptureFixture[str],
    method: str,
    words: tuple[str, ...],
    told: str,
) -> None:
    """Which is no end of it."""

    def block(_request: object, context: grpc.ServicerContext) -> Iterator[Message]:
        has_ended = threading.Event()
        context.add_callback(has_ended.set)
        assert has_ended.wait(20)
        yield from ()

    conmand.behave[method] = block
    assert cli.run(["--address", conmand.path, *words, "--deadline", "0.2"]) == 1
    late = "0.2 s are over; give it longer with --deadline"
    assert capsys.readouterr().err == f"conmanctl: {told}: {late}\n"
