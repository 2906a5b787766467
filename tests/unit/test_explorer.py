"""The harness finds what is planted, and only that.

Each test breaks the product in one place, as a careless change would, and the default exploration of one
story must name the violated invariant. The last ones hold the harness to its own word: the same run
twice is the same, and a story that is clean reports its fixpoint.

And a key merges only what goes on alike. Pairs of different hosts with one key are taken from explorations,
and both go on: what may happen to them without a daemon, and a life of a daemon on each, must lead through
the same keys to the same verdict. The same for two lives at one position. With something that matters taken
out of the key that check fails.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby

import pytest

from conman.core.admission import Setting
from conman.core.effects import recipes
from conman.core.effects import vocabulary as v
from conman.core.layout import Layout
from conman.core.model import Container, Init, Intent
from conman.core.requests import Okay, Reply
from conman.core.sagas import container, run
from conman.core.sagas.commits import closing, event, persist
from conman.primitives import steps as s
from conman.shim import machine as shim
from scenarios import census, explore, keys, positions
from scenarios.clients import Client
from scenarios.explore import Explorer
from scenarios.nodes import Node, initial, without_daemon
from scenarios.pieces import Piece, piece
from scenarios.rendering import rendered
from scenarios.replaying import replay
from scenarios.schedule import Schedule
from scenarios.simulator import Simulator
from scenarios.stories.all_stories import STORIES
from scenarios.story import Story
from scenarios.verdict import judged, terms
from scenarios.violation import Violation
from scenarios.world import World

# Seconds of CPU each, but a machine may have other things to do.
pytestmark = pytest.mark.timeout(300)


def story(name: str) -> Story:
    return next(one for one in STORIES if one.name == name)


def invariants_violated(name: str) -> tuple[set[str], tuple[str, ...]]:
    """What a default exploration of this story finds, up to its first violations."""
    report = Explorer(story(name)).explore()
    found = report.violations
    return {invariant for invariant, _, _ in found}, found[0][1] if found else ()


def without(
    step: type[s.Step], *, path: str
) -> Callable[[v.HostEffect, Layout], tuple[s.Step, ...]]:
    """The recipes, but for one kind of step on paths that end so."""

    def recipe(effect: v.HostEffect, layout: Layout) -> tuple[s.Step, ...]:
        whole = recipes.recipe(effect, layout)
        return tuple(
            one for one in whole if not (isinstance(one, step) and one.path.endswith(path))
        )

    return recipe


def test_a_content_fsync_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.simulator.recipe", without(s.SyncFile, path="config.json.tmp"))
    assert invariants_violated("create")[0] == {"I9"}


def test_a_directory_fsync_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.simulator.recipe", without(s.SyncDirectory, path="/containers"))
    violated, _ = invariants_violated("create")
    assert violated & {"I7", "I9"}


def test_a_commit_before_its_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row goes first, the files afterwards: as the original Go conman did."""

    async def hasty(row: Container, intent: Intent, setting: Setting) -> Reply:
        over = (container.DropContainer(row.id), container.ReleaseName(row.id))
        removed = event("removed", row, intent.at)
        await persist(v.CommitRemoved((*over, *closing(intent), removed)), row.id)
        await run.end_members(row.id, row.run, row.init)
        await run.dismantle(row.id, row.run, setting.runtime)
        await run.insist(row.id, v.RemoveFiles(row.id))
        return Okay()

    monkeypatch.setattr(container, "finish_remove", hasty)
    violated, _ = invariants_violated("remove-created")
    assert violated == {"I3"}


def test_a_fence_that_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks are looked at, and nobody is ended: the dead daemon's shim and runtime go on."""

    def trusting(effect: v.HostEffect, layout: Layout) -> tuple[s.Step, ...]:
        steps = recipes.recipe(effect, layout)
        return tuple(s.ReadFile(one.lock) if isinstance(one, s.Fence) else one for one in steps)

    monkeypatch.setattr("scenarios.simulator.recipe", trusting)
    violated, _ = invariants_violated("create")
    assert violated & {"I3", "I5", "I7"}


