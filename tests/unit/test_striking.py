"""What strikes a life is that life's alone: nothing of an earlier one counts as its own, nor spares it."""

import subprocess
from pathlib import Path

import pytest

from scenarios.stages import striking
from scenarios.stages.daemon import Daemon
from scenarios.stages.deaths import death
from scenarios.stages.faulty_runtime import Fake
from scenarios.stages.real_host import RealHost
from scenarios.stages.striking import Striking

ONCE, PROCESSES = "SYSCALL_POINTS_ONCE", "SYSCALL_POINTS_PROCESSES"


@pytest.fixture
def strikes(tmp_path: Path) -> Striking:
    daemon = Daemon(tmp_path, "--runtime", "fakerunc")
    return Striking(daemon, RealHost(daemon, "fakerunc"), "fakerunc", ())


def test_a_life_that_was_struck_says_nothing_of_the_next(strikes: Striking) -> None:
    first, second = death("fails:EIO:store@7"), death("fails:EIO:store@9")
    Path(strikes.armed(first)[ONCE]).touch()
    assert strikes.has_struck(first)
    assert not Path(strikes.armed(second)[ONCE]).exists()
    assert not strikes.has_struck(second)


def test_each_life_counts_its_processes_anew(strikes: Striking, tmp_path: Path) -> None:
    armed = [strikes.armed(death("call:conman-shim@1")) for _ in range(2)]
    places = [Path(one[PROCESSES]) for one in (*armed, strikes.counted(tmp_path / "log"))]
    assert len({*places}) == 3
    assert all(one.is_dir() for one in places)


def test_each_life_has_a_full_disk_for_as_long_as_the_first(
    strikes: Striking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ballast, now = tmp_path / "ballast", [100.0]
    monkeypatch.setattr(striking, "monotonic", lambda: now[0])
    for _ in range(2):
        strikes.armed(death("full:ext4:store@7"))
        ballast.touch()
        strikes.time_passes()
        assert ballast.exists()
        now[0] += 10.0
        strikes.time_passes()
        assert not ballast.exists()


def test_a_runtime_dies_twice_at_the_same_place(tmp_path: Path) -> None:
    """Once a life, and only if it comes there."""
    runtime = Fake(tmp_path, tmp_path / "r")
    words = (runtime.path, "--root", tmp_path / "r/runtime", "delete", "nobody")
    seen = list[tuple[int, bool]]()
    for is_called in (True, False, True):
        runtime.arm("delete@begin")
        code = subprocess.run(words, check=False).returncode if is_called else 0
        seen.append((code, runtime.disarm()))
    assert seen == [(-9, True), (0, False), (-9, True)]
