"""A session whose shim died: another is gone on with, or what nobody saw is read from the log, or it is said."""

import re
import threading
import time
from signal import SIGUSR1

import grpc
import pytest

from conman.shim import frames
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.session_lab import ID, Shims, begin, ran, shims
from tests.unit.stub_conmand import StubConmand, after, conmand, refuse
from tests.unit.stub_shim import PATIENCE_S, Served

__all__ = ["conmand", "shims"]

HINT = rb"; `conmanctl logs --since ([^ ]+) web` has the rest"
MISSING = rb"the shim of web died, and some output may be missing"
FOLLOWED = (
    rb"the shim of web died, and another has taken over: some output may be missing here" + HINT
)


def echo(served: Served) -> None:
    served.accept()
    served.say(frames.STDOUT, served.typed())
    served.say(frames.STDERR, b"done\n")
    served.exit(7)


def lost(served: Served) -> None:
    served.accept()
    served.say(frames.STDOUT, b"half\n")


def test_a_shim_that_died_with_its_container(conmand: StubConmand, shims: Shims) -> None:
    """How it ended is asked of conmand: nothing is invented."""
    shims(lost)
    opened = conmand.behave["OpenStream"]
    ended = refuse(grpc.StatusCode.FAILED_PRECONDITION, "web is EXITED.")
    conmand.behave["OpenStream"] = after(1, opened, ended)
    status = wire.ContainerStatus(container_id=ID, exit_code=255)
    conmand.behave["WaitContainer"] = lambda *_: wire.WaitContainerResponse(status=status)
    code, out, err = ran(conmand, "attach", "web")
    assert (code, out) == (255, b"half\n")
    assert re.fullmatch(rb"conmanctl: " + MISSING + HINT + rb"\n", err)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (wire.WaitContainerResponse(), b"was removed before its program had ended"),
        (
            wire.WaitContainerResponse(status=wire.ContainerStatus(state=wire.UNKNOWN)),
            b"is UNKNOWN",
        ),
    ],
    ids=["removed by force", "unknown"],
)
def test_a_code_that_nobody_can_tell_is_none_of_a_program(
    conmand: StubConmand, shims: Shims, answer: wire.WaitContainerResponse, why: bytes
) -> None:
    shims(lost)
    opened = conmand.behave["OpenStream"]
    ended = refuse(grpc.StatusCode.NOT_FOUND, "there is no web.")
    conmand.behave["OpenStream"] = after(1, opened, ended)
    conmand.behave["WaitContainer"] = lambda *_: answer
    code, _, err = ran(conmand, "run", "--rm", "--name", "web", "--rootfs", "/r", "sh")
    assert code == 125
    assert why in err


def ended_meanwhile(conmand: StubConmand, shims: Shims) -> None:
    """By a shim that said nothing; another run began and is over by now, as where a start was undone."""
    shims(lambda served: served.accept())
    opened = conmand.behave["OpenStream"]
    ended = refuse(grpc.StatusCode.FAILED_PRECONDITION, "web is EXITED.")
    conmand.behave["OpenStream"] = after(1, opened, ended)
    status = wire.ContainerStatus(container_id=ID, exit_code=7)
    conmand.behave["WaitContainer"] = lambda *_: wire.WaitContainerResponse(status=status)


def test_what_was_written_to_nobody_is_read_from_the_log(
    conmand: StubConmand, shims: Shims
) -> None:
    ended_meanwhile(conmand, shims)
    chunks = [
        wire.LogChunk(stream="stdout", content=b"out\n"),
        wire.LogChunk(stream="stderr", content=b"err\n"),
    ]
    conmand.behave["Logs"] = lambda *_: iter([wire.LogsResponse(chunks=chunks, position="1")])
    before = time.time_ns()
    assert ran(conmand, "attach", "web") == (7, b"out\n", b"err\n")
    [request] = conmand.requests("Logs")
    assert isinstance(request, wire.LogsRequest)
    assert before < request.since < time.time_ns()
    assert not request.follow


