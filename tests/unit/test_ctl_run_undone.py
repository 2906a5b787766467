"""conmanctl run --rm of what never ran: conmand removes what has run, and of this one nobody else knows."""

import threading
from collections.abc import Callable
from signal import SIGINT, SIGTERM, Signals

import grpc
import pytest

from conman.ctl import cli
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.session_lab import ID, begin, ran
from tests.unit.stub_conmand import Behave, StubConmand, after, conmand, refuse
from tests.unit.stub_shim import PATIENCE_S

__all__ = ["conmand"]

ROOT = ("--rootfs", "/r")
Slowly = Callable[[Behave], threading.Event]


def create(_request: object, _context: object) -> wire.CreateContainerResponse:
    return wire.CreateContainerResponse(container_id=ID)


@pytest.fixture
def slowly(conmand: StubConmand) -> Slowly:
    """A create that is asked for, then, and lasts until it is asked for again: what that does is given."""

    def make(then: Behave) -> threading.Event:
        asked, again = threading.Event(), threading.Event()

        def first(request: object, context: object) -> wire.CreateContainerResponse:
            asked.set()
            assert again.wait(PATIENCE_S)
            return create(request, context)

        def second(request: object, context: grpc.ServicerContext) -> object:
            again.set()
            return then(request, context)

        conmand.behave["CreateContainer"] = after(1, first, second)
        return asked

    return make


def removed(conmand: StubConmand) -> list[tuple[str, bool]]:
    requests = conmand.requests("RemoveContainer")
    return [(each.container_id, each.force) for each in requests]


@pytest.mark.parametrize("options", [(), ("-d",)])
@pytest.mark.parametrize("number", [SIGINT, SIGTERM])
def test_a_signal_during_the_create(
    conmand: StubConmand, slowly: Slowly, number: Signals, options: tuple[str, ...]
) -> None:
    """It is joined, for its id."""
    asked = slowly(create)
    process = begin(conmand, "run", "--rm", *options, *ROOT, "sh")
    assert asked.wait(PATIENCE_S)
    process.send_signal(number)
    assert process.communicate(b"", PATIENCE_S) == (b"", b"")
    assert process.returncode == 128 + number
    first, second = conmand.requests("CreateContainer")
    assert first == second
    assert removed(conmand) == [(ID, True)]
    assert conmand.requests("StartContainer") == []


def test_a_deadline_of_the_create(conmand: StubConmand, slowly: Slowly) -> None:
    slowly(create)
    words = ("run", "--deadline", "1.5", "--rm", "--name", "web", *ROOT, "sh")
    told = b"conmanctl: web did not begin in time, and is removed; give it longer with --deadline\n"
    assert ran(conmand, *words) == (125, b"", told)
    assert removed(conmand) == [(ID, True)]


def test_a_create_that_was_refused_left_nothing(conmand: StubConmand, slowly: Slowly) -> None:
    asked = slowly(refuse(grpc.StatusCode.INVALID_ARGUMENT, "no."))
    process = begin(conmand, "run", "--rm", *ROOT, "sh")
    assert asked.wait(PATIENCE_S)
    process.send_signal(SIGINT)
    assert process.communicate(b"", PATIENCE_S) == (b"", b"")
    assert (process.returncode, removed(conmand)) == (130, [])


def test_who_does_not_wait_for_it_is_told(conmand: StubConmand, slowly: Slowly) -> None:
    """As where it cannot be joined."""
    joined, over = threading.Event(), threading.Event()

    def never(request: object, context: object) -> wire.CreateContainerResponse:
        joined.set()
        assert over.wait(PATIENCE_S)
        return create(request, context)

    asked = slowly(never)
    process = begin(conmand, "run", "--rm", "--name", "web", *ROOT, "sh")
    assert asked.wait(PATIENCE_S)
    process.send_signal(SIGINT)
    assert joined.wait(PATIENCE_S)
    process.send_signal(SIGTERM)
    told = b"conmanctl: whether web was created is not known, and nothing will remove it: `conmanctl ps -a` tells\n"
    assert process.communicate(b"", PATIENCE_S) == (b"", told)
    over.set()
    assert (process.returncode, removed(conmand)) == (130, [])


def test_a_start_that_is_refused(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    conmand.behave["CreateContainer"] = create
    conmand.behave["StartContainer"] = refuse(grpc.StatusCode.INTERNAL, "no.")
    assert cli.run(["--address", conmand.path, "run", "-d", "--rm", *ROOT, "sh"]) == 125
    assert capsys.readouterr() == ("", "conmanctl: no.\n")
    assert removed(conmand) == [(ID, True)]


def test_rm_of_what_never_ran(conmand: StubConmand) -> None:
    conmand.behave["CreateContainer"] = create
    conmand.behave["OpenStream"] = refuse(grpc.StatusCode.INTERNAL, "no.")
    assert ran(conmand, "run", "--rm", *ROOT, "sh") == (125, b"", b"conmanctl: no.\n")
    [removed] = conmand.requests("RemoveContainer")
    assert isinstance(removed, wire.RemoveContainerRequest)
    assert (removed.container_id, removed.force) == (ID, True)
    conmand.asked.clear()
    assert ran(conmand, "run", *ROOT, "sh")[0] == 125
    assert conmand.requests("RemoveContainer") == []


def test_rm_of_what_a_signal_kept_from_running(conmand: StubConmand) -> None:
    """Whatever the signal: conmand would keep it for ever."""
    asked, removed = threading.Event(), threading.Event()

    def late(request: wire.OpenStreamRequest, _context: object) -> wire.OpenStreamResponse:
        asked.set()
        assert removed.wait(PATIENCE_S)
        return wire.OpenStreamResponse()

    def remove(_request: object, _context: object) -> wire.RemoveContainerResponse:
        removed.set()
        return wire.RemoveContainerResponse()

    conmand.behave["CreateContainer"] = create
    conmand.behave["OpenStream"] = late
    conmand.behave["RemoveContainer"] = remove
    process = begin(conmand, "run", "--rm", *ROOT, "sh")
    assert asked.wait(PATIENCE_S)
    process.send_signal(SIGTERM)
    assert process.communicate(b"", PATIENCE_S) == (b"", b"")
    assert process.returncode == 128 + SIGTERM
    assert removed.is_set()
