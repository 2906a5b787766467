"""What runc decides, as a pure table: the steps of a command in a state, and the words of its answer.

The executable performs these plans on real files and stand-in processes, the simulator's world on
its simulated host: one model, two uses. Measured on runc 1.1.5. It must never look at a clock, a
file, a process or chance: whoever performs gathers a View and hands it in.
"""

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from fakerunc import signals
from fakerunc.record import Record, render_list, render_state
from fakerunc.view import (
    NOTHING_THERE,
    InitState,
    SignalEffect,
    StateFile,
    Status,
    View,
    effect_of_signal,
    status,
)

# The world may import this module only: it finds here what it needs of the others.
__all__ = [
    "ALREADY_RUNNING",
    "NOTHING_THERE",
    "OK",
    "Answer",
    "Command",
    "Create",
    "Defect",
    "Delete",
    "InitState",
    "Kill",
    "Plan",
    "Record",
    "SignalEffect",
    "Stage",
    "Start",
    "State",
    "StateFile",
    "Status",
    "Step",
    "StepKind",
    "View",
    "complaint_about_id",
    "effect_of_signal",
    "listing_warning",
    "plan",
    "render_list",
    "render_state",
    "signals",
    "status",
    "stuck",
    "undo_of_create",
]


class StepKind(Enum):
    """Everything that a command does to the host; a value is a stable name: create@rename-state."""

    MAKE_DIRECTORY = "make-directory"  # <root>/<id>
    MAKE_FIFO = "make-fifo"  # <root>/<id>/exec.fifo
    MAKE_CGROUP = "make-cgroup"  # in one hierarchy
    SPAWN_INIT = "spawn-init"  # it waits, and dies with its create until rename-state is done
    WRITE_STATE = "write-state"  # under a temporary name in <root>/<id>
    RENAME_STATE = "rename-state"  # from here on the id exists for runc, and init outlives create
    WRITE_PID_FILE = "write-pid-file"  # under a temporary name beside it
    RENAME_PID_FILE = "rename-pid-file"
    RELEASE_INIT = "release-init"  # the program begins; waits for init at exec.fifo: see stuck()
    UNLINK_FIFO = "unlink-fifo"
    SIGNAL_INIT = "signal-init"
    SIGNAL_MEMBERS = "signal-members"  # every process of the cgroup, init too; none is success
    KILL_INIT = "kill-init"  # SIGKILL, thaw, wait up to 10 s until it is gone: see stuck()
    REMOVE_CGROUPS = "remove-cgroups"  # those that state.json names
    REMOVE_DIRECTORY = "remove-directory"  # <root>/<id> and all in it; already gone is success


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `index` (from 1) and `count` for make-cgroup, `signal` for those that send one."""

    kind: StepKind
    index: int = 0
    count: int = 0
    signal: int = 0

    @property
    def name(self) -> str:
        return self.kind.value


@dataclass(frozen=True, slots=True)
class Answer:
    """An exit code and runc's bare words: the log line around `stderr` is the executable's.

    `stderr` is an error, with code 0 a warning.
    """

    code: int
    stdout: str
    stderr: str


OK = Answer(0, "", "")
# Also the answer of the slower of two starts at once: it finds exec.fifo read empty.
ALREADY_RUNNING = Answer(1, "", "cannot start an already running container")


@dataclass(frozen=True, slots=True)
class Plan:
    """Perform the steps in order, then answer; where runc leaves traces a refusal has steps too."""

    steps: tuple[Step, ...]
    answer: Answer

    @property
    def refused(self) -> bool:
        """True where the command fails though every step succeeds."""
        return self.answer.code != 0


class Stage(Enum):
    """When create notices that something is wrong with what it was given."""

    BUNDLE = "bundle"  # first of all: the bundle, config.json, its args
    CONFIG = "config"  # after the id's form, before `already exists`: the rootfs
    SPAWN = "spawn"  # instead of spawn-init; what was made is removed again
    INIT = "init"  # after rename-state: init misses its program, or the pid file has no place


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong, in runc's words without `runc create failed: `."""

    stage: Stage
    words: str


@dataclass(frozen=True, slots=True)
class Create:
    """`hierarchies`: how many cgroup directories a container has, ten for runc on cgroup v1."""

    id: str
    hierarchies: int = 1
    pid_file: bool = True
    defect: Defect | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """`start ID`."""

    id: str


@dataclass(frozen=True, slots=True)
class Kill:
    """`kill [--all] ID SIGNAL`; a `signal` of text is a name that signals.parse does not know."""

    id: str
    signal: int | str
    all: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """`delete [--force] ID`."""

    id: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """`state ID`; on success its output is render_state's, by whoever holds the Record."""

    id: str


Command = Create | Start | Kill | Delete | State


def plan(command: Command, view: View) -> Plan:
    """The whole table: every command in every state."""
    if isinstance(command, Create):
        return _create(command, view)
    now = status(view)
    if complaint := complaint_about_id(command.id):
        return _refusal(complaint)
    if now in {Status.ABSENT, Status.BROKEN, Status.TORN}:
        return _unloadable(command, view)
    match command:
        case Start():
            return _start(now)
        case Kill():
            return _kill(command, now)
        case Delete():
            return _delete(command, now, view)
        case State():
            return Plan((), OK)
        case _:
            assert_never(command)


def stuck(step: Step) -> Answer:
    """What runc says where a step that waits for init waited in vain.

    release-init: init ended unreleased, or its program ran already, and ended then. A program that
    goes on keeps such a start waiting for ever.
    """
    match step.kind:
        case StepKind.RELEASE_INIT:
            return Answer(1, "", "container process is already dead")
        case StepKind.KILL_INIT:
            return Answer(1, "", "container init still running")
        case _:
            raise ValueError(f"{step.name} does not wait for init")


