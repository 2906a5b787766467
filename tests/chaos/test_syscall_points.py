"""Real processes killed before a call that changes the world outside, with and without a power cut.

Some points of a few stories, spread evenly; `python -m scenarios sweep` has all of all. What each death leaves is
what a simulated one leaves too, and afterwards all is as told. Whether the object that counts calls sees them all
is asked first.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scenarios.replay_ids import find_single
from scenarios.stages.deaths import Death
from scenarios.stages.play import Played, play
from scenarios.story import Story
from scenarios.syscalls import preload, sweep

STORIES = ("create", "start", "stop-obedient", "remove-created")
#: Each so manieth point; over runc a play takes longer.
EVERY = {"fake": 15, "runc": 24}

pytestmark = pytest.mark.timeout(600)
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a disk in a file needs root")


@pytest.fixture(scope="module", autouse=True)
def counting() -> None:
    assert preload.missing() == ""


def problems(stage: str, story: Story, deaths: Sequence[Death]) -> list[str]:
    """Two at a time: most of a play is waiting for processes to begin and end."""

    def played(how: Death) -> Played:
        return play(story, stage, (str(how),))

    with ThreadPoolExecutor(2) as pool:
        plays = list(pool.map(played, deaths))
    return [f"{one.crashes[0]}: {one.problem}\n{one.log}" for one in plays if one.problem]


def deaths(story: Story, stage: str, *, is_cut: bool = False) -> list[Death]:
    """All points that can be killed at, in order: those that were the same in three plays.

    Of a daemon almost all are; a zygote that nobody needs is perhaps not yet in its cgroup when a play ends.
    """
    points = sweep.points(story, stage)
    passed, alike = (
        [one for one in which if Death(one.point, is_call=True).is_the_daemons]
        for which in (points.passed, points.alike)
    )
    assert len(alike) >= 0.9 * len(passed) > 0, (len(alike), len(passed))
    return sweep.deaths(story, points, cut=is_cut)


@pytest.mark.parametrize("stage", ["fake", pytest.param("runc", marks=pytest.mark.runc)])
@pytest.mark.parametrize("name", STORIES)
def test_killed_before_a_call(name: str, stage: str) -> None:
    story = find_single(name)
    assert problems(stage, story, deaths(story, stage)[:: EVERY[stage]]) == []


@ROOT
@pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="there is no mkfs.ext4 on PATH")
@pytest.mark.parametrize("name", STORIES)
def test_the_power_is_cut_before_a_call(name: str) -> None:
    story = find_single(name)
    every = deaths(story, "fake", is_cut=True)
    assert problems("fake", story, every[4 :: EVERY["fake"]]) == []


#: No content of a file is synced any more; names are.
NO_SYNC = """#!{python}
from conman.daemon.main import main
from conman.primitives import perform, shared_steps
perform._BY_TYPE[shared_steps.SyncFile] = lambda step: None
main()
"""


@ROOT
@pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="there is no mkfs.ext4 on PATH")
def test_a_cut_finds_a_sync_that_is_missing(tmp_path: Path) -> None:
    conmand = tmp_path / "conmand"
    conmand.write_text(NO_SYNC.format(python=sys.executable))
    conmand.chmod(0o755)
    crash = "cut:create-container/CommitCreated/after"
    assert play(find_single("create"), "fake", (crash,)).problem == ""
    found = play(find_single("create"), "fake", (crash,), str(conmand)).problem
    assert found.startswith("I9"), found
