"""The model's table against the measured one, cell by cell, and its half-states step by step."""

from dataclasses import replace

import pytest

from fakerunc.model import (
    NOTHING_THERE,
    OK,
    Answer,
    Command,
    Create,
    Defect,
    Delete,
    Exec,
    InitState,
    Kill,
    Pause,
    Plan,
    Ps,
    Resume,
    Run,
    Stage,
    Start,
    State,
    StateFile,
    Status,
    Step,
    StepKind,
    View,
    complaint_about_id,
    listing_warning,
    plan,
    status,
    stuck,
    undo_of_create,
)

RUNNING = View(
    directory=True, fifo=False, state=StateFile.VALID, init=InitState.ALIVE, frozen=False
)
BROKEN = replace(NOTHING_THERE, directory=True)
VIEWS = {
    Status.ABSENT: NOTHING_THERE,
    Status.BROKEN: BROKEN,
    Status.TORN: replace(RUNNING, state=StateFile.TORN),
    Status.CREATED: replace(RUNNING, fifo=True),
    Status.RUNNING: RUNNING,
    Status.PAUSED: replace(RUNNING, frozen=True),
    Status.STOPPED: replace(RUNNING, init=InitState.GONE),
}
NOT_THERE = "container does not exist"
EXISTS = "runc create failed: container with given ID already exists"
CREATION = (
    "make-directory make-fifo make-cgroup spawn-init write-state rename-state"
    " write-pid-file rename-pid-file"
)
GONE = "kill-init remove-cgroups remove-directory"
EMPTIED = "remove-cgroups remove-directory"
EXEC = "exec failed: "
PAUSED = "cannot exec in a paused container (use --ignore-paused to override)"
PROCESS = "spawn-process write-pid-file rename-pid-file await-process"
NOT_STOPPED = "cannot delete container c1 that is not stopped: "

