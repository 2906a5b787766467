"""A transaction that can be seen and be lost: what a killed daemon leaves between its write and its sync."""

import pytest

from conman.core.effects.effect import Committed
from conman.core.model import ReserveName
from scenarios.explore import Explorer
from scenarios.nodes import initial, without_daemon
from scenarios.replay_ids import find_single, read
from scenarios.replaying import replay
from scenarios.simulator import Simulator
from scenarios.storage import Storage

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
