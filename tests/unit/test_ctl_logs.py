"""`conmanctl logs`: bytes as they are, through restarts of conmand, each once."""

import base64
import json
import threading
import time
from collections.abc import Iterator

import grpc
import pytest

from conman.ctl import cli
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.stub_conmand import StubConmand, conmand, refuse

__all__ = ["conmand"]

AT = 1_475_716_217_000_000_042
TIME = "2016-10-06T01:10:17.000000042Z "


def conmanctl(stub: StubConmand, *words: str) -> int:
    return cli.run(["--address", stub.path, *words])


def chunk(content: bytes, stream: str = "stdout") -> wire.LogChunk:
    partial = not content.endswith(b"\n")
    return wire.LogChunk(time=AT, stream=stream, content=content, partial=partial)


def saying(stub: StubConmand, *chunks: wire.LogChunk) -> None:
    stub.behave["Logs"] = lambda *_: iter([wire.LogsResponse(chunks=chunks, position="1:9")])


def test_bytes_as_they_are(conmand: StubConmand, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    saying(conmand, chunk(b"\xff\0\r\n"), chunk(b"err", "stderr"), chunk(b"\x1b[31m"))
    assert conmanctl(conmand, "logs", "web") == 0
    assert capfdbinary.readouterr() == (b"\xff\0\r\n\x1b[31m", b"err")
    assert conmand.requests("Logs") == [wire.LogsRequest(container_id="web")]


def test_times_stand_before_lines(conmand: StubConmand, capfd: pytest.CaptureFixture[str]) -> None:
    saying(
        conmand, chunk(b"a\nb"), chunk(b"x\n", "stderr"), chunk(b"c"), chunk(b"d\n"), chunk(b"\n\n")
    )
    assert conmanctl(conmand, "logs", "-t", "web") == 0
    out, err = capfd.readouterr()
    assert out == f"{TIME}a\n{TIME}bcd\n{TIME}\n{TIME}\n"
    assert err == f"{TIME}x\n"


def test_for_scripts(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    saying(conmand, chunk(b"\xff\n"))
    assert conmanctl(conmand, "container", "logs", "web") == 0
    told = json.loads(capsys.readouterr().out)
    assert base64.b64decode(told.pop("content")) == b"\xff\n"
    assert told == {"time": str(AT), "stream": "stdout", "partial": False}


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        ("-f", {"follow": True}),
        ("--follow --tail 0", {"follow": True, "tail": 0}),
        ("-n 5 --stdout", {"tail": 5, "stdout": True}),
        ("--tail -1", {}),
        ("--tail all --stderr", {"stderr": True}),
        (
            "--since 1769860800 --until 1769860801.5",
            {"since": 1769860800 * 10**9, "until": 17698608015 * 10**8},
        ),
        ("-f --until 5", {"until": 5 * 10**9}),
    ],
)
def test_what_is_asked(conmand: StubConmand, words: str, request_: dict[str, object]) -> None:
    assert conmanctl(conmand, "logs", *words.split(), "web") == 0
    assert conmand.requests("Logs") == [wire.LogsRequest(container_id="web", **request_)]


def test_it_goes_on_after_the_last_position(
    conmand: StubConmand, capfd: pytest.CaptureFixture[str]
) -> None:
    ending = refuse(grpc.StatusCode.UNAVAILABLE, "conmand ends.")

    def told(
        request: wire.LogsRequest, context: grpc.ServicerContext
    ) -> Iterator[wire.LogsResponse]:
        seen = int(request.position or "0")
        for number in (seen + 1, seen + 2):
            yield wire.LogsResponse(chunks=[chunk(b"%d\n" % number)], position=str(number))
        if seen < 4:
            ending(request, context)

    conmand.behave["Logs"] = told
    assert conmanctl(conmand, "logs", "-f", "web") == 0
    assert capfd.readouterr().out == "1\n2\n3\n4\n5\n6\n"
    assert [request.position for request in conmand.requests("Logs")] == ["", "2", "4"]


def test_a_gap_is_said(conmand: StubConmand, capfd: pytest.CaptureFixture[str]) -> None:
    conmand.behave["Logs"] = lambda *_: iter([wire.LogsResponse(gap=True, position="5:0")])
    assert conmanctl(conmand, "logs", "web") == 0
    assert "removed by its rotation before it could be read" in capfd.readouterr().err


def test_until_a_moment_to_come(conmand: StubConmand) -> None:
    """Nobody ends the stream; it ends by itself, when that moment has come."""
    never = threading.Event()

    def told(_request: object, _context: object) -> Iterator[wire.LogsResponse]:
        never.wait(30)
        yield from ()

    conmand.behave["Logs"] = told
    until = time.time() + 0.5
    assert conmanctl(conmand, "logs", "-f", "--until", f"{until:.3f}", "web") == 0
    assert time.time() >= until - 0.1
    never.set()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--tail -2 web", "'-2' is no number of lines"),
        ("--tail some web", "'some' is no number of lines"),
        ("--since yesterday web", "'yesterday' is no time"),
        ("", "Missing argument 'CONTAINER'"),
        ("a b", "unexpected extra argument"),
    ],
)
def test_wrong_usage(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str], words: str, complaint: str
) -> None:
    assert conmanctl(conmand, "logs", *words.split()) == 2
    assert complaint in capsys.readouterr().err
    assert conmand.asked == []