# command: state: (steps, exit code, words), as in the behaviour matrix of runc 1.1.5.
TABLE: dict[Command, dict[Status, tuple[str, int, str]]] = {
    Create("c1"): {
        Status.ABSENT: (CREATION, 0, ""),
        Status.BROKEN: ("", 1, EXISTS),
        Status.TORN: ("", 1, EXISTS),
        Status.CREATED: ("", 1, EXISTS),
        Status.RUNNING: ("", 1, EXISTS),
        Status.PAUSED: ("", 1, EXISTS),
        Status.STOPPED: ("", 1, EXISTS),
    },
    Start("c1"): {
        Status.ABSENT: ("", 1, NOT_THERE),
        Status.BROKEN: ("", 1, NOT_THERE),
        Status.TORN: ("", 1, "unexpected EOF"),
        Status.CREATED: ("release-init unlink-fifo", 0, ""),
        Status.RUNNING: ("", 1, "cannot start an already running container"),
        Status.PAUSED: ("", 1, "cannot start a container in the paused state"),
        Status.STOPPED: ("", 1, "cannot start a container that has stopped"),
    },
    State("c1"): {
        Status.ABSENT: ("", 1, NOT_THERE),
        Status.BROKEN: ("", 1, NOT_THERE),
        Status.TORN: ("", 1, "unexpected EOF"),
        Status.CREATED: ("", 0, ""),
        Status.RUNNING: ("", 0, ""),
        Status.PAUSED: ("", 0, ""),
        Status.STOPPED: ("", 0, ""),
    },
    Kill("c1", 15): {
        Status.ABSENT: ("", 1, NOT_THERE),
        Status.BROKEN: ("", 1, NOT_THERE),
        Status.TORN: ("", 1, "unexpected EOF"),
        Status.CREATED: ("signal-init", 0, ""),
        Status.RUNNING: ("signal-init", 0, ""),
        Status.PAUSED: ("signal-init", 0, ""),
        Status.STOPPED: ("", 1, "container not running"),
    },
    Kill("c1", 15, all=True): {
        Status.ABSENT: ("", 1, NOT_THERE),
        Status.BROKEN: ("", 1, NOT_THERE),
        Status.TORN: ("", 1, "unexpected EOF"),
        Status.CREATED: ("signal-members", 0, ""),
        Status.RUNNING: ("signal-members", 0, ""),
        Status.PAUSED: ("signal-members thaw", 0, ""),
        Status.STOPPED: ("signal-members", 0, ""),
    },
    Kill("c1", 9): {
        Status.ABSENT: ("", 1, NOT_THERE),
        Status.BROKEN: ("", 1, NOT_THERE),
        Status.TORN: ("", 1, "unexpected EOF"),
        Status.CREATED: ("signal-init", 0, ""),
        Status.RUNNING: ("signal-init", 0, ""),
        Status.PAUSED: ("signal-init thaw", 0, ""),
        Status.STOPPED: ("", 1, "container not running"),
    },
    Pause("c1"): {
        Status.ABSENT: ("", 1, NOT_THERE),
        Status.BROKEN: ("", 1, NOT_THERE),
        Status.TORN: ("", 1, "unexpected EOF"),
        Status.CREATED: ("freeze", 0, ""),
        Status.RUNNING: ("freeze", 0, ""),
        Status.PAUSED: ("", 1, "container not running"),
        Status.STOPPED: ("", 1, "container not running"),
    },
    Resume("c1"): {
        Status.ABSENT: ("", 1, NOT_THERE),
        Status.BROKEN: ("", 1, NOT_THERE),
        Status.TORN: ("", 1, "unexpected EOF"),
        Status.CREATED: ("", 1, "container not paused"),
        Status.RUNNING: ("", 1, "container not paused"),
        Status.PAUSED: ("thaw", 0, ""),
        Status.STOPPED: ("", 1, "container not paused"),
    },
    Exec("c1", pid_file=True): {
        Status.ABSENT: ("", 255, EXEC + NOT_THERE),
        Status.BROKEN: ("", 255, EXEC + NOT_THERE),
        Status.TORN: ("", 255, EXEC + "unexpected EOF"),
        Status.CREATED: (PROCESS, 0, ""),
        Status.RUNNING: (PROCESS, 0, ""),
        Status.PAUSED: ("", 255, EXEC + PAUSED),
        Status.STOPPED: ("", 255, EXEC + "cannot exec in a stopped container"),
    },
    Exec("c1", detach=True, ignore_paused=True): {
        Status.ABSENT: ("", 255, EXEC + NOT_THERE),
        Status.BROKEN: ("", 255, EXEC + NOT_THERE),
        Status.TORN: ("", 255, EXEC + "unexpected EOF"),
        Status.CREATED: ("spawn-process", 0, ""),
        Status.RUNNING: ("spawn-process", 0, ""),
        Status.PAUSED: ("spawn-process", 0, ""),
        Status.STOPPED: ("", 255, EXEC + "cannot exec in a stopped container"),
    },
    Exec("c1", defect="no"): {
        Status.ABSENT: ("", 255, EXEC + NOT_THERE),
        Status.BROKEN: ("", 255, EXEC + NOT_THERE),
        Status.TORN: ("", 255, EXEC + "unexpected EOF"),
        Status.CREATED: ("", 255, EXEC + "no"),
        Status.RUNNING: ("", 255, EXEC + "no"),
        Status.PAUSED: ("", 255, EXEC + PAUSED),
        Status.STOPPED: ("", 255, EXEC + "cannot exec in a stopped container"),
    },
    Delete("c1"): {
        Status.ABSENT: ("remove-directory", 1, NOT_THERE),
        Status.BROKEN: ("remove-directory", 1, NOT_THERE),
        Status.TORN: ("", 1, "unexpected EOF"),
        Status.CREATED: (GONE, 0, ""),
        Status.RUNNING: ("", 1, NOT_STOPPED + "running"),
        Status.PAUSED: ("", 1, NOT_STOPPED + "paused"),
        Status.STOPPED: (EMPTIED, 0, ""),
    },
    Delete("c1", force=True): {
        Status.ABSENT: ("remove-directory", 0, ""),
        Status.BROKEN: ("remove-directory", 0, ""),
        Status.TORN: ("", 1, "unexpected EOF"),
        Status.CREATED: (GONE, 0, ""),
        Status.RUNNING: (GONE, 0, ""),
        Status.PAUSED: (GONE, 0, ""),
        Status.STOPPED: (EMPTIED, 0, ""),
    },
}
CELLS = [(command, state) for command in TABLE for state in Status]


def names(decided: Plan) -> str:
    return " ".join(step.name for step in decided.steps)


@pytest.mark.parametrize(("command", "state"), CELLS, ids=str)
def test_every_cell_of_the_matrix(command: Command, state: Status) -> None:
    decided = plan(command, VIEWS[state])
    steps, code, words = TABLE[command][state]
    assert (names(decided), decided.answer) == (steps, Answer(code, "", words))
    assert decided.refused is (code != 0)


@pytest.mark.parametrize("state", Status, ids=lambda state: state.value)
def test_each_view_is_the_state_that_it_is_meant_for(state: Status) -> None:
    assert status(VIEWS[state]) is state


def test_a_program_that_runs_behind_its_fifo_passes_for_created() -> None:
    assert status(replace(RUNNING, fifo=True)) is Status.CREATED


def test_a_dead_init_is_stopped_whatever_the_fifo_says() -> None:
    assert status(replace(RUNNING, fifo=True, init=InitState.GONE)) is Status.STOPPED


