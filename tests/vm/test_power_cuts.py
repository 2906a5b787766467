"""The power is cut: at crash points of the stories, again in recovery, and under a running container.

STORIES names the stories, CUTS how many points of each, evenly chosen, AGAIN how often each play is cut again, further
and further in its recovery, as far as that has points; `make test-vm` cuts each story once, and one of them again.
What was cut is kept in build/vm/cuts.json.
"""

import os
from collections.abc import Callable, Sequence

import pytest

from scenarios.stages.guest_cuts import Record, asked, evenly, playable, with_recovery
from scenarios.stages.in_guest import InGuest
from scenarios.stages.simulated import points
from scenarios.story import Story
from vm.guests import Guest
from vm.installing import ROOTFS
from vm.places import TOP
from vm.steps import step

CUTS, AGAIN = int(os.environ.get("CUTS", "1")), int(os.environ.get("AGAIN") or "0")
[CREATE] = playable(["create"])

#: A story, its points, and how many of them were asked for.
Cut = Callable[[Story, Sequence[str], int], None]


@pytest.fixture
def cut(fresh: Guest, record: Record) -> Cut:
    """Plays a story, its power cut at these points, and keeps what came of it."""

    def play(story: Story, at: Sequence[str], times: int) -> None:
        with step(f"story {story.name}"):
            record.play(InGuest(story, fresh, ROOTFS), story.name, at, asked=times)

    return play


@pytest.fixture(scope="module")
def record() -> Record:
    return Record(TOP / "cuts.json")


@pytest.mark.short
@pytest.mark.parametrize(
    ("story", "point"),
    [
        pytest.param(story, one, id=f"{story.name}-{one}")
        for story in asked()
        for one in evenly(points(story), CUTS)
    ],
)
def test_the_power_is_cut_at(story: Story, point: str, cut: Cut) -> None:
    cut(story, with_recovery(story, point, AGAIN), 1 + AGAIN)


def test_the_power_is_cut_again_in_recovery(cut: Cut) -> None:
    twice = with_recovery(CREATE, "create-container/CommitCreated/before@1", 1)
    assert len(twice) == 2, "its recovery passes nothing"
    cut(CREATE, twice, 2)


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
