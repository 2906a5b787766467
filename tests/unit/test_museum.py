"""The museum finds what it plants, says so when it does not, and lets anybody plant.

That all exhibits are found is `python -m scenarios museum`, part of make test; here are a few, and the
ways in which a find could be a lie: never reached, another invariant, an exception, a story not clean.
"""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from conman.core.effects import recipes
from conman.core.effects import vocabulary as v
from conman.core.sagas import container, recovery
from conman.primitives import steps as s
from conman.shim import machine
from scenarios import simulator
from scenarios.__main__ import main
from scenarios.museum import host_finding
from scenarios.museum.all_exhibits import EXHIBITS
from scenarios.museum.command import chosen
from scenarios.museum.exhibit import (
    ON_THE_HOST,
    Exhibit,
    HostExhibit,
    Recipe,
    Replaced,
    planted,
    without,
)
from scenarios.museum.finding import find, is_clean
from scenarios.museum.in_tests import Ran
from scenarios.museum.track_record import identity, table
from scenarios.stories.all_stories import EVERY
from scenarios.violation import SENTENCES
from tests.unit.harness import harness

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("ghost-name-of-a-removed-container", "storage-without-container", "zero-after-sigkill")


SIMULATED = [one for one in EXHIBITS if isinstance(one, Exhibit)]
ON_HOST = [one for one in EXHIBITS if isinstance(one, HostExhibit)]


def exhibit(name: str) -> Exhibit:
    return next(one for one in SIMULATED if one.name == name)


@pytest.mark.parametrize("name", QUICK)
def test_it_is_found(name: str) -> None:
    finding = find(exhibit(name))
    assert finding.is_found, finding
    assert finding.reached > 0


def test_the_same_exploration_without_it_is_clean() -> None:
    assert is_clean("remove-created", 20) == ""


def test_a_story_that_is_not_clean_is_told() -> None:
    with planted(exhibit("ghost-name-of-a-removed-container").patches):
        assert "its name is held" in is_clean("remove-created", 1)


def test_each_exhibit_fits_this_conman() -> None:
    for one in SIMULATED:
        assert one.patches
        assert set(one.invariants) <= set(SENTENCES), one.name
        assert one.story in {story.name for story in EVERY}, one.name
        with planted(one.patches):
            pass
    assert len({one.name for one in EXHIBITS}) == len(EXHIBITS)


@pytest.mark.parametrize("one", ON_HOST, ids=lambda one: one.name)
def test_each_exhibit_of_the_host_fits_this_conman(one: HostExhibit) -> None:
    tests = (ROOT / one.file).read_text()
    assert one.tests
    assert all(f"def {name}(" in tests for name in one.tests)
    with planted(one.patches, ON_THE_HOST):
        pass


def test_what_was_planted_is_taken_out_again() -> None:
    before = (simulator.recipe, recovery.recover, machine.step, container.finish_remove)
    for one in SIMULATED:
        with planted(one.patches):
            pass
    after = (simulator.recipe, recovery.recover, machine.step, container.finish_remove)
    assert after == before


def test_whoever_imported_a_function_gets_the_other() -> None:
    def other(*_: object) -> None:
        pass

    with planted((Replaced("conman.core.sagas.container.finish_remove", other),)):
        assert recovery.finish_remove is container.finish_remove
        assert recovery.finish_remove is not exhibit
    assert simulator.recipe is recipes.recipe


# ---- finds that are none


NEVER = replace(
    exhibit(QUICK[0]),
    story="create-no-source",
    patches=(Recipe(v.KeepExitRecord, without(s.SyncFile)),),
)
ELSEWHERE = replace(exhibit(QUICK[0]), invariants=("I13",))


def _breaks(*_: object) -> None:
    raise KeyError("planted")


BROKEN = replace(exhibit(QUICK[0]), patches=(Replaced("conman.core.sagas.run.prepare", _breaks),))


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (NEVER, "the change was never reached"),
        (ELSEWHERE, "it violates I2: web was removed, and its name is held"),
        (BROKEN, "KeyError: 'planted'"),
    ],
)
def test_it_is_not_found(one: Exhibit, why: str) -> None:
    finding = find(one)
    assert not finding.is_found
    assert finding.why == why


def test_an_invariant_that_is_switched_off_is_lost() -> None:
    finding = find(exhibit("storage-without-container"), frozenset({"I3"}))
    assert finding.violated != "I3"
    assert not finding.is_found


# ---- of the host


QUICK_ON_HOST = next(one for one in ON_HOST if one.name == "store-is-not-synced")


def test_tests_of_the_host_find_it() -> None:
    finding = host_finding.find(QUICK_ON_HOST)
    assert finding.is_found, finding
    assert finding.violated == "test_commits_are_synced"
    assert finding.reached > 0


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (Ran(7, "", reached=3), "all tests pass"),
        (Ran(7, "test_commits_are_synced", "AssertionError"), "the change was never reached"),
        (Ran(7, "test_commits_are_synced", "KeyError", "KeyError: 'x'", 3), "KeyError: 'x'"),
        (
            Ran(7, "test_one_intent", "AssertionError", "assert 1 == 2", 3),
            "it fails test_one_intent: assert 1 == 2",
        ),
    ],
)
def test_tests_of_the_host_do_not_find_it(
    told: Ran, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: str) -> tuple[dict[str, str | int], str]:
        return asdict(told), ""

    monkeypatch.setattr(host_finding, "run", run)
    finding = host_finding.find(QUICK_ON_HOST)
    assert not finding.is_found
    assert finding.why == why


