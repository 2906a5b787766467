"""conmanctl start -a and -i: a session before the program where there can be one, else its log."""

import threading
import time
from collections.abc import Iterator
from signal import SIGTERM

import grpc
import pytest

from conman.ctl import cli
from conman.shim import frames
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.session_lab import ID, Shims, begin, ran, shims
from tests.unit.stub_conmand import StubConmand, after, conmand, refuse
from tests.unit.stub_shim import PATIENCE_S, Served

__all__ = ["conmand", "shims"]


def is_in(conmand: StubConmand, state: wire.ContainerState, **config: bool) -> None:
    conmand.behave["InspectContainer"] = lambda *_: wire.InspectContainerResponse(
        status=wire.ContainerStatus(container_id=ID, name="web", state=state),
        config=wire.CreateContainerRequest(name="web", **config),
    )


def asked(conmand: StubConmand) -> list[str]:
    return [method for method, _ in conmand.asked]


@pytest.mark.parametrize(
    ("options", "typed"), [(("-a",), False), (("-i",), True), (("-ai",), True)]
)
def test_one_that_never_ran(
    conmand: StubConmand, shims: Shims, options: tuple[str, ...], typed: bool
) -> None:
    def script(served: Served) -> None:
        served.accept()
        assert "StartContainer" not in asked(conmand)
        served.say(frames.STDOUT, b"first\n")
        if typed:
            served.say(frames.STDERR, served.typed())
        served.exit(7)

    shims(script)
    is_in(conmand, wire.CREATED, stdin=True)
    code, out, err = ran(conmand, "start", *options, "web", typed=b"hello\n")
    assert (code, out, err) == (7, b"first\n", b"hello\n" if typed else b"")
    assert asked(conmand) == ["InspectContainer", "OpenStream", "StartContainer"]


def test_one_that_takes_no_input_is_not_typed_to(conmand: StubConmand, shims: Shims) -> None:
    def script(served: Served) -> None:
        served.accept()
        served.exit(0)
        assert served.next() == (b"", b"")

    shims(script, stdin=False)
    is_in(conmand, wire.CREATED)
    assert ran(conmand, "start", "-ai", "web", typed=b"x") == (0, b"", b"")


def test_one_that_has_run_and_takes_input(conmand: StubConmand, shims: Shims) -> None:
    """Its shim is there with the start, not before."""

    def script(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, served.typed())
        served.exit(0)

    shims(script)
    is_in(conmand, wire.EXITED, stdin=True)
    assert ran(conmand, "start", "-ai", "web", typed=b"hello\n") == (0, b"hello\n", b"")
    assert asked(conmand) == ["InspectContainer", "StartContainer", "OpenStream"]


def logs(request: wire.LogsRequest, _context: object) -> Iterator[wire.LogsResponse]:
    """Of one run before, and of the next, which is there once it was started."""
    if request.tail == 1:
        old = wire.LogChunk(stream="stdout", content=b"old\n")
        yield wire.LogsResponse(chunks=[old], position="8")
        return
    assert request.position == "8"
    new = (("stdout", b"new\n"), ("stderr", b"err\n"))
    chunks = [wire.LogChunk(stream=stream, content=content) for stream, content in new]
    yield wire.LogsResponse(chunks=chunks, position="16")


def test_one_that_has_run_is_read_from_its_log(conmand: StubConmand) -> None:
    """So nothing is missed of a program that ends before a session could begin."""
    is_in(conmand, wire.EXITED)
    conmand.behave["Logs"] = logs
    status = wire.ContainerStatus(container_id=ID, exit_code=3)
    conmand.behave["WaitContainer"] = lambda *_: wire.WaitContainerResponse(status=status)
    assert ran(conmand, "start", "-a", "web") == (3, b"new\n", b"err\n")
    assert asked(conmand) == ["InspectContainer", "Logs", "StartContainer", "Logs", "WaitContainer"]
    follows = conmand.requests("Logs")[1]
    assert isinstance(follows, wire.LogsRequest)
    assert follows.follow
    assert not follows.HasField("tail")


