"""A swarm run is its seed's and nobody else's; it finds what is planted; and its command keeps its word."""

import os
import subprocess
import sys
from collections.abc import Iterable

import pytest

from conman.core import readers
from conman.core.effects import recipes
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, Effect, Outcome, Unknown
from conman.core.execs import ExecState
from conman.core.layout import Layout
from conman.core.ledger import Ledger
from conman.core.model import Container
from conman.core.requests import ExecView
from conman.core.sagas import commits, recovery, run
from conman.errors import Refusal
from conman.frozen import replace
from conman.primitives import steps as s
from scenarios import __main__ as command
from scenarios import faults, swarm
from scenarios.choices import Choices, Diverged, Recorded
from scenarios.commands.faults import explored
from tests.unit.harness import harness

#: Each tells what some hundred seeds must have met, or the drawing has gone lame.
SEEDS = range(300)


def finds(*invariants: str, seeds: Iterable[int] = SEEDS) -> bool:
    """Whether one of these is what a seed finds violated."""
    runs = (swarm.run(seed).violation for seed in seeds)
    return any(found is not None and found[0] in invariants for found in runs)


def test_every_kind_of_fault_is_met_and_nothing_is_violated() -> None:
    results = [swarm.run(seed) for seed in SEEDS]
    assert [(one.seed, one.violation) for one in results if one.violation] == []
    met = {kind for one in results for kind in one.faults}
    assert met == {
        *faults.AT_EVENT,
        *faults.AT_STEP,
        *faults.AT_COMMIT,
        faults.POWER_CUT,
        faults.CRASH,
    }


def test_what_was_chosen_gives_the_same_run_again() -> None:
    for seed in range(20):
        first = swarm.run(seed)
        assert swarm.run(seed, Recorded(first.made)) == first


def test_what_was_chosen_for_another_run_diverges() -> None:
    made = swarm.run(3).made
    with pytest.raises(Diverged, match="diverged at choice 0"):
        swarm.run(3, Recorded([("another", 0), *made]))


def test_a_choice_of_one_is_none() -> None:
    choices = Choices(0)
    assert choices.among("only", ["this"]) == "this"
    assert choices.made == []


TRACE = "import sys; from scenarios.__main__ import main; sys.exit(main(['swarm', '--seed', '{}']))"


def test_a_seed_has_one_trace_whatever_the_hash_seed() -> None:
    traces = {
        subprocess.run(
            [sys.executable, "-c", TRACE.format(7)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1", "4242")
    }
    assert len(traces) == 1


# ---- planted -----------------------------------------------------------------------------------------


def test_a_name_that_means_another_container(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Ledger.resolve

    def careless(self: Ledger, text: str) -> str | Refusal:
        return next(iter(self.listed()), None) or honest(self, text)

    monkeypatch.setattr(Ledger, "resolve", careless)
    assert finds("I9")


def test_a_directory_fsync_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = recipes.recipe

    def without(effect: v.HostEffect, layout: Layout) -> tuple[s.Step, ...]:
        return tuple(one for one in whole(effect, layout) if not isinstance(one, s.SyncDirectory))

    monkeypatch.setattr("scenarios.simulator.recipe", without)
    assert finds("I7", "I9")


def test_a_failure_that_is_shrugged_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async def once(_container_id: str, effect: Effect) -> Outcome:
        return await effect

    monkeypatch.setattr(run, "insist", once)
    assert finds("I7", "I8")


def test_an_answer_before_the_store_can_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit of which nobody knows whether it happened is taken for one that did."""

    async def hasty(effect: v.Commit, _container_id: str) -> Outcome:
        outcome: Outcome = await effect
        return Committed() if isinstance(outcome, Unknown) else outcome

    monkeypatch.setattr(commits, "_settled", hasty)
    assert finds("I3", "I5", "I7", "I9")


def test_an_exec_that_is_told_as_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = readers._exec_view

    def stale(object_id: str, exec_id: str, ledger: Ledger) -> ExecView | Refusal:
        told = honest(object_id, exec_id, ledger)
        if isinstance(told, Refusal):
            return told
        return ExecView(object_id, replace(told.exec, state=ExecState.CREATED))

    monkeypatch.setattr(readers, "_exec_view", stale)
    assert finds("I9")


def test_an_exec_that_a_daemon_loses_when_it_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(_row: Container) -> None:
        pass

    monkeypatch.setattr(recovery, "_watch_execs", nobody)
    # One seed in some 260 comes there, and the stories of execs find it at once.
    assert finds("I5", "I8", seeds=range(900, 1500))


# ---- one fault at a time ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["create", "start-again", "stop-paused", "rename", "create-with-names", "reboot", "unmounted"],
)
def test_a_story_bears_each_fault(name: str) -> None:
    _, met, violations, _ = explored(name)
    assert met > 0
    assert violations == []


def test_a_fault_that_is_shrugged_off_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def once(_container_id: str, effect: Effect) -> Outcome:
        return await effect

    monkeypatch.setattr(run, "insist", once)
    assert {invariant for _, invariant, _ in explored("remove-created")[2]} & {"I3", "I7"}


# ---- the command -------------------------------------------------------------------------------------


def test_the_command_tells_what_it_did() -> None:
    told = harness("swarm", "--seeds", "25", "--jobs", "1")
    assert told.returncode == 0
    assert told.stdout.startswith("swarm: 25 runs, ")
    assert "0 violations" in told.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--seeds", "0"], "--seeds 0 makes no sense"),
        (["--jobs", "0"], "--jobs 0 makes no sense"),
        (["--first", "-1"], "--first -1 makes no sense"),
        (["--budget", "soon"], "--budget 'soon' is no time"),
    ],
)
def test_senseless_words(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["swarm", *words]) == 2
    assert why in capsys.readouterr().err
