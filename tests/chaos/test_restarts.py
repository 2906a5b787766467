"""`on-failure:3` on real processes: conmand killed between and in the restarts, and the count is right at the end.

The story is the explorer's (`restart-counted`), which knows every point; here each effect of an end and of a restart is
struck once, at another of the restarts each time, before, in its midst, after in turn; over runc elsewhere than over
fakerunc. With CONMAN_CHAOS=full every point. How often it ran is what the stage has seen of it, never conman's word.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scenarios.replay_ids import find_single
from scenarios.stages.all_stages import cannot, tail
from scenarios.stages.planted import conmand
from scenarios.stages.play import Played, play
from scenarios.stages.simulated import points

pytestmark = pytest.mark.timeout(900)
STAGES = ["fake", pytest.param("runc", marks=pytest.mark.runc)]
FULL = os.environ.get("CONMAN_CHAOS") == "full"
COUNTED = find_single("restart-counted")
SAGAS = ("settle", "start-container")
#: A death in a restart or before one, then one in the recovery from it.
TWICE = [
    ("settle/CommitExited/before@3", "recover/CommitExited/before"),
    ("start-container/CommitRunning/before@2", "recover/CommitRunning/after"),
    ("start-container/MountRootfs/after@3", "recover/CommitUndone/before"),
]


def selected(stage: str) -> list[str]:
    """Of each effect one place; over runc another one."""
    why = cannot()
    every = [
        one for one in points(COUNTED) if one.startswith(SAGAS) and (tail(one), stage) not in why
    ]
    effects: dict[str, list[str]] = {}
    for one in every:
        effects.setdefault(one.rpartition("/")[0], []).append(one)
    first = 1 if stage == "runc" else 0
    chosen = [_in_turn(its, number) for number, its in enumerate(effects.values(), first)]
    return every if FULL else chosen


def _in_turn(places: Sequence[str], number: int) -> str:
    """Of its restarts one, of the instants there one."""
    times = sorted({one.rpartition("@")[2] for one in places})
    time = times[number % len(times)]
    there = [one for one in places if one.endswith(f"@{time}")]
    return (there[0], there[len(there) // 2], there[-1])[(number + number // 3) % 3]


def problems(stage: str, deaths: Sequence[tuple[str, ...]]) -> list[str]:
    """Two at a time: most of a play is waiting for processes to begin and end."""
    with ThreadPoolExecutor(2) as pool:
        begun = [pool.submit(play, COUNTED, stage, each) for each in deaths]
        played = [each.result() for each in begun]
    return [f"{one.again}: {one.problem}\n{one.log}" for one in played if not _is_right(one)]


def _is_right(played: Played) -> bool:
    """All is as told, and of the four runs nothing lives: the container's directory is all that is left."""
    return not played.problem and [one.partition(" ")[0] for one in played.host] == ["directory"]


def test_a_fair_selection() -> None:
    """Each effect once, the last restart as well as the first, and over runc not the same."""
    assert not FULL, "then it is no selection"
    over_fake, over_runc = selected("fake"), selected("runc")
    for chosen in (over_fake, over_runc):
        assert {one.rpartition("@")[2] for one in chosen} >= {"1", "2", "3"}
        assert {one.partition("@")[0].rpartition("/")[2] for one in chosen} >= {"before", "after"}
    assert len(over_fake) == len(over_runc)
    assert not set(over_fake) & set(over_runc)


@pytest.mark.parametrize("stage", STAGES)
def test_killed_between_and_in_restarts(stage: str) -> None:
    assert problems(stage, [(one,) for one in selected(stage)]) == []


@pytest.mark.parametrize("stage", STAGES)
def test_killed_again_in_the_recovery(stage: str) -> None:
    assert problems(stage, TWICE) == []


#: A new daemon does not know how often each was restarted.
FORGETS = """
from conman.frozen import replace
from scenarios.museum.exhibit import Replaced

def without_counts(original, ledger, stored):
    original(ledger, replace(stored, containers=tuple(replace(row, restart_count=0) for row in stored.containers)))

PATCHES = (Replaced("conman.core.ledger.Ledger.__init__", without_counts),)
"""


def test_a_daemon_that_begins_to_count_anew(tmp_path: Path) -> None:
    """The stage has seen more runs than are told."""
    bug = tmp_path / "bug.py"
    bug.write_text(FORGETS)
    with conmand(str(bug)) as program:
        played = play(COUNTED, "fake", ("settle/CommitExited/after@2",), program)
    assert "3 restarts of web are told, and 4 were seen" in played.problem
