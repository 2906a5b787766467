"""`make load`, each part small: figures, good verdicts, and that a verdict can be bad.

The parts' own promises are held at full size by hand (`make load`); here the program itself is.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import load
from benchmarks.loads import stage as stages
from benchmarks.loads.lives import _judge
from benchmarks.loads.process import Size, size
from benchmarks.loads.report import Report
from benchmarks.loads.stage import at_once, stage, told_to

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize(
    ("part", "scale", "figures"),
    [
        ("clients", "0.005", ["16 clients x 1 containers", "create", "list", "remove"]),
        ("patience", "0.8", ["the slow stop, of 8 s", "beside it: list", "beside it: create"]),
        ("thousand", "0.008", ["restart, to the first right answer", "memory of a shim among 8"]),
        ("lives", "0.001", ["40 create + remove", "conmand after 40"]),
    ],
)
def test_each_part_is_good_and_says_so(part: str, scale: str, figures: list[str]) -> None:
    words = ("--parts", part, "--scale", scale, "--runtime", "fakerunc")
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (ran.returncode, f"{part}: good" in ran.stdout) == (0, True), ran.stdout + ran.stderr
    assert [figure for figure in figures if figure not in ran.stdout] == []


def test_what_is_left_or_refused_is_a_problem() -> None:
    report = Report("bad")
    with stage("fakerunc", report) as conmand:
        at_once(1, conmand, lambda _, client: (client.start(client.create("left")), None)[1])
        with conmand.client() as client, told_to(report, "a start"):
            client.start("nobody")
        place = conmand.place
    told = "\n".join(report.lines())
    for what in ("a start: NOT_FOUND", "containers are still listed", "left: shim", "left: run"):
        assert what in told
    assert not report.is_good
    assert not stages.census(place)


def test_a_daemon_that_dies_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def part(report: Report, _scale: float, runtime: str) -> None:
        with stage(runtime, report) as conmand:
            os.kill(conmand.pid, signal.SIGKILL)
            os.waitid(os.P_PID, conmand.pid, os.WEXITED | os.WNOWAIT)
            size(conmand.pid)

    monkeypatch.setitem(load.PARTS, "lives", (part, "fakerunc"))
    assert not load.perform("lives", 1.0, "")
    assert "PROBLEM, 1 times: conmand died" in capsys.readouterr().out


def test_a_daemon_that_grows_is_a_problem() -> None:
    def judged(descriptors: int, memory_kib: int) -> bool:
        report = Report("grown")
        calm = Size(20, 10, 30_000)
        sizes = {0: calm, 1000: calm, 5000: calm, 10_000: Size(descriptors, 10, memory_kib)}
        _judge(sizes, report)
        return report.is_good

    assert judged(28, 34_096)
    assert not judged(29, 30_000)
    assert not judged(20, 34_097)
