"""Where the power of a guest is cut: which stories a guest plays, at which of their points, and what came of each play.

What cannot be played is told before a machine is made. What is kept must never call a violation what was none, nor
a cut what did not happen.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Protocol

from scenarios.replay_ids import nearest
from scenarios.stages.all_stages import cannot
from scenarios.stages.simulated import recovery_points
from scenarios.stories.single_client import STORIES
from scenarios.story import Story
from scenarios.usage import Usage
from scenarios.violation import Violation

STAGE = "vm"
_USUAL = ("create", "start", "remove-created", "remove-exited")


class Play(Protocol):
    """`cuts`: the points where the power went, so far."""

    cuts: list[str]

    def play(self, *points: str) -> None: ...


def asked() -> list[Story]:
    """The stories that STORIES names, else the usual ones. Raises Usage."""
    return playable(os.environ.get("STORIES", "").split() or _USUAL)


def playable(names: Sequence[str]) -> list[Story]:
    """The stories of these names. Raises Usage."""
    why, known = cannot(), {story.name: story for story in STORIES}
    for name in names:
        if name not in known:
            raise Usage(f"a guest plays no story {name!r}{nearest(name, list(known))}")
        if (name, STAGE) in why:
            raise Usage(f"{name} cannot be played on {STAGE}: {why[name, STAGE]}")
    return [known[name] for name in names]


def evenly(every: Sequence[str], count: int) -> list[str]:
    """The middle one, where it is one; all of them, where there are no more."""
    count = min(count, len(every))
    return [every[(2 * index + 1) * len(every) // (2 * count)] for index in range(count)]


def with_recovery(story: Story, first: str, again: int) -> list[str]:
    """A point, and some of what its recovery passes; each of these recoveries begins anew, and comes further.

    Fewer than `again`: its recovery passes no more.
    """
    return [first, *evenly(recovery_points(story, first), again)]


class Record:
    """What was cut, and what came of it, in a file that has all plays so far."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._plays: list[dict[str, object]] = []

    def play(self, it: Play, story: str, points: Sequence[str], *, asked: int) -> None:
        """`asked`: for how many cuts; where there are fewer `points` that is told. Raises what `it` raises."""
        began, told, why = monotonic(), "ok", ""
        if len(points) < asked:
            print(
                f"{story}: {asked} cuts were asked for, there are {len(points)} points", flush=True
            )
        try:
            it.play(*points)
        except Violation as violation:
            told, why = "violation", str(violation)
            raise
        except BaseException as error:
            told, why = "no verdict", f"{type(error).__name__}: {error}"
            raise
        finally:
            kept: dict[str, object] = {
                "story": story,
                "asked": asked,
                "points": [*points],
                "cuts": [*it.cuts],
            }
            self._plays.append(kept | {"told": told, "why": why, "s": monotonic() - began})
            self._file.write_text(json.dumps(self._plays, indent=1))
