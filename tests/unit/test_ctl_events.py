"""`conmanctl events` through restarts of conmand: what it sends again, what it tells, when it ends."""

import json
import threading
import time
from collections.abc import Iterator

import grpc
import pytest

from conman.ctl import cli
from conman.ctl.events import line
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.stub_conmand import StubConmand, conmand, refuse

__all__ = ["conmand"]

NS = 1_000_000_000
ID = "78f5f5f88847465c90c7124b8c7e3ea6"


def event(sequence: int, at: int = 1) -> wire.Event:
    return wire.Event(sequence=sequence, at=at, container_id=ID, name="web", kind="started", run=1)


def conmanctl(stub: StubConmand, *words: str) -> int:
    return cli.run(["--address", stub.path, "events", *words])


def sequences(out: str) -> list[int]:
    return [int(json.loads(line)["sequence"]) for line in out.splitlines()]


def test_a_line_for_people(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    ended = wire.Event(
        sequence=2, at=1769860800 * NS + 5, container_id=ID, name="\x1b", kind="exited", exit_code=0
    )
    conmand.behave["Events"] = lambda *_: iter([ended])
    assert conmanctl(conmand, "--no-follow", "-f", "container=web", "-f", "event=exited") == 0
    out = capsys.readouterr().out
    assert out.endswith(f" container exited {ID} (name=\\x1b, exitCode=0, sequence=2)\n")
    assert ":00.000000005+" in out or ":00.000000005-" in out
    [request] = conmand.requests("Events")
    assert request == wire.EventsRequest(since=0, containers=["web"], kinds=["exited"])


def test_from_now_on_means_a_number(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    conmand.behave["Info"] = lambda *_: wire.InfoResponse(last_event=41)
    conmand.behave["Events"] = lambda *_: iter([event(42)])
    assert conmanctl(conmand, "-o", "json") == 0
    assert sequences(capsys.readouterr().out) == [42]
    [request] = conmand.requests("Events")
    assert request == wire.EventsRequest(since=41, follow=True)


def test_it_goes_on_after_the_last_that_it_has_seen(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    ending = refuse(grpc.StatusCode.UNAVAILABLE, "conmand ends.")

    def told(request: wire.EventsRequest, context: grpc.ServicerContext) -> Iterator[wire.Event]:
        yield from (event(request.since + n) for n in (1, 2))
        if request.since < 4:
            ending(request, context)

    conmand.behave["Events"] = told
    assert conmanctl(conmand, "--after", "0", "-o", "json") == 0
    assert sequences(capsys.readouterr().out) == [1, 2, 3, 4, 5, 6]
    assert [request.since for request in conmand.requests("Events")] == [0, 2, 4]


def test_what_is_no_longer_kept_ends_it(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    conmand.behave["Events"] = refuse(grpc.StatusCode.OUT_OF_RANGE, "the oldest is 7.")
    assert conmanctl(conmand, "--after", "3") == 1
    assert capsys.readouterr() == ("", "conmanctl: the oldest is 7.\n")


def test_what_happens_to_an_exec() -> None:
    told = event(7)
    told.kind, told.exec_id, told.exit_code = "exec_exited", "e" * 32, 3
    assert f"container exec_exited {told.container_id} (" in line(told)
    assert f"execID={'e' * 32}, exitCode=3, sequence=7)" in line(told)


def test_since_and_until(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    now = time.time_ns()
    there = [event(n, now - age * 60 * NS) for n, age in enumerate((30, 20, 10, 5), 1)]
    conmand.behave["Events"] = lambda *_: iter(there)
    assert conmanctl(conmand, "--since", "25m", "--until", "8m", "-o", "json") == 0
    assert sequences(capsys.readouterr().out) == [2, 3]
    [request] = conmand.requests("Events")
    assert request == wire.EventsRequest(since=0)


def test_until_a_moment_to_come(conmand: StubConmand) -> None:
    """Nobody ends the stream; it ends by itself, when that moment has come."""
    never = threading.Event()

    def told(_request: object, _context: object) -> Iterator[wire.Event]:
        never.wait(30)
        yield from ()

    conmand.behave["Events"] = told
    until = time.time() + 0.5
    assert conmanctl(conmand, "--after", "0", "--until", f"{until:.3f}") == 0
    assert time.time() >= until - 0.1
    never.set()
