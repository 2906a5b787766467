"""The digest of many runs' traces, as one process makes it: `python -m tests.unit.traced_runs SEEDS on|off`.

What it prints must be the same from every process, whatever its hash seed and its garbage collector do.
"""

import gc
import sys
from hashlib import sha256

from scenarios import swarm
from scenarios.explore import Explorer
from scenarios.replay_ids import find_story
from scenarios.story import Story

#: Often enough to meet a run at many of its places.
EAGERLY = 500


def digest(seeds: range) -> str:
    """Of each line of each seed, and of each step of an exploration."""
    made = sha256()

    def on_line(*words: str) -> None:
        made.update(repr(words).encode())

    for seed in seeds:
        made.update(repr(swarm.run(seed, on_line=on_line)).encode())
    story = find_story("update-exited")
    assert isinstance(story, Story)
    report = Explorer(story, on_progress=lambda r: made.update(b"%d %d," % (r.states, r.crashes)))
    made.update(repr(sorted(report.explore().points)).encode())
    return made.hexdigest()


if __name__ == "__main__":
    if sys.argv[2] == "off":
        gc.disable()
    else:
        gc.set_threshold(EAGERLY)
    print(digest(range(int(sys.argv[1]))))  # noqa: T201 - to who began it
