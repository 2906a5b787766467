"""Execs on a real host, over fakerunc and over the real runc, through the API as it is.

Programs wait for signals or for ever; nothing here sleeps. Whoever ends a conmand here starts it again, and
`end` holds the host against it: a dead exec leaves nothing.
"""

import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from conman.wire.v1 import conman_pb2 as wire
from conman.wire.v1.conman_pb2_grpc import ConmanStub
from scenarios.stages.daemon import SLOWER
from tests.integration.file_events import await_content
from tests.integration.one_conmand import RUNTIMES, Conmand, await_end, serving

pytestmark = pytest.mark.timeout(180)

FOR_EVER = ("/bin/sleep", "100000")
#: It says that it was asked to end, and does not.
STUBBORN = "trap 'echo asked' TERM; echo ready; while true; do sleep 1000 & wait; done"
#: A start that its shim does not answer ends by conman's own deadlines, after 25 s or more.
PATIENCE_S = 60 * SLOWER


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    for one in serving(request.param):
        one.create("web", *FOR_EVER)
        assert one.ctl("start", "web").json == {}
        yield one


def drawn() -> str:
    return uuid.uuid4().hex


class Asked:
    """The API, with `web` filled in."""

    def __init__(self, conmand: Conmand) -> None:
        self._channel = grpc.insecure_channel(f"unix:{conmand.run}/conmand.sock")
        self._stub = ConmanStub(self._channel)

    def create(self, *words: str, **more: Any) -> str:  # noqa: ANN401 - fields of the message
        command, *args = words
        more.setdefault("request_id", drawn())
        asked = wire.CreateExecRequest(container_id="web", command=command, args=args, **more)
        return self._stub.CreateExec(asked, timeout=PATIENCE_S).exec_id

    def start(self, exec_id: str, request_id: str = "") -> None:
        asked = wire.StartExecRequest(
            request_id=request_id or drawn(), container_id="web", exec_id=exec_id
        )
        self._stub.StartExec(asked, timeout=PATIENCE_S)

    def begin(self, *words: str, **more: Any) -> str:  # noqa: ANN401 - as above
        exec_id = self.create(*words, **more)
        self.start(exec_id)
        return exec_id

    def kill(self, exec_id: str, number: int) -> None:
        asked = wire.KillExecRequest(
            request_id=drawn(), container_id="web", exec_id=exec_id, signal=str(number)
        )
        self._stub.KillExec(asked, timeout=PATIENCE_S)

    def wait(self, exec_id: str) -> wire.Exec:
        asked = wire.WaitExecRequest(container_id="web", exec_id=exec_id)
        return self._stub.WaitExec(asked, timeout=PATIENCE_S, wait_for_ready=True).exec

    def status(self, exec_id: str) -> wire.Exec:
        asked = wire.ExecStatusRequest(container_id="web", exec_id=exec_id)
        return self._stub.ExecStatus(asked, timeout=PATIENCE_S, wait_for_ready=True).exec

    def listed(self) -> list[wire.Exec]:
        asked = wire.ListExecsRequest(container_id="web")
        return [*self._stub.ListExecs(asked, timeout=PATIENCE_S).execs]

    def states(self) -> list[int]:
        return [one.state for one in self.listed()]


@pytest.fixture
def asked(conmand: Conmand) -> Asked:
    return Asked(conmand)


def left(conmand: Conmand) -> list[Path]:
    """What lies in RUN of execs."""
    return [*conmand.run.glob("shims/*/execs/*")]


def test_the_code_of_a_program_is_told(conmand: Conmand, asked: Asked) -> None:
    exec_id = asked.create("/bin/sh", "-c", "exit 7", env=["CODE=7"])
    assert asked.status(exec_id).state == wire.EXEC_CREATED
    asked.start(exec_id)
    ended = asked.wait(exec_id)
    assert (ended.state, ended.exit_code, ended.reason) == (wire.EXEC_EXITED, 7, "Error")
    assert 0 < ended.created_at <= ended.started_at <= ended.finished_at
    assert not left(conmand)


def test_a_signal_ends_it(asked: Asked) -> None:
    exec_id = asked.begin(*FOR_EVER)
    assert asked.status(exec_id).pid
    asked.kill(exec_id, signal.SIGKILL)
    assert asked.wait(exec_id).exit_code == 137


