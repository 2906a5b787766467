"""The power is cut: at crash points of the stories, again in recovery, and under a running container.

STORIES names the stories, CUTS how many points of each, evenly chosen, AGAIN how often each play is cut again, further
and further in its recovery; `make test-vm` cuts each story once, and one of them again. What was cut is kept
in build/vm/cuts.json.
"""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

import pytest

from scenarios.stages.in_guest import InGuest
from scenarios.stages.simulated import points, recovery_points
from scenarios.stories.single_client import STORIES
from vm.guests import Guest
from vm.installing import ROOTFS
from vm.places import TOP
from vm.steps import step

NAMES = os.environ.get("STORIES", "").split() or [
    "create",
    "start",
    "remove-created",
    "remove-exited",
]
CUTS, AGAIN = int(os.environ.get("CUTS", "1")), int(os.environ.get("AGAIN") or "0")
KNOWN = {story.name: story for story in STORIES}

Cut = Callable[[str, Sequence[str]], None]


@pytest.fixture
def cut(fresh: Guest, kept: list[dict[str, object]]) -> Cut:
    """Plays a story, its power cut at these points, and keeps what came of it."""

    def play(story: str, at: Sequence[str]) -> None:
        began, told = monotonic(), "violation"
        try:
            with step(f"story {story}"):
                InGuest(KNOWN[story], fresh, ROOTFS).play(*at)
            told = "ok"
        finally:
            kept.append({"story": story, "cuts": [*at], "told": told, "s": monotonic() - began})
            Path(TOP, "cuts.json").write_text(json.dumps(kept, indent=1))

    return play


@pytest.fixture(scope="module")
def kept() -> list[dict[str, object]]:
    return []


def evenly(every: Sequence[str], count: int) -> list[str]:
    """The middle one, where it is one."""
    count = min(count, len(every))
    return [every[(2 * index + 1) * len(every) // (2 * count)] for index in range(count)]


def with_recovery(story: str, first: str, again: int) -> list[str]:
    """A point, and some of what its recovery passes; each of these recoveries begins anew, and comes further."""
    return [first, *evenly(recovery_points(KNOWN[story], first), again)]


@pytest.mark.short
@pytest.mark.parametrize(
    ("story", "point"), [(name, one) for name in NAMES for one in evenly(points(KNOWN[name]), CUTS)]
)
def test_the_power_is_cut_at(story: str, point: str, cut: Cut) -> None:
    cut(story, with_recovery(story, point, AGAIN))


def test_the_power_is_cut_again_in_recovery(cut: Cut) -> None:
    cut("create", with_recovery("create", "create-container/CommitCreated/before@1", 1))


def test_the_power_is_cut_under_a_running_container(fresh: Guest) -> None:
    fresh.run(f"conmanctl container create --rootfs {ROOTFS} web -- /bin/sleep 1000")
    fresh.run("conmanctl container start web")
    fresh.run(f"conmanctl container create --rootfs {ROOTFS} next -- /bin/sleep 1000")
    boot = fresh.boot_id()
    fresh.cut()
    assert fresh.boot_id() != boot
    status = fresh.run("conmanctl --connect-timeout 300 container status web next")
    assert ('"EXITED"' in status, '"CREATED"' in status, '"Unknown"' in status) == (True,) * 3
    fresh.run("conmand check && conmanctl --deadline 300 container start web next")
    assert len(fresh.run("pidof sleep").split()) == 2
    fresh.run("conmanctl --deadline 300 container remove --force web next")
    assert fresh.run("/opt/conman/bin/python -m scenarios.stages.guest_rest").strip() == ""
