"""The power is cut: at crash points of the stories, and under a running container.

STORIES names the stories, CUTS how many points of each, evenly chosen; `make test-vm` cuts each once.
"""

import os

import pytest

from scenarios.stages.in_guest import InGuest
from scenarios.stages.simulated import points
from scenarios.stories.single_client import STORIES
from vm.guests import Guest
from vm.installing import ROOTFS
from vm.steps import step

NAMES = os.environ.get("STORIES", "").split() or [
    "create",
    "start",
    "remove-created",
    "remove-exited",
]
CUTS = int(os.environ.get("CUTS", "1"))
CHOSEN = {story.name: story for story in STORIES if story.name in NAMES}


def chosen(story: str) -> list[str]:
    """Of all its points CUTS, evenly; the middle one, where it is one."""
    every = points(CHOSEN[story])
    count = min(CUTS, len(every))
    return [every[(2 * index + 1) * len(every) // (2 * count)] for index in range(count)]


@pytest.mark.parametrize(
    ("story", "point"), [(name, one) for name in NAMES for one in chosen(name)]
)
def test_the_power_is_cut_at(story: str, point: str, fresh: Guest) -> None:
    with step(f"story {story}"):
        InGuest(CHOSEN[story], fresh, ROOTFS).play(point)


def test_the_power_is_cut_under_a_running_container(fresh: Guest) -> None:
    fresh.run(f"conmanctl container create --rootfs {ROOTFS} web -- /bin/sleep 1000")
    fresh.run("conmanctl container start web")
    fresh.run(f"conmanctl container create --rootfs {ROOTFS} next -- /bin/sleep 1000")
    boot = fresh.boot_id()
    fresh.cut()
    assert fresh.boot_id() != boot
    status = fresh.run("conmanctl --connect-timeout 300 container status web next")
    assert ('"EXITED"' in status, '"CREATED"' in status, '"Unknown"' in status) == (True,) * 3
    assert fresh.run("conmand check; conmanctl container start web next; pidof sleep").split()
    fresh.run("conmanctl container remove --force web next")
    assert fresh.run("/opt/conman/bin/python -m scenarios.stages.guest_rest").strip() == ""