def test_its_time_is_over(asked: Asked) -> None:
    ended = asked.wait(asked.begin(*FOR_EVER, timeout_ms=50))
    assert (ended.exit_code, ended.reason) == (137, "TimedOut")


def test_one_that_is_not_there(conmand: Conmand, asked: Asked) -> None:
    exec_id = asked.create("/bin/nowhere")
    with pytest.raises(grpc.RpcError) as raised:
        asked.start(exec_id)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    ended = asked.status(exec_id)
    assert (ended.state, ended.exit_code) == (wire.EXEC_EXITED, 127)
    assert not left(conmand)


def test_both_in_one_call(conmand: Conmand, asked: Asked) -> None:
    """Its retry is told of the same one; what is not there is refused, and remembered."""
    request_id = drawn()
    exec_id = asked.create(*FOR_EVER, start=True, request_id=request_id)
    pid = asked.status(exec_id).pid
    assert pid
    conmand.kill()
    conmand.start()
    again = Asked(conmand)
    assert again.create(*FOR_EVER, start=True, request_id=request_id) == exec_id
    assert again.status(exec_id).pid == pid
    with pytest.raises(grpc.RpcError) as raised:
        again.create("/bin/nowhere", start=True)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert again.states() == [wire.EXEC_RUNNING, wire.EXEC_EXITED]


def test_it_goes_on_without_a_daemon(conmand: Conmand, asked: Asked) -> None:
    exec_id = asked.begin(*FOR_EVER)
    pid = asked.status(exec_id).pid
    conmand.kill()
    conmand.start()
    again = Asked(conmand)
    assert again.status(exec_id).pid == pid
    again.kill(exec_id, signal.SIGKILL)
    assert again.wait(exec_id).exit_code == 137


def test_its_end_is_known_although_no_daemon_saw_it(conmand: Conmand, asked: Asked) -> None:
    exec_id = asked.begin(*FOR_EVER)
    process = os.pidfd_open(asked.status(exec_id).pid)
    conmand.kill()
    signal.pidfd_send_signal(process, signal.SIGKILL)
    await_end(process)
    conmand.start()
    assert Asked(conmand).wait(exec_id).exit_code == 137
    assert not left(conmand)


def test_it_ends_with_its_container(conmand: Conmand, asked: Asked) -> None:
    running, new = asked.begin(*FOR_EVER), asked.create(*FOR_EVER)
    assert conmand.ctl("stop", "--timeout", "0", "web").json == {}
    assert asked.status(running).exit_code == 137
    with pytest.raises(grpc.RpcError) as raised:
        asked.status(new)
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


def test_its_end_is_told_while_its_container_is_stopped(conmand: Conmand, asked: Asked) -> None:
    """By the next daemon, too, which finishes the stop."""
    assert conmand.ctl("remove", "--force", "web").json == {}
    container_id = conmand.create("web", "/bin/sh", "-c", STUBBORN)
    log = f"{conmand.data}/containers/{container_id}/log"
    assert conmand.ctl("start", "web").json == {}
    await_content(log, lambda text: b"ready" in text)
    first, second = asked.begin(*FOR_EVER), asked.begin(*FOR_EVER)
    with conmand.begin_ctl("stop", "--timeout", "600", "web") as stopping:
        await_content(log, lambda text: b"asked" in text)
        os.kill(asked.status(first).pid, signal.SIGKILL)
        assert asked.wait(first).exit_code == 137
        conmand.kill()
        conmand.start()
        again = Asked(conmand)
        os.kill(again.status(second).pid, signal.SIGKILL)
        assert again.wait(second).exit_code == 137
        assert stopping.poll() is None
        os.kill(conmand.status("web")["pid"], signal.SIGKILL)
        assert stopping.wait(60) == 0
    assert not left(conmand)


def test_what_is_no_exec_is_refused(conmand: Conmand, asked: Asked) -> None:
    running = asked.begin(*FOR_EVER)
    for call, code in (
        (lambda: asked.start(running), grpc.StatusCode.FAILED_PRECONDITION),
        (lambda: asked.start(drawn()), grpc.StatusCode.NOT_FOUND),
        (lambda: asked.start("web"), grpc.StatusCode.INVALID_ARGUMENT),
        (lambda: asked.create(""), grpc.StatusCode.INVALID_ARGUMENT),
    ):
        with pytest.raises(grpc.RpcError) as raised:
            call()
        assert raised.value.code() is code
    assert asked.states() == [wire.EXEC_RUNNING]
