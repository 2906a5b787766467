"""conmanctl on a terminal: tables as wide as it is, colours where it has them, a question that is answered."""

import re
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from conman.wire.v1 import conman_pb2 as wire
from tests.unit.one_terminal import terminal
from tests.unit.stub_conmand import StubConmand, conmand

__all__ = ["conmand"]

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
NS = 1_000_000_000


def many(_request: object, _context: object) -> wire.ListContainersResponse:
    now = time.time_ns()
    detail = wire.ContainerDetail(started_at=now - 90 * NS, command="sh", args=["-c", "x" * 200])
    ended = wire.ContainerDetail(finished_at=now - 90 * NS, exit_code=1, command="käse", args=["ö"])
    return wire.ListContainersResponse(
        containers=[
            wire.ContainerSummary(
                id=f"{number}".ljust(32, "0"),
                name="a-rather-long-name-" * 3 + str(number),
                created_at=now - 3600 * NS,
                state=state,
                detail=ended if state == wire.EXITED else detail,
            )
            for number, state in enumerate((wire.RUNNING, wire.EXITED, wire.PAUSED))
        ]
    )


def shown(stub: StubConmand, *words: str, **more: object) -> list[str]:
    with terminal(stub.path, *words, **more) as one:
        lines = one.ends().splitlines()
        assert one.process.returncode == 0
        return lines


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_a_table_fits(conmand: StubConmand, columns: int) -> None:
    conmand.behave["ListContainers"] = many
    lines = [ESCAPE.sub("", line) for line in shown(conmand, "ps", "-a", columns=columns)]
    assert len(lines) == 4
    assert max(map(len, lines)) <= columns
    assert lines[1].startswith("200000000000 ")
    # Names give way first, then what else can.
    assert lines[1].endswith("…") is (columns < 200)
    starts = [line.index("Up" if "Up" in line else "Exited") for line in lines[1:]]
    assert starts == [lines[0].index("STATUS")] * 3


def test_no_trunc_is_as_wide_as_it_must_be(conmand: StubConmand) -> None:
    """The ids are never cut; what else there is gives way."""
    conmand.behave["ListContainers"] = many
    lines = [ESCAPE.sub("", line) for line in shown(conmand, "ps", "-a", "--no-trunc", columns=120)]
    assert all(len(line.split()[0]) == 32 for line in lines[1:])
    assert max(map(len, lines)) <= 120


def test_colours(conmand: StubConmand) -> None:
    conmand.behave["ListContainers"] = many
    header, paused, exited, running = shown(conmand, "ps", "-a", columns=200)
    assert header.startswith("\x1b[1mCONTAINER ID")
    assert "\x1b[33mUp About a minute (Paused)\x1b[0m" in paused
    assert "\x1b[31mExited (1) About a minute ago\x1b[0m" in exited
    assert "\x1b[32mUp About a minute\x1b[0m" in running


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours(conmand: StubConmand, environ: dict[str, str]) -> None:
    conmand.behave["ListContainers"] = many
    assert not any(ESCAPE.search(line) for line in shown(conmand, "ps", "-a", environ=environ))


def test_a_terminal_that_knows_no_ellipsis(conmand: StubConmand) -> None:
    conmand.behave["ListContainers"] = many
    environ = {"PYTHONIOENCODING": "ascii:backslashreplace", "NO_COLOR": "1"}
    lines = shown(conmand, "ps", columns=60, environ=environ)
    assert lines[1].isascii()
    assert "..." in lines[1]
    assert max(map(len, lines)) <= 60


def test_prune_asks_and_is_answered(conmand: StubConmand) -> None:
    conmand.behave["ListContainers"] = many
    with terminal(conmand.path, "prune") as one:
        one.screen.expect_exact("Are you sure? [y/N] ")
        assert conmand.asked == []
        one.screen.sendline("y")
        one.ends()
    assert len(conmand.requests("RemoveContainer")) == 3


def test_interrupted_events_end_quietly(conmand: StubConmand) -> None:
    never = threading.Event()

    def told(_request: object, _context: object) -> Iterator[wire.Event]:
        yield wire.Event(sequence=1, at=1, container_id="a" * 32, name="web", kind="started", run=1)
        never.wait(30)

    conmand.behave["Events"] = told
    with terminal(conmand.path, "events", "--after", "0") as one:
        one.screen.expect_exact("sequence=1)\r\n")
        one.process.send_signal(signal.SIGINT)
        assert one.ends() == ""
        assert one.process.returncode == 130
    never.set()
