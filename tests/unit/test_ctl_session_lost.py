"""A session whose shim died: another is gone on with, or what nobody saw is read from the log, or it is said."""

import re
import time

import grpc

from conman.shim import frames
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.session_lab import ID, Shims, ran, shims
from tests.unit.stub_conmand import StubConmand, after, conmand, refuse
from tests.unit.stub_shim import Served

__all__ = ["conmand", "shims"]


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
    assert re.fullmatch(
        rb"conmanctl: the shim of web died, and some output may be missing; `conmanctl logs"
        rb" --since [^ ]+ web` has the rest\n",
        err,
    )


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
    assert err == (
        b"conmanctl: the shim of web died, and its output cannot be read: there is no web.\n"
    )


def test_a_shim_that_another_follows(conmand: StubConmand, shims: Shims) -> None:
    shims(lost, echo)
    code, out, err = ran(conmand, "attach", "web", typed=b"")
    assert (code, out) == (7, b"half\n")
    assert err == (
        b"conmanctl: the shim of web died, and another has taken over: some output may be"
        b" missing here\ndone\n"
    )


def test_an_end_that_a_successor_could_not_see(conmand: StubConmand, shims: Shims) -> None:
    def script(served: Served) -> None:
        served.accept()
        served.say_fields(frames.FAILED, reason="ExitUnseen", message="ask conmand")

    shims(script)
    status = wire.ContainerStatus(container_id=ID, exit_code=5)
    conmand.behave["WaitContainer"] = lambda *_: wire.WaitContainerResponse(status=status)
    assert ran(conmand, "attach", "web") == (5, b"", b"")
