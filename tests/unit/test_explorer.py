"""The harness finds what is planted, and only that.

Each test breaks the product in one place, as a careless change would, and the default exploration of one
story must name the violated invariant. The last ones hold the harness to its own word: the same run
twice is the same, and a story that is clean reports its fixpoint.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from conman.core.admission import Setting
from conman.core.effects import recipes
from conman.core.effects import vocabulary as v
from conman.core.layout import Layout
from conman.core.model import Container, Init, Intent
from conman.core.requests import Okay, Reply
from conman.core.sagas import container, run
from conman.core.sagas.commits import closing, persist
from conman.primitives import steps as s
from conman.shim import machine as shim
from scenarios import explore
from scenarios.explore import Explorer
from scenarios.replaying import replay
from scenarios.stories.all_stories import STORIES
from scenarios.story import Story


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
        await persist(v.CommitRemoved((*over, *closing(intent))), row.id)
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
    violated, _ = invariants_violated("kill")
    assert violated & {"I7", "I9", "I11", "I16"}


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
    lines: list[str] = []
    words = replay(story("create"), path, lambda _actor, what, _outcome: lines.append(what))
    assert words is not None
    assert words.startswith(("I7", "I9"))
    assert any(what.startswith("power-cut") for what in lines)


def test_two_explorations_are_the_same() -> None:
    first, second = (Explorer(story("create-taken")).explore() for _ in range(2))
    assert (first.states, first.runs, first.crashes) == (second.states, second.runs, second.crashes)
    assert first.points == second.points
    assert first.fixpoint
    assert not first.violations


def test_a_budget_ends_it_and_says_so() -> None:
    report = Explorer(story("create"), deadline=explore.monotonic()).explore()
    assert not report.fixpoint
