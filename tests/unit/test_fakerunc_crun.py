"""crun's table, command line and words, cell by cell as they were measured on crun 1.8.1."""

from dataclasses import replace

import pytest

from fakerunc.crun import line, plans, printed
from fakerunc.crun.line import Misused
from fakerunc.flavour import chosen
from fakerunc.model import (
    NOTHING_THERE,
    Command,
    Create,
    Defect,
    Delete,
    Exec,
    InitState,
    Kill,
    Pause,
    Ps,
    Record,
    Resume,
    Run,
    Stage,
    Start,
    State,
    StateFile,
    Status,
    StepKind,
    Update,
    View,
)
from fakerunc.settings import BadSetting, settings

RUNNING = View(
    directory=True, fifo=False, state=StateFile.VALID, init=InitState.ALIVE, frozen=False
)
VIEWS = {
    "absent": NOTHING_THERE,
    "broken": replace(RUNNING, state=StateFile.ABSENT, init=InitState.GONE),
    "torn": replace(RUNNING, state=StateFile.TORN, init=InitState.GONE, torn='{"id":"c'),
    "created": replace(RUNNING, fifo=True),
    "running": RUNNING,
    "paused": replace(RUNNING, frozen=True),
    "paused-created": replace(RUNNING, fifo=True, frozen=True),
    "stopped": replace(RUNNING, init=InitState.GONE),
}
ABSENT = "error opening file `/r/c1/status`: No such file or directory"
GONE = "the container `c1` is not running: No such process"
FIFO = "cannot open `/r/c1/exec.fifo`: No such file or directory"
DELETE = "the container `c1` is not in `created` or `stopped` state"
CELLS: list[tuple[str, Command, int, str]] = [
    ("absent", State("c1"), 1, ABSENT),
    ("broken", Kill("c1", 9), 1, ABSENT),
    ("absent", Ps("c1"), 253, ABSENT),
    ("absent", Delete("c1"), 1, "cannot open directory '/r/c1': No such file or directory"),
    ("absent", Delete("c1", force=True), 0, ""),
    ("broken", Delete("c1"), 0, ""),
    ("torn", Delete("c1"), 0, ""),
    ("broken", Create("c1"), 1, "container `c1` already exists"),
    ("created", Start("c1"), 0, ""),
    ("running", Start("c1"), 1, FIFO),
    ("paused", Start("c1"), 1, FIFO),
    ("paused-created", Start("c1"), 0, ""),
    ("stopped", Start("c1"), 1, "container `c1` is not running"),
    ("running", Kill("c1", "BOGUS"), 0, ""),
    ("running", Kill("c1", 99), 1, "send signal to pidfd: Invalid argument"),
    ("stopped", Kill("c1", 99), 1, "open pidfd: No such process"),
    ("stopped", Kill("c1", 9, all=True), 0, ""),
    ("paused", Pause("c1"), 0, ""),
    ("running", Resume("c1"), 0, ""),
    ("stopped", Pause("c1"), 1, GONE),
    ("stopped", Resume("c1"), 1, GONE),
    ("running", Delete("c1"), 1, DELETE),
    ("paused", Delete("c1"), 1, DELETE),
    ("paused-created", Delete("c1"), 0, ""),
    ("running", Delete("c1", force=True), 0, ""),
    ("running", Exec("c1", defect="chdir `/nope`: No such file or directory"), 255, "chdir `/nope`: No such file or directory"),
    ("paused", Exec("c1", ignore_paused=True), 1, "the container `c1` is paused"),
    ("stopped", Exec("c1"), 1, "the container `c1` is not running"),
    ("stopped", Update("c1"), 0, ""),
]  # fmt: skip


@pytest.mark.parametrize(("state", "command", "code", "words"), CELLS)
def test_a_cell(state: str, command: Command, code: int, words: str) -> None:
    answer = plans.plan(command, VIEWS[state], "/r/c1").answer
    assert (answer.code, answer.stderr) == (code, words)


def test_what_its_json_library_shows_of_a_torn_status() -> None:
    said = plans.plan(State("c1"), VIEWS["torn"], "/r/c1").answer.stderr.split("\n")
    assert said[0] == "cannot parse status file: parse error: premature EOF"
    assert said[1] == " " * 39 + '{"id":"c'
    assert said[2].index("^") == 40


def test_who_waits_is_created_though_frozen() -> None:
    found = {name: plans.status(view) for name, view in VIEWS.items()}
    assert found["paused-created"] == found["created"] == Status.CREATED
    assert found["paused"] == Status.PAUSED
    assert found["stopped"] == Status.STOPPED
    assert (found["absent"], found["broken"], found["torn"]) == (
        Status.ABSENT,
        Status.BROKEN,
        Status.TORN,
    )


def kinds(command: Command, state: str = "absent") -> list[str]:
    return [step.name for step in plans.plan(command, VIEWS[state], "/r/c1").steps]


