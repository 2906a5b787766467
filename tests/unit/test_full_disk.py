"""A disk that is full for a while: what fails, what stays readable, that all goes on, and who waits for an end."""

import pytest

from conman.core.effects.effect import NotCommitted
from conman.core.outputs import Send
from conman.primitives import steps as s
from scenarios import full_disk, swarm
from scenarios.choices import Recorded
from scenarios.clients import Ask, Client
from scenarios.crowd import Crowd, Member
from scenarios.explore import Explorer
from scenarios.faults import CLOCK_JUMPS, DISK_FULL
from scenarios.museum.clocks_and_disks import EXHIBITS
from scenarios.museum.exhibit import Exhibit
from scenarios.museum.finding import find
from scenarios.nodes import initial
from scenarios.performing import perform
from scenarios.schedule import Schedule
from scenarios.simulator import Simulator
from scenarios.single_faults import OneFault, one
from scenarios.stories.all_stories import STORIES
from scenarios.stories.single_client import CREATE, START
from scenarios.story import Story
from scenarios.verdict import judged, terms
from scenarios.violation import Violation
from scenarios.world import DATA, RUN, World

FULL = s.Failed("ENOSPC", "No space left on device")


def full() -> World:
    world = World()
    perform(world, s.WriteFile(f"{DATA}/old", b"old"))
    full_disk.fill(world)
    return world


@pytest.mark.parametrize(
    "step",
    [
        s.WriteFile(f"{DATA}/new", b"new"),
        s.MakeDirectory(f"{DATA}/containers/new"),
        s.CopyTree("/images/rootfs", f"{DATA}/new"),
    ],
)
def test_what_needs_space_fails_and_makes_nothing(step: s.Step) -> None:
    world = full()
    before = world.disk.tree("")
    assert perform(world, step) == FULL
    assert world.disk.tree("") == before
    assert full_disk.empty(world)
    assert isinstance(perform(world, step), s.Done)


def test_a_file_that_was_to_be_written_over_is_empty() -> None:
    world = full()
    assert perform(world, s.WriteFile(f"{DATA}/old", b"another")) == FULL
    assert world.disk.read(f"{DATA}/old") == b""


@pytest.mark.parametrize(
    "step",
    [
        s.MakeDirectory(f"{DATA}/containers"),
        s.WriteFile(f"{RUN}/new", b"in memory"),
        s.Rename(f"{DATA}/old", f"{DATA}/trash/old"),
        s.Unlink(f"{DATA}/old"),
        s.SyncFile(f"{DATA}/old"),
    ],
)
def test_what_needs_none_is_done(step: s.Step) -> None:
    assert isinstance(perform(full(), step), s.Done)


def test_space_returns_as_time_passes() -> None:
    world = full()
    for _ in range(full_disk.FOR_A_WHILE):
        assert world.full
        full_disk.time_passes(world)
    assert not full_disk.empty(world)


def lived(strike: int) -> Client:
    """A create on a disk that is full from this event on, to its verdict."""
    node = initial(Story("create", "", "", (CREATE, Ask("status", "web"))))
    simulator = Simulator(node.world, node.client, Schedule(strike=strike, kind="disk-full"))
    agreed = terms(node)
    judged(simulator, agreed)
    assert not node.world.full
    return node.client


def test_who_asks_again_is_served_once_there_is_space() -> None:
    """Its undo cannot be recorded either, so the first answer leaves it open what happened."""
    for strike in range(30):
        assert [told.answer for told in lived(strike).history] == ["ok", "CREATED"]


def test_the_store_does_not_commit() -> None:
    world = full()
    seen: list[str] = []
    client = Client((CREATE,))
    simulator = Simulator(
        world,
        client,
        Schedule(),
        on_line=lambda _who, what, outcome: seen.append(f"{what} {outcome}"),
    )
    simulator.run()
    assert f"create-container/RecordIntent {NotCommitted.__name__}" in seen
    assert client.history[0].answer == "ok"


def test_stories_are_explored_so() -> None:
    story = next(one for one in STORIES if one.name == "remove-exited")
    assert story.fills
    report = Explorer(story).explore()
    assert report.fixpoint
    assert report.violations == []


@pytest.mark.parametrize("kind", [DISK_FULL, CLOCK_JUMPS])
def test_it_is_one_of_the_single_faults(kind: str) -> None:
    story = next(one for one in STORIES if one.name == "create")
    fault = OneFault(kind, "", 10)
    assert one(initial(story), story, fault).violation is None
    assert fault.struck


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)
def test_bugs_of_clocks_and_disks_are_found(exhibit: Exhibit) -> None:
    finding = find(exhibit)
    assert finding.is_found, finding


# ---- who waits for an end


def _nothing(_actor: str, _what: str, _outcome: str) -> None:
    pass


def crowd_of(*asks: Ask) -> Crowd:
    return Crowd(Recorded(()), (Member("client-1", asks),))


def lived_with(*asks: Ask) -> Crowd:
    """These wishes of one client, to the daemon's rest."""
    crowd = crowd_of(*asks)
    life = swarm.Swarm(World(), crowd, None, _nothing)
    life.run()
    return crowd


def test_who_waits_for_what_nobody_ends_goes_away_at_rest() -> None:
    crowd = lived_with(CREATE, START, Ask("wait", "web"))
    assert crowd.is_over()
    assert crowd.history[-1].answer == ""


def test_who_waits_for_an_end_is_told() -> None:
    crowd = lived_with(Ask("create", "web", program="/bin/exit7"), START, Ask("wait", "web"))
    assert crowd.is_over()
    assert "EXITED" in [call.answer for call in crowd.history]


def test_a_wait_that_is_not_answered_though_all_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> list[Send]:
        return []

    monkeypatch.setattr("conman.core.readers.Readers._wake", nobody)
    with pytest.raises(Violation, match="a wait is not answered"):
        lived_with(Ask("create", "web", program="/bin/exit7"), START, Ask("wait", "web"))
