"""Stories: what befalls a host between what is given and what is asked, and what the history then allows."""

import pytest

from scenarios.clients import Ask, Told
from scenarios.nodes import initial
from scenarios.specification import explains
from scenarios.story import Befalls, Story
from scenarios.violation import Violation

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
    one = [*after.shims, *after.mounts, *after.cgroups, *after.disk.tree("/run"), after.wall]
    other = [*before.shims, *before.mounts, *before.cgroups, *before.disk.tree("/run"), before.wall]
    alive = [[p.pid for p in world.processes.values() if p.alive] for world in (before, after)]
    assert one != other or alive[0] != alive[1]