def test_the_order_of_create() -> None:
    made = ["make-directory", "make-fifo", "spawn-init", "make-cgroup", "make-cgroup"]
    recorded = ["write-state", "rename-state", "write-pid-file"]
    assert kinds(Create("c1", hierarchies=2)) == [*made, *recorded]
    run = kinds(Run("c1", hierarchies=2, pid_file=False, shared_pids=True))
    ended = ["await-init", "signal-members", "remove-cgroups", "remove-directory"]
    assert run == [*made, *recorded[:-1], "release-init", "unlink-fifo", *ended]
    failed = Create("c1", hierarchies=2, defect=Defect(Stage.INIT, "no"))
    assert kinds(failed) == [*made, "kill-init", "remove-cgroups", "remove-directory"]


def test_a_start_of_who_is_frozen_leaves_him_frozen() -> None:
    assert kinds(Start("c1"), "paused-created") == ["thaw", "release-init", "unlink-fifo", "freeze"]
    assert kinds(Kill("c1", 28, all=True), "paused") == ["signal-members", "thaw"]
    assert StepKind.THAW.value not in kinds(Kill("c1", 9), "paused")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("", 1, "please specify a command"),
        ("features", 1, "unknown command features"),
        ("state", 1, "please specify a ID for the container"),
        ("kill a b c", 1, "crun: `kill` requires a maximum of 2 arguments"),
        ("exec c1", 1, "crun: `exec` requires a minimum of 2 arguments"),
        ("--bogus state c1", 64, "crun: unrecognized option '--bogus'"),
        ("exec --bogus c1 true", 64, "exec: unrecognized option '--bogus'"),
        ("---x", 64, "crun: unrecognized option '---x'"),
        ("-=x", 64, "crun: invalid option -- '='"),
        ("exec -u a:b c1 true", 1, "invalid USERSPEC specified"),
        ("exec -u 1:x c1 true", 1, "invalid USERSPEC specified"),
    ],
)
def test_a_line_that_cannot_be_read(words: str, code: int, said: str) -> None:
    with pytest.raises(Misused) as problem:
        line.read(words.split())
    assert problem.value.code == code
    assert str(problem.value).partition("\n")[0] == said


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        ("--flavour crun --bogus", "crun"),
        ("--bogus --flavour=crun", "crun"),
        ("--cgroup-manager cgroupfs --flavour crun list", "crun"),
        ("--root --flavour crun", "runc"),
        ("list --flavour crun", "runc"),
        ("--flavour", "runc"),
    ],
)
def test_a_flavour_is_heard_in_a_line_that_cannot_be_read(argv: str, name: str) -> None:
    assert chosen(argv.split()) == name


@pytest.mark.parametrize(("text", "number"), [("z", "0"), ("0x3", "0"), ("3x", "3"), ("4", "4")])
def test_numbers_are_read_as_far_as_they_go(text: str, number: str) -> None:
    call = line.read(["exec", "--preserve-fds", text, "-u", "1:", "c1", "true"])
    assert (call.flags["preserve-fds"], call.flags["user"]) == (number, "1:0")


def test_both_forms_of_a_flag_may_be_used() -> None:
    assert line.read(["create", "-b", "a", "--bundle", "b", "c1"]).flags["bundle"] == "b"


def test_a_line_that_can() -> None:
    call = line.read(["--cgroup-manager", "cgroupfs", "exec", "-d", "--process", "p", "c1"])
    assert (call.command, call.arguments, call.flags["process"]) == ("exec", ["c1"], "p")


def test_what_is_printed() -> None:
    record = Record(
        "c1", 7, 1, "/b", "/b/rootfs", "2026-01-02T03:04:05.000006Z", asked_rootfs="rootfs"
    )
    assert printed.listed([]) == "[\n\n]\n"
    assert printed.pids([7, 8], "json") == "[\n  7,\n  8\n]\n"
    assert printed.pids([7], "table") == "PID\n7\n"
    rows = printed.table([(record, "running", "root")]).splitlines()
    assert rows[0].startswith("NAME PID       STATUS   BUNDLE PATH ")
    assert rows[1].startswith("c1   7         running  /b ")
    assert '"pid": 0' in printed.state(record, "stopped", "root")
    assert '"rootfs": "rootfs"' in printed.state(record, "running", "root")


def test_a_flavour_is_chosen_and_an_unknown_one_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(["state", "c1"]) == "runc"
    assert chosen(["--root", "/r", "--flavour", "crun", "state", "c1"]) == "crun"
    monkeypatch.setenv("FAKERUNC_FLAVOUR", "crun")
    assert chosen(["--bogus"]) == "crun"
    assert chosen(["--flavour=runc", "state"]) == "runc"
    with pytest.raises(
        BadSetting, match=r"--flavour: no flavour is called 'youki'; there are runc, crun"
    ):
        chosen(["--flavour", "youki", "state", "c1"])
    with pytest.raises(BadSetting, match="FAKERUNC_FLAVOUR: no flavour is called ''"):
        settings("/nowhere/runc", {"FAKERUNC_FLAVOUR": ""})