@pytest.mark.parametrize(
    "command", [Start("c1"), State("c1"), Kill("c1", 9), Delete("c1", force=True)], ids=str
)
@pytest.mark.parametrize(
    ("state", "words"),
    [
        (StateFile.EMPTY, "EOF"),
        (StateFile.TORN, "unexpected EOF"),
        (StateFile.ZEROS, r"invalid character '\x00' looking for beginning of value"),
    ],
    ids=str,
)
def test_an_unreadable_state_fails_everything(
    command: Command, state: StateFile, words: str
) -> None:
    assert plan(command, replace(RUNNING, state=state)) == Plan((), Answer(1, "", words))


# What a create that is killed before its n-th step leaves: view, what a retry says, and whether
# `delete --force`, which always answers 0, can know of the cgroups.
HALF_STATES = {
    "make-directory": (NOTHING_THERE, Status.ABSENT),
    "make-fifo": (BROKEN, Status.BROKEN),
    "make-cgroup": (replace(BROKEN, fifo=True), Status.BROKEN),
    "spawn-init": (replace(BROKEN, fifo=True), Status.BROKEN),
    "write-state": (replace(BROKEN, fifo=True), Status.BROKEN),
    "rename-state": (replace(BROKEN, fifo=True), Status.BROKEN),
    "write-pid-file": (VIEWS[Status.CREATED], Status.CREATED),
    "rename-pid-file": (VIEWS[Status.CREATED], Status.CREATED),
}


def test_there_is_a_half_state_before_each_step_of_create() -> None:
    assert " ".join(HALF_STATES) == names(plan(Create("c1"), NOTHING_THERE))


@pytest.mark.parametrize("step", HALF_STATES)
def test_a_half_made_container(step: str) -> None:
    view, state = HALF_STATES[step]
    assert status(view) is state
    retry = plan(Create("c1"), view)
    assert retry.answer == (OK if state is Status.ABSENT else Answer(1, "", EXISTS))
    removal = plan(Delete("c1", force=True), view)
    assert removal.answer == OK
    # Without state.json runc knows of no cgroups: they leak, though it answers 0.
    assert ("remove-cgroups" in names(removal)) is (state is Status.CREATED)


BEGUN = CREATION.replace(" write-pid", " release-init unlink-fifo write-pid")


@pytest.mark.parametrize(
    ("command", "steps"),
    [
        (Run("c1"), f"{BEGUN} await-init {EMPTIED}"),
        (Run("c1", shared_pids=True), f"{BEGUN} await-init signal-members {EMPTIED}"),
        (Run("c1", keep=True), f"{BEGUN} await-init"),
        (Run("c1", detach=True), BEGUN),
    ],
    ids=str,
)
def test_a_run_is_a_create_that_goes_on(command: Run, steps: str) -> None:
    assert plan(command, NOTHING_THERE) == Plan(plan(command, NOTHING_THERE).steps, OK)
    assert names(plan(command, NOTHING_THERE)) == steps
    words = "runc run failed: container with given ID already exists"
    assert plan(command, RUNNING) == Plan((), Answer(1, "", words))


def test_a_run_that_fails_is_undone_but_for_what_it_keeps() -> None:
    for keep, undone in ((False, GONE), (True, "kill-init unlink-fifo remove-cgroups")):
        run = Run("c1", defect=Defect(Stage.INIT, "no"), keep=keep)
        decided = plan(run, NOTHING_THERE)
        assert names(decided).endswith(f" rename-state {undone}")
        undo = undo_of_create(run, Step(StepKind.WRITE_PID_FILE), "no")
        assert (names(undo), undo.answer) == (undone, decided.answer)
        assert undo.answer == Answer(1, "", "runc run failed: no")


def test_what_ps_cannot_print() -> None:
    assert plan(Ps("c1"), VIEWS[Status.STOPPED]) == Plan((), OK)
    assert plan(Ps("c1", "no"), VIEWS[Status.STOPPED]) == Plan((), Answer(1, "", "no"))
    assert plan(Ps("c1", "no"), NOTHING_THERE) == Plan((), Answer(1, "", NOT_THERE))


def test_a_create_without_pid_file_has_no_steps_for_it() -> None:
    assert (
        names(plan(Create("c1", pid_file=False), NOTHING_THERE))
        == CREATION.partition(" write-pid-file")[0]
    )


def test_cgroups_are_counted_from_one() -> None:
    made = plan(Create("c1", hierarchies=3), NOTHING_THERE).steps[2:5]
    assert made == tuple(Step(StepKind.MAKE_CGROUP, index, 3) for index in (1, 2, 3))


UNDO_OF = {
    Stage.BUNDLE: "",
    Stage.CONFIG: "",
    Stage.CGROUP: "",
    Stage.SPAWN: f"make-directory make-fifo make-cgroup {EMPTIED}",
    Stage.INIT: f"{CREATION.partition(' write-pid-file')[0]} {GONE}",
}


