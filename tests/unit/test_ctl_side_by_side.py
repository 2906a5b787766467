"""Several containers at once, for people: what each is told, in which order, and how it ends early."""

import os
import signal
import subprocess
import sys
import threading

import grpc
import pytest

from conman.ctl import cli
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.stub_conmand import StubConmand, conmand, refuse

__all__ = ["conmand"]

ENTRY = "from conman.ctl.main import main; main()"
ID = "78f5f5f88847465c90c7124b8c7e3ea6"


def conmanctl(stub: StubConmand, *words: str) -> int:
    return cli.run(["--address", stub.path, *words])


@pytest.mark.parametrize(
    ("words", "method"),
    [
        ("stop -t 2", "StopContainer"),
        ("rm -f", "RemoveContainer"),
        ("restart -t 2", "StopContainer"),
    ],
)
def test_all_are_asked_at_once(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str], words: str, method: str
) -> None:
    barrier = threading.Barrier(3, timeout=20)

    def behave(request: object, _context: object) -> object:
        barrier.wait()
        return getattr(wire, f"{method}Response")()

    conmand.behave[method] = behave
    assert conmanctl(conmand, *words.split(), "a", "b", "c") == 0
    assert capsys.readouterr() == ("a\nb\nc\n", "")


def test_they_are_told_in_the_order_of_the_names(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    last_is_done = threading.Event()
    absent = refuse(grpc.StatusCode.NOT_FOUND, "there is no container b.")
    hung = refuse(grpc.StatusCode.INTERNAL, "d hangs.")

    def behave(request: wire.StopContainerRequest, context: grpc.ServicerContext) -> object:
        if request.container_id == "a":
            assert last_is_done.wait(20)
        if request.container_id == "b":
            return absent(request, context)
        if request.container_id == "d":
            last_is_done.set()
            return hung(request, context)
        return wire.StopContainerResponse()

    conmand.behave["StopContainer"] = behave
    assert conmanctl(conmand, "stop", "a", "b", "c", "d") == 1
    assert capsys.readouterr() == (
        "a\nc\n",
        "conmanctl: there is no container b.\nconmanctl: d hangs.\n",
    )
    sent = conmand.requests("StopContainer")
    assert len({request.request_id for request in sent}) == 4


def test_for_scripts_one_after_the_other(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    under_way = threading.Semaphore(1)

    def behave(_request: object, _context: object) -> wire.StopContainerResponse:
        assert under_way.acquire(blocking=False)
        under_way.release()
        return wire.StopContainerResponse()

    conmand.behave["StopContainer"] = behave
    assert conmanctl(conmand, "container", "stop", "a", "b", "c") == 0
    assert capsys.readouterr().out == "{}\n" * 3
    assert [each.container_id for each in conmand.requests("StopContainer")] == ["a", "b", "c"]


def test_that_nobody_answers_is_said_once(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    conmand.stop()
    assert conmanctl(conmand, "--connect-timeout", "0.3", "stop", "a", "b", "c") == 1
    out, err = capsys.readouterr()
    waiting, given_up = err.splitlines()
    assert out == ""
    assert waiting.endswith("(trying for up to 0.3 s)")
    assert given_up.startswith("conmanctl: gave up: nobody answers at")


def test_an_interrupt_ends_all(conmand: StubConmand) -> None:
    begun, over = threading.Barrier(4, timeout=20), threading.Event()

    def behave(_request: object, _context: object) -> wire.StopContainerResponse:
        begun.wait()
        over.wait(20)
        return wire.StopContainerResponse()

    conmand.behave["StopContainer"] = behave
    words = ["--address", conmand.path, "stop", "a", "b", "c"]
    with subprocess.Popen(
        [sys.executable, "-c", ENTRY, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        begun.wait()
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)
    over.set()
    assert (process.returncode, out, err) == (130, b"", b"")


def restartable(**config: bool) -> wire.InspectContainerResponse:
    return wire.InspectContainerResponse(
        status=wire.ContainerStatus(container_id=ID, name="web", state=wire.RUNNING),
        config=wire.CreateContainerRequest(name="web", **config),
    )


@pytest.mark.parametrize(
    ("words", "timeout_ms"), [([], None), (["-t", "0"], 0), (["--time", "2.5"], 2500)]
)
def test_a_restart_is_a_stop_and_a_start(
    conmand: StubConmand,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    timeout_ms: int | None,
) -> None:
    conmand.behave["InspectContainer"] = lambda *_: restartable()
    assert conmanctl(conmand, "restart", *words, "web") == 0
    assert capsys.readouterr() == ("web\n", "")
    for _, request in conmand.asked[1:]:
        assert len(request.request_id) == 32
        request.ClearField("request_id")
    assert conmand.asked == [
        ("InspectContainer", wire.InspectContainerRequest(container_id="web")),
        ("StopContainer", wire.StopContainerRequest(container_id=ID, timeout_ms=timeout_ms)),
        ("StartContainer", wire.StartContainerRequest(container_id=ID)),
    ]


def test_what_a_stop_would_remove_is_not_restarted(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    conmand.behave["InspectContainer"] = lambda *_: restartable(auto_remove=True)
    assert conmanctl(conmand, "restart", "web") == 1
    assert "web cannot be restarted: it was created with --rm" in capsys.readouterr().err
    assert [name for name, _ in conmand.asked] == ["InspectContainer"]


def test_what_cannot_be_stopped_is_not_started(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    conmand.behave["InspectContainer"] = lambda *_: restartable()
    conmand.behave["StopContainer"] = refuse(grpc.StatusCode.INTERNAL, "it does not end.")
    assert conmanctl(conmand, "restart", "web", "web") == 1
    assert capsys.readouterr() == ("", "conmanctl: it does not end.\n" * 2)
    assert conmand.requests("StartContainer") == []
