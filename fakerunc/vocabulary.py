"""The model's words: what is asked for, the steps that answer it, and the answers themselves.

Pure, like all that the model is made of. It must never decide anything: that is model.py's table.
"""

from dataclasses import dataclass
from enum import Enum


class StepKind(Enum):
    """Everything that a command does to the host; a value is a stable name: create@rename-state."""

    MAKE_DIRECTORY = "make-directory"  # <root>/<id>
    MAKE_FIFO = "make-fifo"  # <root>/<id>/exec.fifo
    MAKE_CGROUP = "make-cgroup"  # in one hierarchy
    SPAWN_INIT = "spawn-init"  # it waits, and dies with its create until rename-state is done
    CREATE_HOOKS = "create-hooks"  # prestart, createRuntime, createContainer: the id is none yet
    POSTSTART_HOOKS = "poststart-hooks"
    POSTSTOP_HOOKS = "poststop-hooks"  # after all is removed; what they say changes nothing
    WRITE_STATE = "write-state"  # under a temporary name in <root>/<id>
    RENAME_STATE = "rename-state"  # from here on the id exists for runc, and init outlives create
    WRITE_PID_FILE = "write-pid-file"  # under a temporary name beside it
    RENAME_PID_FILE = "rename-pid-file"
    RELEASE_INIT = "release-init"  # the program begins; waits for init at exec.fifo: see stuck()
    UNLINK_FIFO = "unlink-fifo"
    SIGNAL_INIT = "signal-init"
    SIGNAL_MEMBERS = "signal-members"  # every process of the cgroup, init too; none is success
    KILL_INIT = "kill-init"  # SIGKILL, thaw, wait up to 10 s until it is gone: see stuck()
    AWAIT_INIT = "await-init"  # its end is the answer of a run in the foreground
    SPAWN_PROCESS = "spawn-process"  # exec's: it runs at once, and dies with init
    AWAIT_PROCESS = "await-process"  # its end is the answer of an exec in the foreground
    FREEZE = "freeze"  # every process of the cgroup
    THAW = "thaw"
    SET_RESOURCES = "set-resources"  # in the cgroup, before the record of them
    REMOVE_CGROUPS = "remove-cgroups"  # those that state.json names
    REMOVE_DIRECTORY = "remove-directory"  # <root>/<id> and all in it; already gone is success


_UNDO = "kill-init remove-cgroups remove-directory poststop-hooks"
_CREATE = (
    "make-directory make-fifo make-cgroup spawn-init create-hooks write-state rename-state "
    f"poststart-hooks write-pid-file rename-pid-file {_UNDO}"
)
#: Whatever a command may do, in either flavour and where it undoes; the rest of the commands have nothing
#: to do with a container.
STEPS = {
    "checkpoint": "",
    "create": _CREATE,
    "delete": f"signal-members {_UNDO}",
    "events": "",
    "exec": "spawn-process write-pid-file rename-pid-file await-process",
    "kill": "signal-init signal-members thaw",
    "list": "",
    "pause": "freeze",
    "ps": "",
    "resume": "thaw",
    "run": f"{_CREATE} release-init unlink-fifo await-init signal-members",
    "start": "release-init unlink-fifo thaw freeze",
    "state": "",
    "update": "set-resources write-state rename-state",
}


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

    `stderr` is an error, with code 0 a warning, unless `error` says so; `unlogged`: --log's file does
    not get it.
    """

    code: int
    stdout: str
    stderr: str
    error: bool = False
    unlogged: bool = False


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
    CGROUP = "cgroup"  # after `already exists`, before anything is made: what cgroups cannot do
    SPAWN = "spawn"  # instead of spawn-init; what was made is removed again
    INIT = "init"  # after rename-state: init misses its program, or the pid file has no place


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong, in runc's words without `runc create failed: `."""

    stage: Stage
    words: str


@dataclass(frozen=True, slots=True)
class Create:
    """`hierarchies`: how many cgroup directories a container has, ten for runc on cgroup v1.

    `hooks`: the stages of its life for which it has some, by the specification's names.
    """

    id: str
    hierarchies: int = 1
    pid_file: bool = True
    defect: Defect | None = None
    hooks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run(Create):
    """A create that starts too; in the foreground it waits for the end, and removes what was made.

    `keep`: it removes nothing, a container that failed neither. `shared_pids`: the end of init ends
    nobody else.
    """

    detach: bool = False
    keep: bool = False
    shared_pids: bool = False


@dataclass(frozen=True, slots=True)
class Ps:
    """`ps ID`; what it prints is made by whoever sees the processes. `defect`: `--format`'s."""

    id: str
    defect: str = ""


@dataclass(frozen=True, slots=True)
class Update:
    """`update ID`; `defect`: what is wrong with what is asked for; `warning`: said, and no more."""

    id: str
    defect: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Events:
    """`events ID`, printed like `ps`; `defect`: `--interval`'s."""

    id: str
    defect: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`checkpoint ID`: never done, as by a runc without criu."""

    id: str


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
class Exec:
    """`exec ID ARGS`; `defect`: what is wrong with the process, without `exec failed: `."""

    id: str
    detach: bool = False
    pid_file: bool = False
    ignore_paused: bool = False
    defect: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """`pause ID`."""

    id: str


@dataclass(frozen=True, slots=True)
class Resume:
    """`resume ID`."""

    id: str


@dataclass(frozen=True, slots=True)
class State:
    """`state ID`; on success its output is render_state's, by whoever holds the Record."""

    id: str


Command = (
    Create
    | Start
    | Kill
    | Delete
    | Exec
    | Pause
    | Resume
    | State
    | Ps
    | Update
    | Events
    | Checkpoint
)
NO_CRIU = 'CRIU version check failed: exec: "criu": executable file not found in $PATH'


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
