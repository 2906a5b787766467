"""A run in parts, and the parts joined: exactly what one run comes to, or a sentence why not."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from scenarios import outcomes
from scenarios.__main__ import main
from scenarios.budgets import Budget, budget
from scenarios.commands import swarm
from scenarios.outcomes import Outcome
from scenarios.shards import Shard
from scenarios.usage import Usage
from tests.unit.harness import harness

#: Exhibits that are found at once, of several stories.
QUICK = ("ghost-name-of-a-removed-container", "storage-without-container")

#: Each command with few words, and how many parts it is made in.
RUNS = {
    "swarm": (("--seeds", "65"), 3),
    "explore": (("update-exited", "rename", "kill-paused", "--budget", "40"), 2),
    "faults": (("rename", "create"), 2),
    "museum": (QUICK, 2),
}


def came_to(told: dict[str, Any]) -> object:
    """What does not depend on how fast it was, nor on who ended first."""
    if told["command"] == "swarm":
        return swarm.Sum.of(told["results"])
    results = [
        {k: v for k, v in one.items() if k not in {"seconds", "cpu"}} for one in told["results"]
    ]
    return sorted(results, key=repr)


def report(path: Path, *words: str) -> dict[str, Any]:
    told = harness(*words, "--jobs", "2", "--json", str(path))
    assert (told.returncode, told.stderr) == (0, "")
    return json.loads(path.read_text())


def parts_of(folder: Path, command: str, words: tuple[str, ...], count: int) -> list[str]:
    paths = [folder / f"{index}.json" for index in range(1, count + 1)]
    for index, path in enumerate(paths, 1):
        report(path, command, *words, "--shard", f"{index}/{count}")
    return [str(path) for path in paths]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", RUNS)
def test_all_parts_joined_are_the_whole_run(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, count = RUNS[command]
    whole = report(tmp_path / "whole.json", command, *words)
    parts = parts_of(tmp_path, command, words, count)
    both = str(tmp_path / "joined.json")
    assert main(["merge", *reversed(parts), "--json", both]) == 0
    joined = outcomes.read(both)
    assert came_to(asdict(joined)) == came_to(whole)
    assert (joined.terms, joined.shard) == (whole["terms"], Shard())
    last = capsys.readouterr().out.splitlines()[-1]
    told = harness("merge", str(tmp_path / "whole.json"))
    assert without_times(told.stdout.splitlines()[-1]) == without_times(last)


def without_times(line: str) -> str:
    return re.sub(r"\d+\.\d s|\d+ a second|\d+ crashes and \d+ lives a second", "", line)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0/2", "is no part"),
        ("3/2", "is no part"),
        ("two", "is no part"),
        ("1/0", "is no part"),
        ("1/2/3", "is no part"),
        ("2/2", "only 1 stories"),
    ],
)
def test_a_part_that_makes_no_sense(
    text: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explore", "create", "--shard", text]) == 2
    assert why in capsys.readouterr().err


def test_every_thing_is_in_one_part() -> None:
    parts = [Shard(index, 3).of(range(10), "numbers") for index in (1, 2, 3)]
    assert sorted(one for part in parts for one in part) == list(range(10))
    assert [Shard(2, 3).has(place) for place in range(4)] == [False, True, False, False]


# ---- what does not belong together


def written(path: Path, shard: Shard, **other: object) -> str:
    one = swarm.Sum(runs=1, lives=1).as_result()
    outcome = Outcome("swarm", {"first": 0}, shard, [one], 1.0)
    outcomes.write(replace(outcome, **other), str(path))
    return str(path)


def refused(files: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["merge", *files]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err


def test_a_missing_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = written(tmp_path / "1", Shard(1, 3))
    assert "shard 2/3, 3/3 is missing" in refused([one], capsys)


def test_a_part_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [written(tmp_path / name, Shard(1, 2)) for name in "ab"]
    assert "are both shard 1/2" in refused(files, capsys)
    assert "are both shard 1/2" in refused([files[0], files[0]], capsys)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"code": "0123"}, "is of other code"),
        ({"command": "faults"}, "is of another run"),
        ({"terms": {"first": 7}}, "is of another run"),
        ({"shard": Shard(2, 3)}, "is of another run"),
    ],
)
def test_parts_of_different_runs(
    other: dict[str, object], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = written(tmp_path / "1", Shard(1, 2))
    two = written(tmp_path / "2", **{"shard": Shard(2, 2)} | other)
    assert why in refused([one, two], capsys)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"command": "swarm"}', "\x00"])
def test_what_is_no_report(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "told"
    path.write_text(text)
    assert "is no report" in refused([str(path)], capsys)


def test_what_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No such file" in refused([str(tmp_path / "none")], capsys)
    assert main(["swarm", "--json", str(tmp_path / "none" / "x")]) == 2
    assert "in a directory that is there" in capsys.readouterr().err


def test_a_stopped_part_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = written(tmp_path / "1", Shard(), is_stopped=True)
    assert main(["merge", one]) == 130
    assert "a part was stopped" in capsys.readouterr().err


def test_a_violation_in_a_part_is_one_of_the_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [written(tmp_path / "1", Shard(1, 2))]
    broken = json.loads(Path(files[0]).read_text())["results"][0]
    broken["violations"] = [[4, "I9", "as planted"]]
    files.append(written(tmp_path / "2", Shard(2, 2), results=[broken]))
    assert main(["merge", *files]) == 1
    assert "swarm --seed 4" in capsys.readouterr().out


# ---- budgets


def test_a_budget_is_a_time_or_a_number_of_runs() -> None:
    assert budget("90s") == Budget(seconds=90)
    assert budget("1.5m") == Budget(seconds=90)
    assert budget("1e6") == Budget(runs=1_000_000)
    assert budget("250") == Budget(runs=250)
    assert budget("") == Budget()


@pytest.mark.parametrize("text", ["0", "0s", "-1", "1e", "soon", "5 m", "1e-3", "nan"])
def test_a_budget_that_makes_no_sense(text: str) -> None:
    with pytest.raises(Usage, match="--budget"):
        budget(text)