def test_signals_while_its_log_is_read(conmand: StubConmand) -> None:
    killed = threading.Event()

    def told(request: wire.LogsRequest, context: object) -> Iterator[wire.LogsResponse]:
        yield from logs(request, context)
        if request.tail != 1:
            assert killed.wait(PATIENCE_S)

    def kill(request: wire.KillContainerRequest, _context: object) -> wire.KillContainerResponse:
        assert (request.container_id, request.signal) == (ID, "TERM")
        killed.set()
        return wire.KillContainerResponse()

    is_in(conmand, wire.EXITED)
    conmand.behave["Logs"] = told
    conmand.behave["KillContainer"] = kill
    status = wire.ContainerStatus(container_id=ID, exit_code=143)
    conmand.behave["WaitContainer"] = lambda *_: wire.WaitContainerResponse(status=status)
    process = begin(conmand, "start", "-a", "web")
    assert process.stdout is not None
    assert process.stdout.readline() == b"new\n"
    process.send_signal(SIGTERM)
    process.communicate(b"", PATIENCE_S)
    assert process.returncode == 143


def test_a_signal_that_is_not_sent_on_while_its_log_is_read(conmand: StubConmand) -> None:
    has_gone = threading.Event()

    def told(request: wire.LogsRequest, context: object) -> Iterator[wire.LogsResponse]:
        yield from logs(request, context)
        if request.tail != 1:
            assert has_gone.wait(PATIENCE_S)

    is_in(conmand, wire.EXITED)
    conmand.behave["Logs"] = told
    process = begin(conmand, "start", "--sig-proxy=false", "-a", "web")
    assert process.stdout is not None
    assert process.stdout.readline() == b"new\n"
    process.send_signal(SIGTERM)
    process.communicate(b"", PATIENCE_S)
    has_gone.set()
    assert process.returncode == 128 + SIGTERM
    assert conmand.requests("KillContainer") == []


def test_a_start_that_is_refused(conmand: StubConmand) -> None:
    is_in(conmand, wire.EXITED)
    conmand.behave["Logs"] = logs
    conmand.behave["StartContainer"] = refuse(grpc.StatusCode.FAILED_PRECONDITION, "no.")
    assert ran(conmand, "start", "-a", "web") == (1, b"", b"conmanctl: no.\n")


GONE = refuse(grpc.StatusCode.FAILED_PRECONDITION, "web has no streams.")


def test_one_that_never_ran_and_has_no_shim(conmand: StubConmand, shims: Shims) -> None:
    """As after a reboot: it gets one with its start, as one that has run."""

    def script(served: Served) -> None:
        served.accept()
        served.say(frames.STDOUT, served.typed())
        served.exit(0)

    shims(script)
    conmand.behave["OpenStream"] = after(1, GONE, conmand.behave["OpenStream"])
    is_in(conmand, wire.CREATED, stdin=True)
    assert ran(conmand, "start", "-ai", "web", typed=b"hello\n") == (0, b"hello\n", b"")
    assert asked(conmand) == ["InspectContainer", "OpenStream", "StartContainer", "OpenStream"]


def test_one_that_never_ran_and_has_no_shim_nor_input(conmand: StubConmand) -> None:
    is_in(conmand, wire.CREATED)
    conmand.behave["OpenStream"] = GONE
    conmand.behave["Logs"] = logs
    ended(conmand, 7)
    assert ran(conmand, "start", "-a", "web") == (7, b"new\n", b"err\n")


def test_one_that_is_quicker_than_its_session(conmand: StubConmand) -> None:
    """It ran: its code is known, and what it wrote is in its log."""
    is_in(conmand, wire.EXITED, stdin=True)
    conmand.behave["OpenStream"] = GONE
    chunks = [wire.LogChunk(stream="stdout", content=b"quick\n")]
    conmand.behave["Logs"] = lambda *_: iter([wire.LogsResponse(chunks=chunks, position="9")])
    ended(conmand, 7)
    before = time.time_ns()
    assert ran(conmand, "start", "-ai", "web") == (7, b"quick\n", b"")
    [request] = conmand.requests("Logs")
    assert isinstance(request, wire.LogsRequest)
    assert before < request.since < time.time_ns()


def ended(conmand: StubConmand, code: int) -> None:
    status = wire.ContainerStatus(container_id=ID, exit_code=code)
    conmand.behave["WaitContainer"] = lambda *_: wire.WaitContainerResponse(status=status)


def test_a_session_is_with_one(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--address", conmand.path, "start", "-a", "a", "b"]) == 2
    assert "-a and -i are for one container" in capsys.readouterr().err
    assert conmand.asked == []
