"""Streams through conmand's API: a session that is open goes on, whatever becomes of conmand."""

import os
import signal
from collections.abc import Iterator

import grpc
import pytest

from conman.errors import Refusal
from conman.shim import frames
from scenarios.stages.over_grpc import refusal
from tests.integration.one_conmand import RUNTIMES, Conmand, serving
from tests.integration.stream_client import attached, open_stream

pytestmark = pytest.mark.timeout(180)

#: Says a word when it begins, one for each USR1, and a last one for TERM.
WORDS = """trap 'echo word' USR1; trap 'echo last; echo err >&2; exit 7' TERM; echo begun
while true; do sleep 100 & wait; done"""

#: Says a word for each USR1, and that it was asked to end, which it does not.
STUBBORN = """trap 'echo word' USR1; trap 'echo asked' TERM; echo begun
while true; do sleep 100 & wait; done"""


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    yield from serving(request.param)


def test_a_session_goes_on_without_its_daemon(conmand: Conmand) -> None:
    conmand.create("web", "/bin/sh", "-c", WORDS)
    with attached(conmand, "web") as client:
        assert client.accepted == {"tty": False}
        assert conmand.ctl("start", "web").code == 0
        pid = conmand.status("web")["pid"]
        client.until(b"begun\n")
        conmand.kill()
        os.kill(pid, signal.SIGUSR1)
        client.until(b"word\n")
        conmand.start()
        os.kill(pid, signal.SIGUSR1)
        client.until(b"word\nword\n")
        conmand.kill()
        os.kill(pid, signal.SIGTERM)
        assert client.until_end() == (frames.EXIT, {"code": 7, "signal": 0})
        assert client.output[frames.STDOUT] == b"begun\nword\nword\nlast\n"
        assert client.output[frames.STDERR] == b"err\n"
    conmand.start()
    ended = conmand.status("web")
    assert (ended["state"], ended["exitCode"]) == ("EXITED", 7)


def test_a_session_is_told_of_a_stop(conmand: Conmand) -> None:
    conmand.create("web", "/bin/sh", "-c", WORDS)
    with attached(conmand, "web") as client, attached(conmand, "web", stderr=True) as other:
        assert conmand.ctl("start", "web").code == 0
        client.until(b"begun\n")
        assert conmand.ctl("stop", "web").code == 0
        assert client.until_end() == other.until_end() == (frames.EXIT, {"code": 7, "signal": 0})
        assert b"last\n" in client.output[frames.STDOUT]
        assert other.output == {frames.STDOUT: b"", frames.STDERR: b"err\n"}


def test_a_session_with_what_is_being_stopped(conmand: Conmand) -> None:
    """It does not end when it is asked to; who comes then is not kept waiting. Its shim dies, and another serves."""
    conmand.create("web", "/bin/sh", "-c", STUBBORN)
    with attached(conmand, "web") as first:
        assert conmand.ctl("start", "web").code == 0
        first.until(b"begun\n")
        with conmand.begin_ctl("stop", "--timeout", "120", "web") as stopping:
            first.until(b"asked\n")
            with attached(conmand, "web") as client:
                os.kill(conmand.status("web")["pid"], signal.SIGUSR1)
                client.until(b"word\n")
                os.kill(conmand.shim_pid("web"), signal.SIGKILL)
                assert first.until_end() is client.until_end() is None
            with attached(conmand, "web") as client:
                os.kill(conmand.status("web")["pid"], signal.SIGUSR1)
                client.until(b"word\n")
                assert stopping.poll() is None
                os.kill(conmand.status("web")["pid"], signal.SIGKILL)
                assert stopping.wait(60) == 0
                last = client.until_end()
                assert last is not None
                assert (last[0], last[1]["reason"]) == (frames.FAILED, "ExitUnseen")


def test_conmanctl_tells_how_it_ended_whose_shim_died_while_it_was_stopped(
    conmand: Conmand,
) -> None:
    conmand.create("web", "/bin/sh", "-c", STUBBORN)
    with conmand.begin_ctl("start", "--attach", "web") as session:
        assert session.stdout is not None
        assert session.stdout.readline() == "begun\n"
        with conmand.begin_ctl("stop", "--timeout", "120", "web") as stopping:
            assert session.stdout.readline() == "asked\n"
            os.kill(conmand.shim_pid("web"), signal.SIGKILL)
            with attached(conmand, "web"):
                os.kill(conmand.status("web")["pid"], signal.SIGKILL)
            assert stopping.wait(60) == 0
        assert session.wait(60) == conmand.status("web")["exitCode"]


def test_a_session_with_a_successor(conmand: Conmand) -> None:
    conmand.create("web", "/bin/sh", "-c", WORDS)
    with attached(conmand, "web") as client:
        assert conmand.ctl("start", "web").code == 0
        client.until(b"begun\n")
        os.kill(conmand.shim_pid("web"), signal.SIGKILL)
        assert client.until_end() is None
    with attached(conmand, "web") as client:
        os.kill(conmand.status("web")["pid"], signal.SIGUSR1)
        client.until(b"word\n")
        assert conmand.ctl("stop", "web").code == 0
        last = client.until_end()
        assert last is not None
        assert (last[0], last[1]["reason"]) == (frames.FAILED, "ExitUnseen")


