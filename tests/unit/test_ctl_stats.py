"""`conmanctl stats` and `top`: docker's columns, from two looks and from one."""

import json
import time

import pytest

from conman.ctl import cli
from conman.ctl.amounts import memory, percent, traffic
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.stub_conmand import StubConmand, conmand

__all__ = ["conmand"]

NS = 1_000_000_000
ID = "78f5f5f88847465c90c7124b8c7e3ea6"
MIB = 1024 * 1024


def conmanctl(stub: StubConmand, *words: str) -> int:
    return cli.run(["--address", stub.path, *words])


@pytest.fixture
def used(conmand: StubConmand) -> StubConmand:
    """A container that takes half a processor; another that does not run."""
    looks = 0

    def told(_request: object, _context: object) -> wire.StatsResponse:
        nonlocal looks
        looks += 1
        usage = wire.Usage(
            at=looks * NS,
            cpu_ns=looks * NS // 2,
            memory_bytes=3 * MIB,
            memory_limit_bytes=12 * MIB,
            pids=4,
            read_bytes=5_000_000,
            written_bytes=999_600,
            received_bytes=12,
        )
        one = wire.ContainerStats(container_id=ID, name="web", state=wire.RUNNING, usage=usage)
        other = wire.ContainerStats(container_id="0" * 32, name="db", state=wire.EXITED)
        return wire.StatsResponse(containers=[one, other])

    conmand.behave["Stats"] = told
    return conmand


def test_a_table_of_two_looks(used: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    assert conmanctl(used, "stats", "--no-stream", "-a") == 0
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert shown == [
        "CONTAINER ID NAME CPU % MEM USAGE / LIMIT MEM % NET I/O BLOCK I/O PIDS",
        f"{ID[:12]} web 50.00% 3MiB / 12MiB 25.00% 12B / 0B 5MB / 1000kB 4",
        "000000000000 db -- -- -- -- -- --",
    ]
    assert used.requests("Stats") == [wire.StatsRequest(all=True)] * 2


def test_fields(used: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        conmanctl(used, "stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.CPUPerc}}")
        == 0
    )
    assert capsys.readouterr().out == f"{ID} 50.00%\n{'0' * 32} --\n"


def test_counters_for_scripts(used: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    assert conmanctl(used, "container", "stats", "--no-stream", "web") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["containers"][0]["usage"]["cpuNs"] == str(NS // 2)
    assert used.requests("Stats") == [wire.StatsRequest(container_ids=["web"])]


def test_a_field_that_is_none(used: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    assert conmanctl(used, "stats", "--no-stream", "--format", "{{.Cpu}}") == 2
    assert "--format knows no .Cpu" in capsys.readouterr().err


def test_amounts() -> None:
    assert [memory(n) for n in (0, 1023, 1024, 1536, 1023 * 1024, 1024**3 * 15 + 1)] == [
        "0B", "1023B", "1KiB", "1.5KiB", "1023KiB", "15GiB",
    ]  # fmt: skip
    assert [traffic(n) for n in (0, 999, 1000, 1234, 999_600, 2**62)] == [
        "0B", "999B", "1kB", "1.23kB", "1000kB", "4.61EB",
    ]  # fmt: skip
    assert [percent(1, 3), percent(1, 0), percent(0, -1)] == ["33.33%", "0.00%", "0.00%"]


def test_top(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    now = time.time_ns()
    process = wire.Process(
        pid=42, ppid=7, uid=0, state="S", started_at=now - 4 * NS, cpu_ns=2 * NS, command="sh -c x"
    )
    stranger = wire.Process(
        pid=43,
        ppid=42,
        uid=4_000_000_000,
        started_at=1,
        cpu_ns=3661 * NS,
        tty="pts/1",
        command="\x1b",
    )
    conmand.behave["Top"] = lambda *_: wire.TopResponse(processes=[process, stranger])
    assert conmanctl(conmand, "top", "web") == 0
    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert first.split()[:3] + first.split()[5:] == [
        "root",
        "42",
        "7",
        "?",
        "00:00:02",
        "sh",
        "-c",
        "x",
    ]
    assert int(first.split()[3]) in range(20, 51)
    assert second.split() == ["4000000000", "43", "42", "0", "Jan01", "pts/1", "01:01:01", "\\x1b"]


def test_top_for_scripts(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    assert conmanctl(conmand, "container", "top", "web") == 0
    assert json.loads(capsys.readouterr().out) == {"processes": []}
