"""Real processes killed before a call that changes the world outside, with and without a power cut.

Some points of a few stories that have all sagas, spread evenly; `make chaos` has all of all. What each death leaves
is what a simulated one leaves too, and afterwards all is as told. Whether the object that counts calls sees them all
is asked first.
"""

import os
import shutil
from collections.abc import Sequence
from functools import cache

import pytest

from scenarios.replay_ids import find_single
from scenarios.stages.deaths import By, Death, With
from scenarios.stages.planted import conmand
from scenarios.stages.play import play
from scenarios.story import Story
from scenarios.syscalls import preload, sweep
from scenarios.syscalls.sweep import Points

STORIES = ("whole-life", "kill", "pause", "unpause", "update-exited", "rename")
#: Each so manieth point, from the second on: over fakerunc, and over runc.
EVERY = {"fake": slice(1, None, 24), "runc": slice(13, None, 48)}

pytestmark = pytest.mark.timeout(600)
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a disk in a file needs root")


@pytest.fixture(scope="module", autouse=True)
def counting() -> None:
    assert preload.missing() == ""


def problems(stage: str, story: Story, deaths: Sequence[Death]) -> list[str]:
    plays = [play(story, stage, (str(how),)) for how in deaths]
    return [f"{one.crashes[0]}: {one.problem}\n{one.log}" for one in plays if one.problem]


@cache
def points(story: Story, stage: str) -> Points:
    """Those that were the same in three plays can be killed at; no two have the same name.

    Of a daemon almost all are; a zygote that nobody needs is perhaps not yet in its cgroup when a play ends.
    """
    found = sweep.points(story, stage)
    assert len({one.point for one in found.passed}) == len(found.passed)
    passed, alike = (
        [one for one in which if Death(one.point, By.CALL).is_the_daemons]
        for which in (found.passed, found.alike)
    )
    assert len(alike) >= 0.9 * len(passed) > 0, (len(alike), len(passed))
    return found


@pytest.mark.parametrize("stage", ["fake", pytest.param("runc", marks=pytest.mark.runc)])
@pytest.mark.parametrize("name", STORIES)
def test_killed_before_a_call(name: str, stage: str) -> None:
    story = find_single(name)
    every = sweep.deaths(story, points(story, stage))
    assert problems(stage, story, every[EVERY[stage]]) == []


@ROOT
@pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="there is no mkfs.ext4 on PATH")
@pytest.mark.parametrize("name", STORIES)
def test_the_power_is_cut_before_a_call(name: str) -> None:
    story = find_single(name)
    every = sweep.deaths(story, points(story, "fake"), With.CUT)
    assert problems("fake", story, every[EVERY["fake"]]) == []


@ROOT
@pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="there is no mkfs.ext4 on PATH")
def test_a_cut_finds_a_sync_that_is_missing() -> None:
    crash = ("cut:create-container/CommitCreated/after",)
    assert play(find_single("create"), "fake", crash).problem == ""
    with conmand("plants/layer-content-sync.py") as planted:
        found = play(find_single("create"), "fake", crash, planted).problem
    assert found.startswith("I9"), found