def undo_of_create(failed: Step, words: str) -> Plan:
    """What create does, instead of the rest of its plan, when the host fails one of its steps.

    `words` is the host's reason. Of two creates of one id the slower fails at make-fifo, and undoes
    the winner's work: runc has no lock.
    """
    return _create_failed(words, *(_UNDO if failed.kind in _WITH_INIT else _EMPTY))


def complaint_about_id(id: str) -> str:  # noqa: A002 - what runc calls it
    """The refusal of an id by its form, or nothing. A comma passes, by a slip in runc's pattern."""
    if id == "":
        return "container id cannot be empty"
    in_pattern = all(c.isascii() and (c.isalnum() or c in "_+,-.") for c in id)
    return "" if in_pattern and id not in {".", ".."} else "invalid container ID format"


def listing_warning(id: str, view: View) -> str:  # noqa: A002 - what runc calls it
    """What `list` writes to stderr, bare, about a directory that it cannot load, or nothing."""
    complaint = complaint_about_id(id) or view.state.value
    return f"load container {id}: {complaint}" if complaint else ""


def _refusal(words: str, *steps: Step) -> Plan:
    return Plan(steps, Answer(1, "", words))


def _steps(*kinds: StepKind) -> tuple[Step, ...]:
    return tuple(Step(kind) for kind in kinds)


def _create(command: Create, view: View) -> Plan:
    stage = command.defect.stage if command.defect else None
    words = command.defect.words if command.defect else ""
    if stage is Stage.BUNDLE:
        return _create_failed(words)
    if complaint := complaint_about_id(command.id):
        return _create_failed(complaint)
    if stage is Stage.CONFIG:
        return _create_failed(words)
    if view.directory:
        return _create_failed("container with given ID already exists")
    room, init, pid_file = _steps_of_create(command)
    if stage is Stage.SPAWN:
        return _create_failed(words, *room, *_EMPTY)
    if stage is Stage.INIT:
        return _create_failed(words, *room, *init, *_UNDO)
    return Plan((*room, *init, *pid_file), OK)


def _create_failed(words: str, *steps: Step) -> Plan:
    return _refusal(f"runc create failed: {words}", *steps)


_Steps = tuple[Step, ...]


def _steps_of_create(command: Create) -> tuple[_Steps, _Steps, _Steps]:
    """Its room, its init, its pid file: a create that fails goes so far, and undoes it."""
    count = command.hierarchies
    cgroups = (Step(StepKind.MAKE_CGROUP, k, count) for k in range(1, count + 1))
    room = (*_steps(StepKind.MAKE_DIRECTORY, StepKind.MAKE_FIFO), *cgroups)
    init = _steps(StepKind.SPAWN_INIT, StepKind.WRITE_STATE, StepKind.RENAME_STATE)
    pid_file = _steps(StepKind.WRITE_PID_FILE, StepKind.RENAME_PID_FILE)
    return room, init, pid_file if command.pid_file else ()


_EMPTY = _steps(StepKind.REMOVE_CGROUPS, StepKind.REMOVE_DIRECTORY)
_UNDO = (Step(StepKind.KILL_INIT), *_EMPTY)
_WITH_INIT = frozenset(
    {
        StepKind.WRITE_STATE,
        StepKind.RENAME_STATE,
        StepKind.WRITE_PID_FILE,
        StepKind.RENAME_PID_FILE,
    }
)


def _unloadable(command: Start | Kill | Delete | State, view: View) -> Plan:
    """No container that runc could load; delete removes what it takes for a stale directory."""
    words = view.state.value
    if view.state is not StateFile.ABSENT or not isinstance(command, Delete):
        return _refusal(words)
    remove = _steps(StepKind.REMOVE_DIRECTORY)
    return Plan(remove, OK) if command.force else _refusal(words, *remove)


def _start(now: Status) -> Plan:
    match now:
        case Status.CREATED:
            return Plan(_steps(StepKind.RELEASE_INIT, StepKind.UNLINK_FIFO), OK)
        case Status.STOPPED:
            return _refusal("cannot start a container that has stopped")
        case Status.RUNNING:
            return Plan((), ALREADY_RUNNING)
        case _:
            return _refusal(f"cannot start a container in the {now.value} state")


def _kill(command: Kill, now: Status) -> Plan:
    if isinstance(command.signal, str):
        return _refusal(f'unknown signal "{command.signal}"')
    known = 0 <= command.signal <= signals.LAST
    if command.all:
        if known:
            return Plan((Step(StepKind.SIGNAL_MEMBERS, signal=command.signal),), OK)
        # A warning for each member, of which a stopped container has none.
        return Plan((), OK if now is Status.STOPPED else Answer(0, "", "invalid argument"))
    if now is Status.STOPPED:
        return _refusal("container not running")
    if not known:
        return _refusal("unable to signal init: invalid argument")
    return Plan((Step(StepKind.SIGNAL_INIT, signal=command.signal),), OK)


def _delete(command: Delete, now: Status, view: View) -> Plan:
    """In a shared pid namespace the end of init ends nobody else: runc kills what is left."""
    orphans = (Step(StepKind.SIGNAL_MEMBERS, signal=signals.KILL),) if view.shared_pids else ()
    if now is Status.STOPPED:
        return Plan((*orphans, *_EMPTY), OK)
    if now is Status.CREATED or command.force:
        return Plan((Step(StepKind.KILL_INIT), *orphans, *_EMPTY), OK)
    return _refusal(f"cannot delete container {command.id} that is not stopped: {now.value}")
