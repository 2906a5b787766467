"""A transaction that can be seen and be lost: what a killed daemon leaves between its write and its sync."""

from collections import Counter

import pytest

from conman.core.effects.effect import Committed
from conman.core.model import DropContainer, ReleaseName, ReserveName
from scenarios import keys
from scenarios.choices import Recorded
from scenarios.explore import Explorer
from scenarios.faults import between_lives
from scenarios.nodes import initial, without_daemon
from scenarios.replay_ids import find_single, read
from scenarios.replaying import replay
from scenarios.simulator import Simulator
from scenarios.storage import Storage
from scenarios.world import World

ONE, TWO = ReserveName("web", "1" * 32), ReserveName("db", "2" * 32)


def test_what_is_not_synced_can_be_lost() -> None:
    store = Storage()
    store.commit((ONE,))
    for change in (TWO, ReserveName("cache", "3" * 32)):
        assert store.write((change,)) == Committed()
    assert set(store.names) == {"web", "db", "cache"}
    store.lose()
    assert (set(store.names), store.unsynced) == ({"web"}, ())


def test_what_is_synced_is_never_lost() -> None:
    store = Storage()
    store.write((ONE,))
    store.sync()
    assert store.unsynced == ()
    store.write((TWO,))
    store.lose()
    assert set(store.names) == {"web"}


def test_a_copy_is_lost_alone() -> None:
    store = Storage()
    store.write((ONE,))
    other = store.clone()
    other.lose()
    assert (other.names, set(store.names)) == ({}, {"web"})


def test_a_cut_keeps_it_or_not() -> None:
    """Neither is seen where all is synced."""
    node = initial(find_single("remove-created"))
    names = [child.path[-1] for child in without_daemon(node)]
    assert not [name for name in names if "commit" in name]
    node.world.storage.write((TWO,))
    cuts = {child.path[-1]: child.world.storage.names for child in without_daemon(node)}
    assert ("db" in cuts["power-cut@keep={commit}"], "db" in cuts["power-cut@keep={}"]) == (
        True,
        False,
    )


def test_a_daemon_that_believes_what_it_sees_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Simulator, "_open", lambda _self: None)
    report = Explorer(find_single("remove-created")).explore()
    invariant, path, _ = report.violations[0]
    assert (invariant, path[2]) == ("I21", "crash@remove-container/CommitRemoved/before:visible")
    assert "power-cut@keep={}" in path


@pytest.mark.parametrize("kept", ["", "commit"])
def test_it_is_played_again(kept: str) -> None:
    seen = "remove-created;lazy;crash@remove-container/CommitRemoved/before:visible"
    asked = read(f"{seen};power-cut@keep={{{kept}}};lazy")
    assert replay(asked.story, asked.path).invariant == ""


def test_what_is_known_of_a_run_stays_while_a_power_cut_can_bring_its_row_back() -> None:
    world = initial(find_single("start-again")).world.clone()
    [row] = world.storage.containers.values()
    world.exits[row.id, row.run] = 7
    other = world.clone()
    other.exits[row.id, row.run] = 8
    for one in (world, other):
        assert one.storage.write((ReleaseName(row.id), DropContainer(row.id))) == Committed()
    assert keys.of(world) != keys.of(other)
    for one in (world, other):
        one.storage.sync()
    assert keys.of(world) == keys.of(other)


@pytest.mark.parametrize(("is_kept", "named"), [(1, True), (0, False)])
def test_the_cut_of_a_swarm_says_whether_the_commit_survived(is_kept: int, *, named: bool) -> None:
    world = World()
    world.storage.write((ONE,))
    happened = between_lives(
        world, Recorded((("moves", 0), ("cut", 3), ("commit", is_kept))), Counter()
    )[1]
    assert (world.storage.names != {}) == named
    assert [("{commit" in one) for one in happened] == [named]