def test_what_was_written_before_another_took_over_is_read_from_the_log(
    conmand: StubConmand, shims: Shims
) -> None:
    """As where a start was undone: the next run had written all that it would when it was gone on with."""

    def silent(served: Served) -> None:
        served.accept()
        served.exit(7)

    shims(lambda served: served.accept(), silent)
    chunks = [wire.LogChunk(stream="stdout", content=b"out\n")]
    conmand.behave["Logs"] = lambda *_: iter([wire.LogsResponse(chunks=chunks, position="1")])
    code, out, err = ran(conmand, "attach", "web")
    assert (code, out) == (7, b"out\n")
    assert b"another has taken over" in err


def test_what_was_written_to_nobody_is_gone(conmand: StubConmand, shims: Shims) -> None:
    """With its container, that removes itself: then it is said."""
    ended_meanwhile(conmand, shims)
    conmand.behave["Logs"] = refuse(grpc.StatusCode.NOT_FOUND, "there is no web.")
    code, out, err = ran(conmand, "attach", "web")
    assert (code, out) == (7, b"")
    assert err == (b"conmanctl: what web wrote to nobody cannot be read: there is no web.\n")


def test_a_shim_that_another_follows(conmand: StubConmand, shims: Shims) -> None:
    shims(lost, echo)
    code, out, err = ran(conmand, "attach", "web", typed=b"")
    assert (code, out) == (7, b"half\n")
    assert re.fullmatch(rb"conmanctl: " + FOLLOWED + rb"\ndone\n", err)


def test_an_end_that_a_successor_could_not_see(conmand: StubConmand, shims: Shims) -> None:
    shims(unseen)
    status = wire.ContainerStatus(container_id=ID, exit_code=5)
    conmand.behave["WaitContainer"] = lambda *_: wire.WaitContainerResponse(status=status)
    assert ran(conmand, "attach", "web") == (5, b"", b"")


def over(served: Served) -> None:
    served.say_fields(frames.FAILED, reason="ExitUnseen", message="ask conmand")


def unseen(served: Served) -> None:
    served.accept()
    over(served)


def ends_with(conmand: StubConmand, code: int) -> None:
    """Its log and its code are conmand's to tell."""
    chunks = [wire.LogChunk(stream="stdout", content=b"out\n")]
    conmand.behave["Logs"] = lambda *_: iter([wire.LogsResponse(chunks=chunks, position="1")])
    status = wire.ContainerStatus(container_id=ID, exit_code=code)
    conmand.behave["WaitContainer"] = lambda *_: wire.WaitContainerResponse(status=status)


def has_ended_after(conmand: StubConmand, sessions: int) -> None:
    ended = refuse(grpc.StatusCode.FAILED_PRECONDITION, "web is EXITED.")
    conmand.behave["OpenStream"] = after(sessions, conmand.behave["OpenStream"], ended)


def test_a_successor_that_shows_nothing_and_sees_no_end(conmand: StubConmand, shims: Shims) -> None:
    """As every real one: what it drained before anybody came is in the log only."""
    shims(lambda served: served.accept(), unseen)
    ends_with(conmand, 5)
    code, out, err = ran(conmand, "attach", "web")
    assert (code, out) == (5, b"out\n")
    assert err.count(b"\n") == 1
    assert conmand.requests("Logs")


def test_a_successor_that_shows_something_and_sees_no_end(
    conmand: StubConmand, shims: Shims
) -> None:
    """What is missing is missing at one place, which is said there: nothing is told twice."""

    def shown(served: Served) -> None:
        lost(served)
        over(served)

    shims(lambda served: served.accept(), shown)
    ends_with(conmand, 5)
    code, out, err = ran(conmand, "attach", "web")
    assert (code, out) == (5, b"half\n")
    assert re.fullmatch(rb"conmanctl: " + FOLLOWED + rb"\n", err)
    assert conmand.requests("Logs") == []


def test_each_loss_is_said_where_it_was(conmand: StubConmand, shims: Shims) -> None:
    shims(lost, lambda served: served.accept(), lost)
    has_ended_after(conmand, 3)
    ends_with(conmand, 5)
    code, out, err = ran(conmand, "attach", "web")
    assert (code, out) == (5, b"half\nhalf\n")
    line = rb"conmanctl: " + FOLLOWED + rb"\n"
    told = re.fullmatch(line + line + rb"conmanctl: " + MISSING + HINT + rb"\n", err)
    assert told is not None
    assert [*told.groups()] == sorted(told.groups())
    assert conmand.requests("Logs") == []


