"""The streams of execs: opened before the start, so that nothing is missed, and told the end by the shim."""

from collections.abc import Iterator

import grpc
import pytest

from conman.errors import Refusal
from conman.shim import frames
from scenarios.stages.over_grpc import refusal
from tests.integration.one_conmand import RUNTIMES, Conmand, serving
from tests.integration.stream_client import attached
from tests.integration.test_execs import FOR_EVER, Asked, left

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    for one in serving(request.param):
        one.create("web", *FOR_EVER)
        assert one.ctl("start", "web").json == {}
        yield one


def test_what_it_writes_and_how_it_ends_is_told(conmand: Conmand) -> None:
    asked = Asked(conmand)
    one = asked.create("/bin/sh", "-c", "echo out; echo err >&2; exit 7")
    with attached(conmand, "web", exec_id=one, stdout=True, stderr=True) as client:
        asked.start(one)
        assert client.until_end() == (frames.EXIT, {"code": 7, "signal": 0})
        assert client.output == {frames.STDOUT: b"out\n", frames.STDERR: b"err\n"}
    assert asked.wait(one).exit_code == 7
    assert not left(conmand)


def test_its_input_is_passed_on_and_ends(conmand: Conmand) -> None:
    asked = Asked(conmand)
    one = asked.create("/bin/cat", stdin=True)
    with attached(conmand, "web", exec_id=one, stdin=True, stdout=True) as client:
        asked.start(one)
        client.send(frames.INPUT, b"typed\n")
        client.until(b"typed\n")
        client.send(frames.INPUT_END)
        assert client.until_end() == (frames.EXIT, {"code": 0, "signal": 0})


def test_a_session_goes_on_without_its_daemon(conmand: Conmand) -> None:
    asked = Asked(conmand)
    one = asked.create("/bin/cat", stdin=True)
    with attached(conmand, "web", exec_id=one, stdin=True, stdout=True) as client:
        asked.start(one)
        conmand.kill()
        client.send(frames.INPUT, b"alone\n")
        client.until(b"alone\n")
        client.send(frames.INPUT_END)
        assert client.until_end() == (frames.EXIT, {"code": 0, "signal": 0})
        conmand.start()
    assert Asked(conmand).wait(one).exit_code == 0
    assert not left(conmand)


def test_a_terminal(conmand: Conmand) -> None:
    asked = Asked(conmand)
    one = asked.create("/bin/sh", stdin=True, tty=True)
    with attached(conmand, "web", exec_id=one, stdin=True, stdout=True) as client:
        asked.start(one)
        client.send(frames.INPUT, b"exit 5\n")
        assert client.until_end() == (frames.EXIT, {"code": 5, "signal": 0})


def test_who_attached_to_what_is_not_there_is_told(conmand: Conmand) -> None:
    asked = Asked(conmand)
    one = asked.create("/bin/nowhere")
    with attached(conmand, "web", exec_id=one, stdout=True) as client:
        with pytest.raises(grpc.RpcError):
            asked.start(one)
        last = client.until_end()
        assert last is not None
        assert last[0] == frames.FAILED
    with pytest.raises(grpc.RpcError) as raised, attached(conmand, "web", exec_id=one, stdout=True):
        pass
    assert isinstance(told := refusal(raised.value), Refusal)
    assert told.reason == "NotRunning"
