"""Stories: what befalls a host between what is given and what is asked, and what the history then allows."""

import re
from pathlib import Path

import pytest

from scenarios.clients import Ask, Told
from scenarios.nodes import initial
from scenarios.specification import explains
from scenarios.stages.all_stages import cannot, reasons
from scenarios.stories.all_stories import EVERY, TOGETHER
from scenarios.stories.numbers import SCENARIOS, table
from scenarios.story import Befalls, Story
from scenarios.violation import Violation

PAGE = (Path(__file__).resolve().parents[2] / "docs/stories.md").read_text()
CREATE, START, STATUS = Ask("create", "web"), Ask("start", "web"), Ask("status", "web")


def after(befalls: Befalls, answer: str) -> dict[str, set[str]]:
    """A container runs, this happens, a client is told that."""
    history = (Told(CREATE, "ok"), Told(START, "ok"), befalls.told(), Told(STATUS, answer))
    return explains(history, rebooted=False, disturbed=True)


@pytest.mark.parametrize("befalls", Befalls)
def test_a_program_ends_of_what_ends_programs_only(befalls: Befalls) -> None:
    assert after(befalls, "RUNNING") == {"web": {"RUNNING"}}
    if befalls.ends_programs:
        assert after(befalls, "EXITED") == {"web": {"EXITED"}}
    else:
        with pytest.raises(Violation, match="EXITED"):
            after(befalls, "EXITED")


@pytest.mark.parametrize("befalls", Befalls)
def test_what_befalls_a_host_is_seen_there(befalls: Befalls) -> None:
    before = initial(Story("calm", "S09", "", (STATUS,), given=(CREATE, START))).world
    after = initial(Story("one", "S09", "", (STATUS,), (CREATE, START), (befalls,))).world
    one = [*after.shims, *after.mounts, *after.cgroups, *after.disk.tree(""), after.wall]
    other = [*before.shims, *before.mounts, *before.cgroups, *before.disk.tree(""), before.wall]
    alive = [
        [(p.pid, p.stopped) for p in world.processes.values() if p.alive]
        for world in (before, after)
    ]
    assert one != other or alive[0] != alive[1]


def test_the_page_has_every_scenario_and_story() -> None:
    assert table(EVERY, cannot()) in PAGE
    assert reasons(cannot()) in PAGE
    assert {story.scenario for story in EVERY} <= set(SCENARIOS)


def test_what_no_story_plays_has_its_reason() -> None:
    played = {story.scenario for story in EVERY}
    assert not [n for n, (_, besides) in SCENARIOS.items() if n not in played and not besides]


def test_the_tests_that_it_names_are_there() -> None:
    names = re.findall(r"`(test_\w+\.py)`", PAGE)
    there = {path.name for path in Path(__file__).resolve().parents[1].rglob("*.py")}
    assert names
    assert set(names) <= there


def test_no_two_stories_have_one_name() -> None:
    names = [story.name for story in EVERY]
    assert len(names) == len(set(names))


def test_whose_orders_are_explored_is_played_on_no_real_stage() -> None:
    why = cannot()
    missing = [
        one.name for one in TOGETHER for stage in ("fake", "runc") if (one.name, stage) not in why
    ]
    assert missing == []
