"""The stories of the simulator on real processes: over fakerunc, and as root over the real runc.

All that a stage can play is played there once, undisturbed: the same clients, the same oracle, sagas that the
simulator has too, and a fresh machine that does the same from what was recorded. Then a few are killed where
the most is at stake; `python -m scenarios play --stage runc` does so at every point.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from scenarios.replay_ids import find_single
from scenarios.stages.all_stages import cannot
from scenarios.stages.play import play
from scenarios.stories.all_stories import STORIES

pytestmark = pytest.mark.timeout(600)

STAGES = ["fake", pytest.param("runc", marks=pytest.mark.runc)]
#: Over runc some stand for all.
OVER_RUNC = (
    "stop-obedient",
    "pause-then-exit",
    "out-of-memory",
    "shim-dies",
    "run-removed",
    "update",
)
#: A story, and the point of each life but the last.
KILLED = [
    ("create", ("create-container/RuntimeCreate/after",)),
    ("start", ("start-container/RuntimeStart/after",)),
    ("stop-obedient", ("stop-container/SignalInit/after", "recover/EndMembers/after")),
    ("kill", ("settle/UnmountRootfs/before",)),
    ("remove-force", ("remove-container/CommitRemoved/before",)),
    ("pause", ("pause-container/Freeze/during:1",)),
]


def problems(stage: str, plays: "list[tuple[str, tuple[str, ...]]]") -> list[str]:
    """Two at a time: most of a play is waiting for processes to begin and end."""
    with ThreadPoolExecutor(2) as pool:
        played = list(pool.map(lambda one: play(find_single(one[0]), stage, one[1]), plays))
    return [f"{p.story.name} {p.crashes}: {p.problem}\n{p.log}" for p in played if p.problem]


@pytest.mark.parametrize("stage", STAGES)
def test_every_story_undisturbed(stage: str) -> None:
    names = [story.name for story in STORIES if (story.name, stage) not in cannot()]
    chosen = [name for name in names if stage != "runc" or name in OVER_RUNC]
    assert problems(stage, [(name, ()) for name in chosen]) == []


@pytest.mark.parametrize("stage", STAGES)
def test_killed_where_the_most_is_at_stake(stage: str) -> None:
    assert problems(stage, KILLED) == []


def test_a_host_is_at_rest_once_programs_that_end_have_ended() -> None:
    """Also those that are begun again: of four runs nothing lives, and one directory is left."""
    played = play(find_single("restart-counted"), "fake")
    assert (played.problem, len(played.host)) == ("", 1)
    assert played.host[0].startswith("directory ")