RM = ("run", "--rm", "--rootfs", "/r", "--name", "web", "sh")


def removes_itself(conmand: StubConmand) -> None:
    conmand.behave["CreateContainer"] = lambda *_: wire.CreateContainerResponse(container_id=ID)
    ends_with(conmand, 5)


def test_the_log_is_read_before_it_is_removed(conmand: StubConmand, shims: Shims) -> None:
    shims(lambda served: served.accept())
    has_ended_after(conmand, 1)
    removes_itself(conmand)
    assert ran(conmand, *RM) == (5, b"out\n", b"")
    asked = [method for method, _ in conmand.asked]
    assert asked.index("Logs") < asked.index("WaitContainer")
    [request] = conmand.requests("Logs")
    assert isinstance(request, wire.LogsRequest)
    # To its end, which nobody has waited for.
    assert request.follow


def test_no_log_is_promised_that_is_removed(conmand: StubConmand, shims: Shims) -> None:
    shims(lost)
    has_ended_after(conmand, 1)
    removes_itself(conmand)
    assert ran(conmand, *RM) == (5, b"half\n", b"conmanctl: " + MISSING + b"\n")
    assert conmand.requests("Logs") == []


def test_sessions_that_break_as_they_begin(conmand: StubConmand, shims: Shims) -> None:
    """The program has run: what its sessions come to is no exit code of its."""
    shims(lambda served: served.accept())
    conmand.behave["CreateContainer"] = lambda *_: wire.CreateContainerResponse(container_id=ID)
    nowhere = wire.OpenStreamResponse(socket_path="/tmp/there-is-no-such.sock")
    served = conmand.behave["OpenStream"]
    has_ended_after(conmand, 0)
    gone = after(2, lambda *_: nowhere, conmand.behave["OpenStream"])
    conmand.behave["OpenStream"] = after(1, served, gone)
    ends_with(conmand, 5)
    code, out, err = ran(conmand, "run", "--rootfs", "/r", "--name", "web", "sh")
    assert (code, out) == (5, b"out\n")
    assert err.startswith(b"conmanctl: there is no /tmp/there-is-no-such.sock")
    assert err.endswith(b" (trying until it is served, or is over)\n")
    assert err.count(b"\n") == 1
    assert len(conmand.requests("OpenStream")) == 4


def test_a_successor_that_has_died_by_the_time_its_token_comes(
    conmand: StubConmand, shims: Shims
) -> None:
    def refuses(served: Served) -> None:
        served.next()
        served.say_fields(frames.FAILED, reason="BadToken", message="it is another's")

    shims(lost, refuses, lambda served: served.next(), echo)
    code, out, _ = ran(conmand, "attach", "web")
    assert (code, out) == (7, b"half\n")


def test_a_signal_while_another_shim_is_waited_for(conmand: StubConmand, shims: Shims) -> None:
    """It is the program's, as before and after."""
    killed = threading.Event()

    def kill(request: wire.KillContainerRequest, _context: object) -> wire.KillContainerResponse:
        assert (request.container_id, request.signal) == (ID, "USR1")
        killed.set()
        return wire.KillContainerResponse()

    shims(lost)
    asked = threading.Event()
    ended = refuse(grpc.StatusCode.FAILED_PRECONDITION, "web is EXITED.")

    def late(request: wire.OpenStreamRequest, context: grpc.ServicerContext) -> object:
        asked.set()
        assert killed.wait(PATIENCE_S)
        return ended(request, context)

    conmand.behave["OpenStream"] = after(1, conmand.behave["OpenStream"], late)
    conmand.behave["KillContainer"] = kill
    ends_with(conmand, 138)
    process = begin(conmand, "attach", "web")
    assert asked.wait(PATIENCE_S)
    process.send_signal(SIGUSR1)
    out, _ = process.communicate(b"", PATIENCE_S)
    assert (process.returncode, out) == (138, b"half\n")
    assert killed.is_set()
