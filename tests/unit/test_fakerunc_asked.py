"""What update, events, ps and checkpoint are answered in each state, and how they read their options."""

from dataclasses import replace
from pathlib import Path

import pytest

from fakerunc.decoding import Unreadable
from fakerunc.model import (
    NO_CRIU,
    NOTHING_THERE,
    OK,
    Answer,
    Checkpoint,
    Command,
    Create,
    Delete,
    Events,
    Plan,
    Run,
    Step,
    StepKind,
    Update,
    plan,
    undo_of_create,
)
from fakerunc.options import seconds
from fakerunc.resources import asked, of
from tests.unit.test_fakerunc_model import VIEWS, names

LIVING = ["created", "running", "paused"]
STATES = {state.value: view for state, view in VIEWS.items()}


HOOKED = ("prestart", "poststart", "poststop")


def test_hooks_have_their_places() -> None:
    made = names(plan(Create("c1", hooks=HOOKED), NOTHING_THERE))
    assert "spawn-init create-hooks write-state rename-state poststart-hooks write-pid" in made
    plain = names(plan(Create("c1"), NOTHING_THERE))
    assert made.replace(" create-hooks", "").replace(" poststart-hooks", "") == plain
    view = replace(STATES["stopped"], poststop=True)
    assert names(plan(Delete("c1"), view)) == "remove-cgroups remove-directory poststop-hooks"
    ran = names(plan(Run("c1", hooks=HOOKED), NOTHING_THERE))
    assert ran.endswith("await-init remove-cgroups remove-directory poststop-hooks")


@pytest.mark.parametrize("kind", [StepKind.CREATE_HOOKS, StepKind.POSTSTART_HOOKS])
def test_a_hook_that_fails_undoes_all(kind: StepKind) -> None:
    undo = undo_of_create(Create("c1", hooks=HOOKED), Step(kind), "no")
    assert names(undo) == "kill-init remove-cgroups remove-directory poststop-hooks"


@pytest.mark.parametrize("state", LIVING)
def test_what_lives_is_updated_and_told_of(state: str) -> None:
    decided = plan(Update("c1", warning="w"), STATES[state])
    assert names(decided) == "set-resources write-state rename-state"
    assert decided.answer == Answer(0, "", "w")
    assert plan(Events("c1"), STATES[state]) == Plan((), OK)


@pytest.mark.parametrize(
    ("command", "state", "words"),
    [
        (Update("c1"), "stopped", "container not running"),
        (Update("c1", "no"), "stopped", "no"),
        (Update("c1", "no"), "running", "no"),
        (Events("c1"), "stopped", "container with id c1 is not running"),
        (Events("c1", "no"), "stopped", "no"),
        (Events("c1", "no"), "running", "no"),
        (Checkpoint("c1"), "created", "Container cannot be checkpointed in created state"),
        (Checkpoint("c1"), "stopped", "Container cannot be checkpointed in stopped state"),
        (Checkpoint("c1"), "running", NO_CRIU),
        (Checkpoint("c1"), "paused", NO_CRIU),
    ],
    ids=str,
)
def test_a_refusal(command: Command, state: str, words: str) -> None:
    assert plan(command, STATES[state]) == Plan((), Answer(1, "", words))
    assert plan(command, NOTHING_THERE).answer.stderr == "container does not exist"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5s", 5),
        ("1m30s", 90),
        ("250ms", 0.25),
        ("0", 0),
        ("-1s", -1),
        ("1.5h", 5400),
        ("1us", 1e-6),
    ],
)
def test_a_duration(text: str, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "5sx", "1d", "--1s"])
def test_no_duration(text: str) -> None:
    assert seconds(text) is None


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ({}, {}),
        ({"memory": "64M"}, {"memory": 64 << 20}),
        ({"memory": "1.5g"}, {"memory": 3 << 29}),
        ({"memory": "2Gi", "memory-swap": "-1"}, {"memory": 2 << 30, "memory_swap": -1}),
        ({"memory": "10b"}, {"memory": 10}),
        ({"cpu-share": "100", "cpu-quota": "-1"}, {"cpu_shares": 100, "cpu_quota": -1}),
        ({"cpuset-cpus": "0-1", "cpuset-mems": "0"}, {"cpuset_cpus": "0-1", "cpuset_mems": "0"}),
        ({"pids-limit": "0", "blkio-weight": "0"}, {}),
        ({"pids-limit": "-1"}, {"pids_limit": -1}),
    ],
    ids=str,
)
def test_limits_from_flags(flags: dict[str, str], found: dict[str, object]) -> None:
    assert asked(flags) == found


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"memory": "x"}, "invalid value for memory: invalid size: 'x'"),
        ({"memory": "1 Mx"}, "invalid value for memory: invalid size: '1 Mx'"),
        (
            {"cpu-share": "-1"},
            'invalid value for cpu-share: strconv.ParseUint: parsing "-1": invalid syntax',
        ),
        (
            {"cpu-quota": "x"},
            'invalid value for cpu-quota: strconv.ParseInt: parsing "x": invalid syntax',
        ),
        ({"l3-cache-schema": "x"}, "Intel RDT/CAT: l3 cache schema is not enabled"),
        ({"resources": "/nope"}, "open /nope: no such file or directory"),
    ],
    ids=str,
)
def test_what_is_no_limit(flags: dict[str, str], words: str) -> None:
    with pytest.raises(Unreadable) as problem:
        asked(flags)
    assert str(problem.value) == words


def test_a_file_makes_flags_unheard(tmp_path: Path) -> None:
    (tmp_path / "res").write_text('{"pids":{"limit":7},"cpu":{"cpus":"1"},"bogus":1}')
    found = asked({"resources": str(tmp_path / "res"), "memory": "x"})
    assert found == {"pids_limit": 7, "cpuset_cpus": "1"}
    assert of({}) == {}