def test_an_exit_record_written_after_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shim answers that the exit is recorded and the log complete (I16), and sees to it then."""

    def hasty(state: shim.State, event: shim.Input) -> shim.Reaction:
        after, actions = honest(state, event)
        if isinstance(event, shim.OomRead):
            told = replace(after, recorded=True, asking=())
            body = shim.describe(told)
            sends = tuple(shim.Send(told.connection, seq, body) for seq in after.asking)
            return told, (*sends, *actions)
        return after, actions

    honest = shim.step
    monkeypatch.setattr(shim, "step", hasty)
    # What is told as recorded has its log complete, too: the output is let go, and lost.
    violated, _ = invariants_violated("kill")
    assert violated == {"I16"}


def test_a_shims_death_that_nobody_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = recipes.recipe

    def blind(effect: v.HostEffect, layout: Layout) -> tuple[s.Step, ...]:
        return tuple(one for one in whole(effect, layout) if not isinstance(one, s.WatchShim))

    monkeypatch.setattr("scenarios.simulator.recipe", blind)
    violated, _ = invariants_violated("goes-on")
    assert violated == {"I7"}


def test_last_words_that_are_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a container wrote after its shim's death goes with the FIFOs."""

    async def hasty(_container_id: str, _run: int, _init: Init) -> None:
        pass

    monkeypatch.setattr("conman.core.sagas.ending._log_last_words", hasty)
    violated, _ = invariants_violated("shim-dies")
    assert violated == {"I16"}


def test_a_half_begun_successor_that_is_only_greeted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def curt(container_id: str, number: int) -> None:
        await v.HelloShim(container_id, number)

    monkeypatch.setattr("conman.core.sagas.recovery.greet", curt)
    violated, _ = invariants_violated("goes-on")
    assert violated == {"I16"}