@pytest.mark.parametrize("stage", Stage, ids=lambda stage: stage.value)
def test_a_defect_shows_at_its_stage_and_leaves_nothing(stage: Stage) -> None:
    decided = plan(Create("c1", defect=Defect(stage, "no")), NOTHING_THERE)
    assert names(decided) == UNDO_OF[stage]
    assert decided.answer == Answer(1, "", "runc create failed: no")


def test_what_create_complains_about_first() -> None:
    def words(name: str, stage: Stage) -> str:
        return plan(Create(name, defect=Defect(stage, "no")), RUNNING).answer.stderr

    bad = "runc create failed: invalid container ID format"
    assert words("b@d", Stage.BUNDLE) == "runc create failed: no"
    assert words("b@d", Stage.CONFIG) == bad
    assert words("c1", Stage.CONFIG) == "runc create failed: no"
    assert words("c1", Stage.CGROUP) == EXISTS
    assert words("c1", Stage.SPAWN) == EXISTS
    assert words("c1", Stage.INIT) == EXISTS


@pytest.mark.parametrize("kind", [step.kind for step in plan(Create("c1"), NOTHING_THERE).steps])
def test_a_create_that_the_host_stops_undoes_what_it_did(kind: StepKind) -> None:
    undo = undo_of_create(Create("c1"), Step(kind), "disk full")
    with_init = CREATION.split().index(kind.value) > CREATION.split().index("spawn-init")
    assert names(undo) == (GONE if with_init else EMPTIED)
    assert undo.answer == Answer(1, "", "runc create failed: disk full")


@pytest.mark.parametrize("state", [Status.STOPPED, Status.RUNNING], ids=lambda state: state.value)
def test_in_a_shared_pid_namespace_delete_kills_who_is_left(state: Status) -> None:
    steps = plan(Delete("c1", force=True), replace(VIEWS[state], shared_pids=True)).steps
    assert Step(StepKind.SIGNAL_MEMBERS, signal=9) == steps[-3]


@pytest.mark.parametrize(
    ("signal", "all_of_them", "state", "answer"),
    [
        ("BOGUS", False, Status.RUNNING, Answer(1, "", 'unknown signal "BOGUS"')),
        ("BOGUS", True, Status.STOPPED, Answer(1, "", 'unknown signal "BOGUS"')),
        ("BOGUS", False, Status.ABSENT, Answer(1, "", NOT_THERE)),
        (99, False, Status.RUNNING, Answer(1, "", "unable to signal init: invalid argument")),
        (-1, False, Status.CREATED, Answer(1, "", "unable to signal init: invalid argument")),
        (99, False, Status.STOPPED, Answer(1, "", "container not running")),
        (99, True, Status.RUNNING, Answer(0, "", "invalid argument")),
        (99, True, Status.STOPPED, OK),
    ],
    ids=str,
)
def test_a_signal_that_is_none_is_not_sent(
    signal: int | str, all_of_them: bool, state: Status, answer: Answer
) -> None:
    assert plan(Kill("c1", signal, all=all_of_them), VIEWS[state]) == Plan((), answer)


@pytest.mark.parametrize("name", ["a", "A_z+.-9", "a,b", "...", "-x", "0", "a" * 300])
def test_a_well_formed_id(name: str) -> None:
    assert complaint_about_id(name) == ""


@pytest.mark.parametrize("name", [".", "..", "a/b", "a b", "ä", "b@d", "a\n", "a%", "=", "\u0661"])
@pytest.mark.parametrize("command", [Start, State, Delete], ids=lambda kind: kind.__name__)
def test_an_ill_formed_id(command: type[Start | State | Delete], name: str) -> None:
    answer = Answer(1, "", "invalid container ID format")
    assert plan(command(name), NOTHING_THERE) == Plan((), answer)


def test_no_id_at_all() -> None:
    assert (
        plan(Delete("", force=True), NOTHING_THERE).answer.stderr == "container id cannot be empty"
    )


def test_list_warns_of_what_it_cannot_load() -> None:
    assert listing_warning("c1", RUNNING) == ""
    assert listing_warning("c1", BROKEN) == f"load container c1: {NOT_THERE}"
    assert listing_warning("o@k", BROKEN) == "load container o@k: invalid container ID format"


def test_two_steps_may_wait_in_vain() -> None:
    assert stuck(Step(StepKind.RELEASE_INIT)).stderr == "container process is already dead"
    assert stuck(Step(StepKind.KILL_INIT)).stderr == "container init still running"
    with pytest.raises(ValueError, match="unlink-fifo"):
        stuck(Step(StepKind.UNLINK_FIFO))
