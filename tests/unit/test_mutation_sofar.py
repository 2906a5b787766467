"""A run of mutants that is interrupted goes on; its parts are joined; what survived is met again, and no other.

The judge is a stand-in: who notices a mutant is another file's matter.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from scenarios.__main__ import main
from scenarios.commands import mutate
from scenarios.commands.mutate import all_mutants
from scenarios.mutation.judging import Judged
from scenarios.mutation.mutants import Mutant, sample
from scenarios.mutation.proofs import FILE
from scenarios.mutation.reach import Reach
from scenarios.mutation.tree import Tree
from scenarios.mutation.trial import Verdict

EVERY = all_mutants()
FIRST = sample(EVERY, 0, 6)


class Judge:
    """Notices all but those that it spares. Interrupted once it has judged `until`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.met: list[str] = []
        self.spared: set[str] = set()
        self.until = 1_000
        monkeypatch.setattr(mutate, "all_mutants", lambda: EVERY)
        monkeypatch.setattr(mutate, "judge", self)
        monkeypatch.setattr(mutate, "trees", _trees)
        monkeypatch.setattr(mutate, "reach", lambda _tree: Reach({}, {}))

    def __call__(self, mutant: Mutant, *_: object) -> Judged:
        if len(self.met) == self.until:
            raise KeyboardInterrupt
        self.met.append(mutant.name)
        return Judged(mutant, Verdict("" if mutant.name in self.spared else "test"), 1.0)


@contextmanager
def _trees(_count: int) -> Generator[list[Tree]]:
    yield [cast("Tree", type("NoTree", (), {"stop": lambda _: None})())]


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    return Judge(monkeypatch)


def mutated(*words: str) -> int:
    return main(["mutate", "--count", "6", "--jobs", "1", *words])


def told(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def test_what_is_interrupted_goes_on(judge: Judge, tmp_path: Path) -> None:
    report = tmp_path / "report"
    judge.until = 2
    assert mutated("--json", str(report)) == 130
    assert told(report)["is_stopped"] is True
    assert [one["mutant"] for one in told(report)["results"]] == judge.met
    judge.until = 1_000
    assert mutated("--json", str(report)) == 0
    assert sorted(judge.met) == sorted(one.name for one in FIRST)
    assert told(report)["is_stopped"] is False
    assert len(told(report)["results"]) == 6


def test_a_report_is_whole_after_each(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, lengths = tmp_path / "report", list[int]()
    tell = mutate._tell

    def telling(one: Judged, judged: list[Judged], count: int) -> None:
        lengths.append(len(told(report)["results"]))
        tell(one, judged, count)

    monkeypatch.setattr(mutate, "_tell", telling)
    assert mutated("--json", str(report)) == 0
    assert lengths == [1, 2, 3, 4, 5, 6]
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("words", [("--seed", "1"), ("--limit", "7"), ("--shard", "1/2")])
def test_a_report_of_another_run_is_not_gone_on_with(
    words: tuple[str, ...], judge: Judge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report"
    mutated("--json", str(report))
    before = report.read_bytes()
    assert mutated("--json", str(report), *words) == 2
    assert "of another run" in capsys.readouterr().err
    assert report.read_bytes() == before


def test_parts_are_joined(judge: Judge, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judge.spared = {FIRST[0].name}
    parts = [str(tmp_path / f"{index}") for index in (1, 2)]
    for index, part in enumerate(parts, 1):
        assert mutated("--shard", f"{index}/2", "--json", part) == 0
    capsys.readouterr()
    assert main(["merge", *parts]) == 0
    out = capsys.readouterr().out
    assert f"SURVIVED {FIRST[0].name}\n" in out
    assert "| all | 6 | 0 | 0 | 0 | 5 | 1 | 83.3 % | 6 |\n" in out


def test_what_survived_is_met_again_and_no_other(
    judge: Judge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = str(tmp_path / "old"), str(tmp_path / "new")
    judge.spared = {FIRST[0].name, FIRST[1].name}
    mutated("--json", old)
    judge.met, judge.spared = [], {FIRST[1].name}
    capsys.readouterr()
    assert main(["mutate", "--jobs", "1", "--again", old, "--json", new]) == 0
    assert sorted(judge.met) == sorted([FIRST[0].name, FIRST[1].name])
    assert "| all | 6 | 0 | 0 | 0 | 5 | 1 | 83.3 % | 6 |\n" in capsys.readouterr().out
    judge.met = []
    assert main(["mutate", "--jobs", "1", "--again", new]) == 0
    assert judge.met == [FIRST[1].name]


def test_what_is_proven_to_be_no_change_is_not_met_again(
    judge: Judge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = str(tmp_path / "old")
    proven = next(iter(json.loads(FILE.read_text())))
    judge.spared = {proven}
    assert main(["mutate", "--only", proven, "--json", old]) == 0
    judge.met = []
    assert main(["mutate", "--again", old]) == 0
    assert judge.met == []
    assert "1 survived, 1 of them proven equivalent" in capsys.readouterr().out


def test_what_is_no_mutant_any_more_is_left_out(
    judge: Judge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old"
    judge.spared = {FIRST[0].name}
    mutated("--json", str(old))
    old.write_text(old.read_text().replace(json.dumps(FIRST[0].name), '"gone"'))
    judge.met = []
    capsys.readouterr()
    assert main(["mutate", "--again", str(old)]) == 0
    assert judge.met == []
    assert "| all | 5 |" in capsys.readouterr().out


def test_a_report_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report"
    report.write_text("{}")
    for words in (["--json"], ["--again"], ["--again", str(report), "--json"]):
        assert main(["mutate", *words, str(report)]) == 2
        err = capsys.readouterr().err
        assert str(report) in err
        assert err.count("\n") == 1