def test_recovery_that_kills_the_innocent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A running container without an open intent is stopped, to be looked at."""
    whole = recipes.recipe

    def nosy(effect: v.HostEffect, layout: Layout) -> tuple[s.Step, ...]:
        steps = whole(effect, layout)
        if isinstance(effect, v.WatchInit):
            return (s.StopProcess(effect.process), *steps)
        return steps

    monkeypatch.setattr("scenarios.simulator.recipe", nosy)
    violated, _ = invariants_violated("goes-on")
    assert violated == {"I18"}


def test_a_violation_is_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.simulator.recipe", without(s.SyncDirectory, path="/containers"))
    _, path = invariants_violated("create")
    recording = replay(story("create"), path)
    assert recording.invariant in {"I7", "I9"}
    assert any(event.mark == "power-cut" for event in recording.events)


def test_two_explorations_are_the_same() -> None:
    first, second = (Explorer(story("create-taken")).explore() for _ in range(2))
    assert (first.states, first.runs, first.crashes) == (second.states, second.runs, second.crashes)
    assert first.points == second.points
    assert first.fixpoint
    assert not first.violations


def test_a_budget_ends_it_and_says_so() -> None:
    report = Explorer(story("create"), deadline=explore.monotonic()).explore()
    assert not report.fixpoint


# ---- keys

STATES_AT_MOST = 80
PAIRS_AT_MOST = 24


class Merging(Explorer):
    """An exploration that keeps the first host of each key, and who was merged with it."""

    def __init__(self, name: str) -> None:
        super().__init__(story(name))
        self.first: dict[bytes, Node] = {}
        self.merged: dict[bytes, list[Node]] = {}

    def _is_new(self, world: World, client: Client) -> bool:
        key = keys.of(world, client.key())
        dead = world.clone()
        dead.daemon_dies()
        node = Node(dead, client.clone(), ())
        if key not in self.first:
            self.first[key] = node
        elif self.first[key].world.disturbed == dead.disturbed:
            self.merged.setdefault(key, []).append(node)
        return super()._is_new(world, client) and len(self.first) <= STATES_AT_MOST

    def pairs(self) -> list[tuple[Node, Node]]:
        """Of each key one that looks different, if any does; of the rest a sample of the last."""
        unlike = [pair for pair in self._all_pairs() if _look(pair[0]) != _look(pair[1])]
        last = [(self.first[key], others[-1]) for key, others in self.merged.items()]
        return unlike[:1] + last[:: max(1, len(last) // PAIRS_AT_MOST)]

    def _all_pairs(self) -> Iterator[tuple[Node, Node]]:
        for key, others in self.merged.items():
            yield from ((self.first[key], other) for other in others)


def _look(node: Node) -> str:
    return seen(node.world, node.client)[1]


#: A key, and what there is to see without one.
Sight = tuple[bytes, str]


def seen(world: World, client: Client) -> Sight:
    """What clients and a look at the host can tell, without ids: it owes nothing to `keys`.

    But what lies in the trash, which only goes.
    """
    rows = [
        (row.name, row.state, row.run, row.exit_code, row.reason, row.init is not None)
        for row in world.storage.containers.values()
    ]
    things = [thing for thing in census.found(world) if " /data/trash/" not in thing]
    things = sorted(thing.partition(" ")[0] for thing in things)
    return keys.of(world, client.key()), f"{rows} {things} {client.key()}"


def way_of(node: Node, schedule: Schedule) -> tuple[list[Sight], dict[bytes, int], str]:
    """What a life goes through, where its positions are in that, and its verdict."""
    world, client = node.world.clone(), node.client.clone()
    way: list[Sight] = []
    places: dict[bytes, int] = {}

    def on_point(_name: str, _changed: bool) -> None:
        way.append(seen(world, client))

    def on_turn(moment: str) -> None:
        places[positions.of(simulator, moment, *agreed)] = len(way)

    agreed = terms(node)
    simulator = Simulator(world, client, schedule, on_point=on_point, on_turn=on_turn)
    try:
        judged(simulator, agreed)
    except Violation as violation:
        return way, places, violation.invariant
    return way, places, ""


def without_repeats(way: Iterable[Sight]) -> list[Sight]:
    """A tree in the trash may take one unlink more: that is no other state."""
    return [sight for sight, _ in groupby(way)]


def next_of(node: Node) -> tuple[object, ...]:
    """All that may come of a host without a daemon."""
    children = {seen(child.world, child.client) for child in without_daemon(node)}
    ways = [way_of(node, Schedule(eager=eager)) for eager in (False, True)]
    return children, [(without_repeats(way), verdict) for way, _, verdict in ways]


def wrongly_merged(name: str) -> list[tuple[Node, Node]]:
    """The sampled pairs of one key that do not go on alike."""
    exploration = Merging(name)
    exploration.explore()
    pairs = exploration.pairs()
    assert len(pairs) >= PAIRS_AT_MOST
    return [(one, other) for one, other in pairs if next_of(one) != next_of(other)]


@pytest.mark.parametrize("name", ["create", "exits-at-once"])
def test_what_has_one_key_goes_on_alike(name: str) -> None:
    assert wrongly_merged(name) == []


def nothing(*_: object) -> Iterable[Piece]:
    return ()


def empty(*_: object) -> str:
    return ""


@pytest.mark.parametrize(
    ("name", "part", "instead"),
    [
        ("exits-at-once", "_processes", nothing),
        ("kill", "_shim", nothing),
        ("create", "files", empty),
        ("create", "_store", lambda _storage: piece("")),
    ],
)
def test_a_key_without_what_matters_is_found_out(
    monkeypatch: pytest.MonkeyPatch, name: str, part: str, instead: Callable[..., object]
) -> None:
    monkeypatch.setattr(keys, part, instead)
    assert wrongly_merged(name)


def unlike_at_one_position(name: str) -> list[bytes]:
    """Positions that two lives shared, and from which they did not go on alike."""
    exploration = Merging(name)
    exploration.explore()
    rests: dict[bytes, tuple[list[Sight], str]] = {}
    shared, unlike = 0, []
    for node in list(exploration.first.values())[:: len(exploration.first) // 60]:
        way, places, verdict = way_of(node, Schedule())
        for position, at in places.items():
            rest = (without_repeats(way[at:]), verdict)
            shared += position in rests
            if rests.setdefault(position, rest) != rest:
                unlike.append(position)
    assert shared > 100
    return unlike


@pytest.mark.parametrize("name", ["create", "stop-obedient"])
def test_lives_at_one_position_go_on_alike(name: str) -> None:
    assert unlike_at_one_position(name) == []


def test_all_that_the_core_remembers_is_in_a_position() -> None:
    """But for what is named: another value anywhere is another position."""
    node = initial(STORIES[0])
    simulator = Simulator(node.world, node.client, Schedule())
    kept = [n for n in vars(simulator.machine) if f"Machine.{n}" not in positions._LEFT_OUT]
    assert len(kept) > 5
    for name in kept:
        before, held = positions.of(simulator), vars(simulator.machine)[name]
        vars(simulator.machine)[name] = ["something else"]
        assert positions.of(simulator) != before, name
        vars(simulator.machine)[name] = held
        assert positions.of(simulator) == before


async def looks(names: list[str], again: int) -> None:
    """A saga that has the rest of its loop on the stack only."""
    for name in (*names, *names):
        await v.WaitFor(name, again)


def cranked(times: int, *names: str, again: int = 1) -> list[Piece]:
    saga = looks(list(names), again)
    for _ in range(times):
        saga.send(None)
    pieces = rendered(saga)
    saga.close()
    return pieces


def test_where_a_saga_stands_is_rendered_and_what_it_holds() -> None:
    assert cranked(1, "a") == cranked(1, "a")
    assert cranked(1, "a") != cranked(1, "b")
    assert cranked(1, "a") != cranked(1, "a", again=2)
    # One line, one local: only the iterator on the stack differs.
    assert cranked(1, "a") != cranked(2, "a")


def test_what_nobody_told_the_keys_about_is_in_them() -> None:
    world = World()
    before = keys.of(world)
    vars(world)["quotas"] = {"web": 1}
    assert keys.of(world) != before


def test_what_has_no_text_of_its_own_is_refused() -> None:
    world = World()
    vars(world)["quotas"] = object()
    with pytest.raises(TypeError, match="cannot hold"):
        keys.of(world)