def test_tests_that_fail_with_nothing_planted_are_told() -> None:
    assert host_finding.is_clean("tests/unit/test_exit_status.py") == ""
    assert "pytest ended with" in host_finding.is_clean("tests/unit/test_that_is_not_there.py")


# ---- the door for outsiders


PLANT = """
from conman.core.effects import vocabulary as v
from conman.primitives import steps as s
from scenarios.museum.exhibit import Recipe, without

PATCHES = (Recipe(v.RemoveFiles, without(s.RemoveTree)),)
"""


def replacing(target: str) -> str:
    return (
        f"from scenarios.museum.exhibit import Replaced\nPATCHES = (Replaced('{target}', print),)"
    )


def test_anybody_may_plant(tmp_path: Path) -> None:
    file = tmp_path / "bug.py"
    file.write_text(PLANT)
    explored = harness("explore", "remove-created", "--plant", str(file))
    assert explored.returncode == 1
    assert "nobody owns trash" in explored.stdout
    replayed = next(line for line in explored.stdout.splitlines() if line.startswith("again: "))
    assert replayed.endswith(f" --plant {file}")
    assert explored.stderr == ""
    identifier = replayed.split("'")[1]
    assert main(["replay", identifier, "--plant", str(file)]) == 1
    assert main(["replay", identifier]) == 0


def test_a_plant_that_is_never_reached_is_told(tmp_path: Path) -> None:
    file = tmp_path / "bug.py"
    file.write_text(PLANT.replace("RemoveFiles", "Freeze"))
    explored = harness("explore", "create-no-source", "--plant", str(file))
    assert explored.returncode == 0
    assert "was never reached" in explored.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("PATCHES = ", "SyntaxError"),
        ("import conman.nothing", "ModuleNotFoundError"),
        ("x = 1", "it has no PATCHES"),
        ("PATCHES = (1,)", "in PATCHES 1 is neither Replaced nor Recipe"),
        (
            replacing("conman.core.sagas.run.nothing"),
            "there is no conman.core.sagas.run.nothing in this conman",
        ),
        (
            replacing("scenarios.oracle.always"),
            "scenarios.oracle.always is neither in conman.core nor in conman.shim",
        ),
        (
            replacing("conman.core.model.Container"),
            "conman.core.model.Container is no function",
        ),
    ],
)
def test_a_plant_that_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    file = tmp_path / "bug.py"
    file.write_text(text)
    assert main(["explore", "create", "--plant", str(file)]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["museum", "stuck-create"], "there is no exhibit 'stuck-create'; did you mean"),
        (["museum", "--without", "I99"], "there is no such invariant; there are I1, I2"),
        (["museum", "--jobs", "0"], "give 1 or more"),
        (["explore", "create", "--without", "8"], "there is no such invariant"),
        (["explore", "create", "--plant", "/nowhere/bug.py"], "FileNotFoundError"),
        (["explore", "create", "--plant", "/nowhere/bug"], "it is no Python file"),
    ],
)
def test_bad_words(argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


# ---- what is told


def test_the_command() -> None:
    told = harness("museum", *QUICK[:2])
    assert told.returncode == 0
    assert "found I2" in told.stdout
    assert "2 of 2 found; 2 stories explored as long with nothing planted are clean" in told.stdout


def test_what_is_lost_is_told() -> None:
    told = harness("museum", "storage-without-container", "--without", "I3")
    assert told.returncode == 1
    assert "NOT FOUND" in told.stdout


def track_record() -> list[list[str]]:
    page = (ROOT / "docs/track-record.md").read_text()
    museum = page.partition("\n## The museum\n")[2].partition("\n## ")[0]
    rows = [line for line in museum.splitlines() if line.startswith("| ") and " | `" in line]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_track_record_shows_the_exhibits() -> None:
    """Its rows are generated: `python -m scenarios museum --table`. Seconds and lives may differ."""
    shown = track_record()
    assert [tuple(cells[:6]) for cells in shown] == [identity(one) for one in EXHIBITS]
    for cells, one in zip(shown, EXHIBITS, strict=True):
        found = one.invariants if isinstance(one, Exhibit) else one.tests
        assert cells[6].strip("`") in found, cells


def test_exhibits_are_in_the_order_of_their_findings() -> None:
    """Asked for in another order, the table gave each the finding of its neighbour."""
    names = [one.name for one in EXHIBITS]
    assert [one.name for one in chosen(names[:3][::-1])] == names[:3]
    assert [one.name for one in chosen(())] == names


def test_the_table_is_made_of_findings() -> None:
    one = exhibit(QUICK[0])
    assert f"| `{QUICK[0]}` |" in table([one], [find(one)])
    assert "**not found**" in table([one], [find(ELSEWHERE)])
