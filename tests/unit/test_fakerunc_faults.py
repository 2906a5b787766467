"""Faults in fail(9)'s manner, and the settings that order them: read, refused, drawn, and repeated."""

from pathlib import Path

import pytest

from fakerunc.fault_draw import drawn
from fakerunc.fault_terms import Clause, UnknownFault, terms
from fakerunc.settings import BadSetting, Settings, settings


def test_terms_are_read_with_all_their_parts() -> None:
    text = "create@make-cgroup#3=1*kill, delete=2*error(EBUSY)->off\nstart@answer=25%delay(50ms)"
    first, second, third = terms(text)
    assert (first.command, first.step, first.nth) == ("create", "make-cgroup", 3)
    assert first.clauses == (Clause("kill", times=1),)
    assert (second.command, second.step, second.nth) == ("delete", "begin", 1)
    assert second.clauses == (Clause("error", 16, times=2), Clause("off"))
    assert third.clauses == (Clause("delay", 0.05, percent=25),)


@pytest.mark.parametrize(
    ("term", "named"),
    [
        ("make@answer=kill", 'no command is called "make"; there are checkpoint, create,'),
        ("create@fly=kill", 'no step is called "fly"; there are begin, make-directory,'),
        ("create@=kill", 'no step is called ""'),
        ("create@answer=delay", 'no action is called "delay"; there are kill, hang, off, delay'),
        ("create@answer=delay(x)", '"delay(x)"'),
        ("create@answer=error(EFLY)", '"error(EFLY)"'),
        ("create@answer=error(errorcode)", '"error(errorcode)"'),
        ("create@answer=lie(256)", '"lie(256)"'),
        ("create@answer=kill(9)", '"kill(9)"'),
        ("create@answer=x*kill", '"x*kill"'),
        ("create@answer=kill->", '""'),
        ("create@answer", '""'),
        ("create@answer#x=kill", "#x is no number"),
    ],
)
def test_a_term_that_says_nothing_is_named(term: str, named: str) -> None:
    with pytest.raises(UnknownFault) as problem:
        list(terms(f"start@answer=kill,{term}"))
    assert named in str(problem.value)
    assert f"faults: {term}: " in str(problem.value)


def drawing(place: Path, text: str, turns: int, seed: int = 0) -> list[str]:
    (term,) = terms(text)
    return [drawn(term, str(place), seed).action for _ in range(turns)]


def test_clauses_take_their_turns(tmp_path: Path) -> None:
    text = "delete=2*error(EBUSY)->1*hang->off"
    assert drawing(tmp_path, text, 5) == ["error", "error", "hang", "off", "off"]
    assert drawing(tmp_path / "one", "delete=1*kill", 3) == ["kill", "off", "off"]
    assert drawing(tmp_path / "all", "delete=kill", 3) == ["kill"] * 3
    log = (tmp_path / "log").read_text().splitlines()
    assert log[2] == f"{text}: turn 3, seed 0: hang"


def test_chance_repeats_with_its_seed(tmp_path: Path) -> None:
    runs = [
        drawing(tmp_path / name, "delete=50%kill", 40, seed)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert runs[0] == runs[1] != runs[2]
    assert 10 < runs[0].count("kill") < 30
    assert drawing(tmp_path / "d", "delete=0%kill", 9) == ["off"] * 9


def test_settings_lie_beside_the_program(tmp_path: Path) -> None:
    program = str(tmp_path / "runc")
    assert settings(program, {}) == Settings()
    (tmp_path / "fakerunc.conf").write_text(
        "# ours\n\nroot = /r\nhierarchies=10\nfaults = delete=kill\nseed = 7\n"
    )
    assert settings(program, {}) == Settings("/r", 10, "delete=kill", 7)
    env = {"FAKERUNC_HIERARCHIES": "2", "FAKERUNC_FAULTS": "", "FAKERUNC_SEED": "9"}
    assert settings(program, env) == Settings("/r", 2, "", 9)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (
            "colour = red",
            "no setting is called 'colour'; there are root, hierarchies, faults, seed, flavour",
        ),
        ("root", "no setting is called 'root'"),
        ("root = here", "root: 'here' is not an absolute path"),
        ("hierarchies = 0", "hierarchies: '0' is not a number from 1 on"),
        ("seed = x", "seed: 'x' is not a number from 0 on"),
    ],
)
def test_a_setting_that_says_nothing_is_named(line: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "fakerunc.conf").write_text(f"\n{line}\n")
    with pytest.raises(BadSetting) as problem:
        settings(str(tmp_path / "runc"), {})
    assert str(problem.value).startswith(f"{tmp_path}/fakerunc.conf, line 2: {named}")
