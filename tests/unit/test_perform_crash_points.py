"""Crash points: what is armed, counted, disarmed, refused."""

import os
import signal
from pathlib import Path

import pytest

from conman.primitives.crash_points import CrashPoints, UnknownCrashPoint

KNOWN = ("create/MountRootfs/before", "create/MountRootfs/during:2", "shim/bind/after")


def points(text: str, tmp_path: Path) -> CrashPoints:
    return CrashPoints(text, KNOWN, str(tmp_path))


def test_nothing_is_armed_by_nothing(tmp_path: Path) -> None:
    for text in ("", " ", ",", " , "):
        assert not any(points(text, tmp_path).reached(name) for name in KNOWN)


def test_the_nth_passing_is_the_one(tmp_path: Path) -> None:
    armed = points("shim/bind/after@3, create/MountRootfs/before", tmp_path)
    assert [armed.reached(KNOWN[2]) for _ in range(5)] == [False, False, True, False, False]
    assert [armed.reached(KNOWN[0]) for _ in range(2)] == [True, False]
    assert not armed.reached(KNOWN[1])


def test_what_has_crashed_is_disarmed_for_whoever_comes_after(tmp_path: Path) -> None:
    text = "shim/bind/after@1,shim/bind/after@2"
    assert points(text, tmp_path).reached(KNOWN[2])
    again = points(text, tmp_path)
    assert [again.reached(KNOWN[2]) for _ in range(3)] == [False, True, False]
    assert not any(points(text, tmp_path).reached(KNOWN[2]) for _ in range(3))


def test_of_several_at_once_one_is_killed(tmp_path: Path) -> None:
    first, second = points("shim/bind/after", tmp_path), points("shim/bind/after", tmp_path)
    assert [second.reached(KNOWN[2]), first.reached(KNOWN[2])] == [True, False]


@pytest.mark.parametrize("directory", ["", "elsewhere"])
def test_it_dies_by_sigkill_with_its_mark_made(tmp_path: Path, directory: str) -> None:
    place = tmp_path / directory
    place.mkdir(exist_ok=True)
    pid = os.fork()
    if pid == 0:
        try:
            points("shim/bind/after", place).passes(KNOWN[2])
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert os.listdir(place) == ["crashed-shim.bind.after@1"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("create/MountRootfs/befor", "'create/MountRootfs/before'"),
        ("create/MountRootfs/during:3", "'create/MountRootfs/during:2'"),
        ("zzz", "there is no crash point 'zzz'"),
        ("shim/bind/after@0", "a number from 1 on"),
        ("shim/bind/after@", "a number from 1 on"),
        ("shim/bind/after@x", "a number from 1 on"),
        ("shim/bind/after,nope", "'nope'"),
    ],
)
def test_what_cannot_happen_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UnknownCrashPoint, match=r"crash point|number") as refused:
        points(text, tmp_path)
    assert says in str(refused.value)
