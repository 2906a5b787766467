"""Which names CONMAN_CRASH_AT takes, and that they are those which the driver passes."""

import subprocess
import sys
from pathlib import Path

import pytest

from conman.core.points import SAGAS, CrashPointNames, effects
from conman.engine.crash_points import crash_points
from conman.errors import ConfigError

NAMES = CrashPointNames()


@pytest.mark.parametrize(
    "name",
    [
        "create-container/MountRootfs/during:1",
        "create-container/MountRootfs/during:2",
        "create-container/CopyRootfs/during:4",
        "start-container/CommitRunning/before",
        "stop-container/ReopenStore/after",
        "settle/EndShim#2/during:5",
        "recover/EndShim#12/before",
        "garbage/LookAtHost/after",
    ],
)
def test_a_name(name: str) -> None:
    assert name in NAMES


@pytest.mark.parametrize(
    "name",
    [
        "",
        "create-container",
        "create-container/MountRootfs",
        "create-container/MountRootfs/during:0",
        "create-container/MountRootfs/during:3",
        "create-container/MountRootfs#1/before",
        "create-container/MountRootfs#/before",
        "create-container/MountRootfs#x/before",
        "create-container/Commit/before",
        "create-container/HostEffect/before",
        "create-container/AwaitExit/before",
        "start-container/CommitRunning/during:1",
        "create/MountRootfs/before",
    ],
)
def test_no_name(name: str) -> None:
    assert name not in NAMES


def test_all_that_are_listed_are_names_and_every_saga_has_every_effect() -> None:
    listed = list(NAMES)
    assert listed == sorted(set(listed))
    assert len(listed) == len(NAMES) > 900
    assert all(name in NAMES for name in listed)
    assert {tuple(name.split("/")[:2]) for name in listed} == {
        (saga, effect) for saga in SAGAS for effect in effects()
    }


def test_the_longest_recipe_counts() -> None:
    assert effects()["EndMembers"] == 2
    assert effects()["RemoveCgroup"] == 2
    assert effects()["CommitCreated"] == 0


def test_an_unknown_name_is_refused_and_the_nearest_told(tmp_path: Path) -> None:
    armed = {"CONMAN_CRASH_AT": "create-container/MountRootf/after"}
    with pytest.raises(ConfigError, match="nearest is 'create-container/MountRootfs/after'"):
        crash_points(armed, str(tmp_path))


def test_nothing_is_armed_without_the_variable(tmp_path: Path) -> None:
    assert not crash_points({}, str(tmp_path)).reached("anything/at/all")


def test_the_second_passing_kills_and_only_once(tmp_path: Path) -> None:
    name = "create-container/MountRootfs/after"
    program = (
        "import os; from conman.engine.crash_points import crash_points\n"
        f"points = crash_points(os.environ, {str(tmp_path)!r})\n"
        f"for number in (1, 2, 3): points.passes({name!r}); print(number, flush=True)\n"
    )
    lives: list[tuple[int, str]] = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"CONMAN_CRASH_AT": f"{name}@2", "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=False,
        )
        lives.append((done.returncode, done.stdout))
    assert lives == [(-9, "1\n"), (0, "1\n2\n3\n")]
