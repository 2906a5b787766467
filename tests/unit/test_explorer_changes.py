"""The harness finds what is planted in pause, update and rename, as a careless change would plant it."""

from collections.abc import Callable

import pytest

from conman.core.effects import recipes
from conman.core.effects import vocabulary as v
from conman.core.layout import Layout
from conman.core.model import Container, Intent, PutContainer
from conman.core.sagas import pause, settle
from conman.primitives import steps as s
from scenarios.explore import Explorer
from scenarios.stories.changes import STORIES

Recipe = tuple[s.Step, ...]


def violated(name: str) -> set[str]:
    story = next(one for one in STORIES if one.name == name)
    return {invariant for invariant, _, _ in Explorer(story).explore().violations}


def skipping(kind: type[v.HostEffect]) -> Callable[[v.HostEffect, Layout], Recipe]:
    """The recipes, but for this effect, which does nothing and says that it is done."""

    def recipe(effect: v.HostEffect, layout: Layout) -> Recipe:
        if isinstance(effect, kind):
            return (s.CheckDirectory("/data"),)
        return recipes.recipe(effect, layout)

    return recipe


@pytest.mark.parametrize(
    ("story", "effect"),
    [("pause", v.Freeze), ("pause-refused", v.Thaw), ("unpause", v.Thaw)],
    ids=["told before it stands", "left half frozen", "told before it goes on"],
)
def test_a_freezer_that_is_believed(
    monkeypatch: pytest.MonkeyPatch, story: str, effect: type[v.HostEffect]
) -> None:
    monkeypatch.setattr("scenarios.simulator.recipe", skipping(effect))
    assert violated(story) == {"I8"}


def test_a_refused_limit_that_is_not_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.simulator.recipe", skipping(v.RestoreLimits))
    assert violated("update-refused") == {"I8"}


def test_recovery_that_believes_an_intent_to_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was asked for, so it is recorded, and nobody looks."""

    async def trusting(row: Container, intent: Intent) -> pause.Reply | None:
        await pause._commit_paused(row, intent)
        return pause.Okay()

    monkeypatch.setattr("conman.core.sagas.recovery.recover_pause", trusting)
    assert violated("pause") == {"I8"}


def test_a_kill_for_want_of_memory_that_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*args: object) -> tuple[object, ...]:
        changes = honest(*args)
        return tuple(
            PutContainer(pause.replace(one.container, oom_killed=False, reason="Error"))
            if isinstance(one, PutContainer)
            else one
            for one in changes
        )

    honest = settle.exited
    monkeypatch.setattr(settle, "exited", silent)
    assert violated("out-of-memory") & {"I11"}