# ---- who is refused ------------------------------------------------------------------------------


def refused(conmand: Conmand, name: str, **wanted: str | bool) -> Refusal:
    with pytest.raises(grpc.RpcError) as caught:
        open_stream(conmand, name, **wanted)
    return refusal(caught.value)


def test_what_has_ended_has_no_streams(conmand: Conmand) -> None:
    conmand.create("short", "/bin/true")
    assert conmand.ctl("start", "short").code == 0
    assert conmand.ctl("wait", "short").code == 0
    said = refused(conmand, "short")
    assert (said.code.value, said.reason) == ("FAILED_PRECONDITION", "NotRunning")
    assert "EXITED" in said.what


def test_what_is_not_there_has_no_streams(conmand: Conmand) -> None:
    conmand.create("web", "/bin/true")
    assert refused(conmand, "nobody").reason == "ContainerNotFound"
    assert refused(conmand, "web", exec_id="5", stdout=True).reason == "ExecNotFound"
    assert refused(conmand, "web", stdin=False).reason == "BadInput"


# ---- what is typed -------------------------------------------------------------------------------


def made(conmand: Conmand, *words: str) -> None:
    said = conmand.ctl("create", "--rootfs", str(conmand.rootfs), *words)
    assert said.code == 0, said.error


def test_what_is_typed_survives_the_daemon(conmand: Conmand) -> None:
    made(conmand, "-i", "--stdin-once", "web", "--", "/bin/sh", "-c", "cat; exit 5")
    with attached(conmand, "web", stdin=True, stdout=True) as client:
        assert conmand.ctl("start", "web").code == 0
        client.send(frames.INPUT, b"one\n")
        client.until(b"one\n")
        conmand.kill()
        client.send(frames.INPUT, b"two\n")
        client.until(b"two\n")
        client.send(frames.INPUT_END)
        assert client.until_end() == (frames.EXIT, {"code": 5, "signal": 0})
    conmand.start()
    assert conmand.status("web")["exitCode"] == 5


def test_a_terminal(conmand: Conmand) -> None:
    made(conmand, "-i", "-t", "web", "--", "/bin/sh")
    with attached(conmand, "web", stdin=True, stdout=True) as client:
        assert client.accepted == {"tty": True}
        assert conmand.ctl("start", "web").code == 0
        client.send(frames.RESIZE, b'{"rows": 33, "cols": 101}')
        client.send(frames.INPUT, b"stty size\n")
        client.until(b"33 101\r\n")
        conmand.kill()
        client.send(frames.RESIZE, b'{"rows": 34, "cols": 102}')
        client.send(frames.INPUT, b"stty size\n")
        client.until(b"34 102\r\n")
        client.send(frames.INPUT, b"exit 7\n")
        assert client.until_end() == (frames.EXIT, {"code": 7, "signal": 0})
    conmand.start()
    assert conmand.status("web")["exitCode"] == 7


def test_who_was_given_no_input_has_none(conmand: Conmand) -> None:
    conmand.create("web", "/bin/true")
    said = refused(conmand, "web", stdin=True)
    assert (said.code.value, said.reason) == ("FAILED_PRECONDITION", "NoStdin")


def test_an_input_survives_its_shim_and_a_daemon(conmand: Conmand) -> None:
    made(conmand, "-i", "--stdin-once", "web", "--", "/bin/sh", "-c", "cat; exit 5")
    with attached(conmand, "web", stdin=True, stdout=True) as client:
        assert conmand.ctl("start", "web").code == 0
        client.send(frames.INPUT, b"one\n")
        client.until(b"one\n")
        conmand.kill()
        conmand.start()
        os.kill(conmand.shim_pid("web"), signal.SIGKILL)
        assert client.until_end() is None
    with attached(conmand, "web", stdin=True, stdout=True) as client:
        client.send(frames.INPUT, b"two\n")
        client.until(b"two\n")
        client.send(frames.INPUT_END)
        assert conmand.ctl("wait", "web").code == 0
        assert client.until_end() is not None
    assert conmand.status("web")["state"] == "EXITED"


def test_a_terminal_survives_its_shims_and_a_daemon(conmand: Conmand) -> None:
    made(conmand, "-i", "-t", "web", "--", "/bin/sh")
    assert conmand.ctl("start", "web").code == 0
    pid = conmand.status("web")["pid"]
    for size in (b"33 101", b"34 102", b"35 103"):
        with attached(conmand, "web", stdin=True, stdout=True) as client:
            assert client.accepted == {"tty": True}
            rows, columns = size.split()
            client.send(frames.RESIZE, b'{"rows": %s, "cols": %s}' % (rows, columns))
            client.send(frames.INPUT, b"stty size\n")
            client.until(size + b"\r\n")
            os.kill(conmand.shim_pid("web"), signal.SIGKILL)
            assert client.until_end() is None
        if size == b"33 101":
            with attached(conmand, "web"):
                conmand.kill()
            conmand.start()
    assert conmand.status("web")["pid"] == pid
    with attached(conmand, "web", stdin=True, stdout=True) as client:
        client.send(frames.INPUT, b"exit 7\n")
        assert client.until_end() is not None
    assert conmand.ctl("wait", "web").code == 0
