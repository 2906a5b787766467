"""A failing swarm run becomes a short one with the same violation, that a command repeats and a page shows."""

from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path

import pytest

from conman.core.effects.effect import Effect, Outcome
from conman.core.sagas import run
from scenarios import edits, outcomes, swarm
from scenarios.__main__ import main
from scenarios.commands.replay import Page
from scenarios.commands.swarm import Sum, _show
from scenarios.edits import Edit, Edited
from scenarios.shards import Shard
from scenarios.swarm_recording import recorded
from scenarios.swarm_shrinking import shrunk


async def once(_container_id: str, effect: Effect) -> Outcome:
    """A failure is shrugged off."""
    return await effect


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> swarm.Result:
    """The first seed that finds what is planted."""
    monkeypatch.setattr(run, "insist", once)
    return next(one for one in map(swarm.run, range(300)) if one.violation)


def test_the_same_invariant_breaks_with_less(broken: swarm.Result) -> None:
    assert broken.violation is not None
    short = shrunk(broken.seed, broken.violation[0], seconds=8.0)
    again = swarm.run(broken.seed, Edited(broken.made, short))
    assert again.violation is not None
    assert again.violation[0] == broken.violation[0]
    assert sum(value for _, value in again.made) < sum(value for _, value in broken.made)


def test_without_time_it_stays_as_it_is(broken: swarm.Result) -> None:
    assert broken.violation is not None
    assert shrunk(broken.seed, broken.violation[0], seconds=0.0) == ()


def test_another_invariant_is_no_shorter_run(broken: swarm.Result) -> None:
    assert shrunk(broken.seed, "I13", seconds=2.0) == ()


def test_no_edits_are_the_run_itself() -> None:
    for seed in range(20):
        one = swarm.run(seed)
        assert swarm.run(seed, Edited(one.made, ())) == one


def test_a_choice_made_otherwise_shifts_no_other() -> None:
    choices = Edited([("a", 1), ("b", 2), ("a", 3), ("a", 4)], (Edit("a", 2, 0),))
    assert [choices.below(name, 9) for name in "aabaab"] == [1, 0, 2, 4, 0, 0]


def test_edits_are_words() -> None:
    made = (Edit("deaths", 1, 1), Edit("faults", 2, 0), Edit("next", 40, 0, onwards=True))
    assert edits.write(made) == "deaths=1;faults#2=0;next>40=0"
    assert edits.read(edits.write(made)) == made
    assert edits.read("") == ()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--seed", "3", "--but", "deaths"], "--but 'deaths' is no choice"),
        (["--but", "deaths=1"], "--but is of one run"),
        (["--seed", "-3"], "--seed -3 makes no sense"),
        (["--html", "/nowhere/page.html"], "there is no directory"),
    ],
)
def test_bad_words(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["swarm", *words]) == 2
    assert why in capsys.readouterr().err


# ---- shown


def test_the_first_violation_is_shown_short(
    broken: swarm.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenarios.commands.swarm.shrunk", partial(shrunk, seconds=2.0))
    assert broken.violation is not None
    path, told = tmp_path / "run.html", StringIO()
    total = Sum(violations=[(broken.seed, *broken.violation)])
    with redirect_stdout(told):
        _show(outcomes.Outcome("swarm", {}, Shard(), [total.as_result()], 1.0), Page(str(path)))
    assert told.getvalue().count("VIOLATION") == 1
    assert f"--seed {broken.seed} --but" in told.getvalue()
    assert path.exists()


def test_a_recorded_run_is_the_run() -> None:
    for seed in range(12):
        told = swarm.run(seed)
        recording = recorded(seed, (), lambda _event: None)
        marks = [event.mark for event in recording.events]
        assert recording.invariant == ""
        assert marks.count("life") == told.lives
        assert marks.count("crash") == told.faults["crash"]
        assert marks.count("power-cut") == told.faults["power-cut"]
        assert recording.at_rest is not None


def test_a_violation_has_a_trace_a_command_and_a_page(broken: swarm.Result, tmp_path: Path) -> None:
    assert broken.violation is not None
    page, told = tmp_path / "run.html", StringIO()
    short = edits.write(shrunk(broken.seed, broken.violation[0], seconds=4.0))
    with redirect_stdout(told):
        words = ["swarm", "--seed", str(broken.seed), "--but", short, "--html", str(page)]
        assert main(words) == 1
    said = told.getvalue()
    assert f"VIOLATION {broken.violation[0]}" in said
    assert f"again: python -m scenarios swarm --seed {broken.seed} --but" in said
    assert "is told" in said
    assert f"{broken.violation[0]} does not hold" in page.read_text(encoding="utf-8")
