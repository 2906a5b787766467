"""Faults in fail(9)'s manner, and the settings that order them: read, refused, drawn, and repeated."""

from dataclasses import replace
from pathlib import Path

import pytest

from fakerunc.crun import plans
from fakerunc.fault_draw import drawn
from fakerunc.fault_terms import Clause, UnknownFault, terms
from fakerunc.model import (
    NOTHING_THERE,
    STEPS,
    Checkpoint,
    Command,
    Create,
    Delete,
    Events,
    Exec,
    Kill,
    Pause,
    Plan,
    Ps,
    Resume,
    Run,
    Start,
    State,
    Status,
    Step,
    StepKind,
    Update,
    View,
    plan,
    undo_of_create,
)
from fakerunc.settings import BadSetting, Settings, settings
from tests.unit.test_fakerunc_model import VIEWS


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
        ("create@fly=kill", 'no step of create is called "fly"; there are begin, make-directory,'),
        ("create@=kill", 'no step of create is called ""'),
        ("create@answer=delay", 'no action is called "delay"; there are kill, hang, off, delay'),
        ("create@answer=delay(x)", '"delay(x)"'),
        ("create@answer=error(EFLY)", '"error(EFLY)"'),
        ("create@answer=error(errorcode)", '"error(errorcode)"'),
        ("create@answer=lie(256)", '"lie(256)"'),
        ("create@answer=kill(9)", '"kill(9)"'),
        ("create@answer=x*kill", '"x*kill"'),
        ("create@answer=kill->", '""'),
        ("create@answer", '""'),
        ("create@answer#x=kill", "#x is no number from 1 on"),
        ("create@make-cgroup#0=kill", "#0 is no number from 1 on"),
        ("create@make-cgroup#²=kill", "#² is no number from 1 on"),
        ("create@make-cgroup#=kill", "# is no number from 1 on"),
        ("state@rename-state=kill", 'no step of state is called "rename-state"; there are begin,'),
        (
            "start@kill-init=kill",
            "there are begin, release-init, unlink-fifo, thaw, freeze, answer",
        ),
        ("state=delay(-5s)", '"delay(-5s)"'),
        ("state=delay(99999999999h)", '"delay(99999999999h)"'),
    ],
)
def test_a_term_that_says_nothing_is_named(term: str, named: str) -> None:
    with pytest.raises(UnknownFault) as problem:
        list(terms(f"start@answer=kill,{term}"))
    assert named in str(problem.value)
    assert f"faults: {term}: " in str(problem.value)


def test_the_steps_of_each_command_are_those_of_its_plans() -> None:
    """In every state, in either flavour, and what undoes it."""
    found: dict[str, set[str]] = {name: set() for name in STEPS}
    for name, command in COMMANDS:
        for view in (NOTHING_THERE, *VIEWS.values(), SHARED):
            for decided in (plan(command, view), *_of_crun(name, command, view)):
                found[name] |= {step.name for step in decided.steps}
    for name, command in COMMANDS:
        if isinstance(command, Create):
            for step in map(Step, StepKind):
                undone = (undo_of_create(command, step, ""), plans.undo(command, step, ""))
                found[name] |= {step.name for decided in undone for step in decided.steps}
    assert {name: set(steps.split()) for name, steps in STEPS.items()} == found


HOOKS = ("prestart", "poststart", "poststop")
SHARED = replace(VIEWS[Status.RUNNING], shared_pids=True, poststop=True)
COMMANDS: list[tuple[str, Command]] = [
    ("create", Create("c1", hooks=HOOKS)),
    ("run", Run("c1", hooks=HOOKS, shared_pids=True)),
    ("run", Run("c1", keep=True)),
    ("start", Start("c1")),
    ("state", State("c1")),
    ("kill", Kill("c1", 9)),
    ("kill", Kill("c1", 9, all=True)),
    ("delete", Delete("c1", force=True)),
    ("exec", Exec("c1", pid_file=True)),
    ("pause", Pause("c1")),
    ("resume", Resume("c1")),
    ("ps", Ps("c1")),
    ("update", Update("c1")),
    ("events", Events("c1")),
    ("checkpoint", Checkpoint("c1")),
]


def _of_crun(name: str, command: Command, view: View) -> list[Plan]:
    paused = replace(view, frozen=True)
    known = name not in {"events", "checkpoint"}
    return [plans.plan(command, one, "/r/c1") for one in (view, paused)] if known else []


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


def test_a_draw_that_was_cut_short_is_not_forgotten(tmp_path: Path) -> None:
    """What its successor reads was renamed into place."""
    assert drawing(tmp_path, "delete=1*kill", 1) == ["kill"]
    (tmp_path / "counts.tmp").write_text("{")
    assert drawing(tmp_path, "delete=1*kill", 1) == ["off"]
    assert not (tmp_path / "counts.tmp").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"delete=kill":"x"}'])
def test_counts_that_say_nothing_are_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "counts").write_text(text)
    with pytest.raises(UnknownFault, match=r"/counts: no counts of turns; remove it"):
        drawing(tmp_path, "delete=kill", 1)
    assert (tmp_path / "counts").read_text() == text


def test_a_place_with_a_slash_at_its_end_is_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "fakerunc.conf").write_text("root = /x/\n")
    assert settings(str(tmp_path / "runc"), {}).root == "/x"


def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    conf = tmp_path / "fakerunc.conf"
    conf.write_bytes(b"root = /\xff\n")
    with pytest.raises(BadSetting, match=r"fakerunc\.conf: not in UTF-8$"):
        settings(str(tmp_path / "runc"), {})
    conf.unlink()
    conf.mkdir()
    with pytest.raises(BadSetting, match=r"fakerunc\.conf: is a directory$"):
        settings(str(tmp_path / "runc"), {})


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
