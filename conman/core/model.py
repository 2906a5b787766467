"""What conman keeps: containers, intents, answers, events. Frozen values, nothing else.

These are the store's rows and the core's memory. They never hold a path (those follow from ids, see
`layout`), a clock, or anything of the host but the identity of processes.
"""

from dataclasses import field
from enum import Enum

from conman.core.execs import Execs
from conman.core.resources import Resources
from conman.core.restart import RestartPolicy
from conman.core.spec import ConsoleSize, ContainerSpec, Resolved
from conman.errors import Refusal
from conman.frozen import frozen
from conman.primitives.steps import ProcessId


class State(Enum):
    """As the API tells it. UNKNOWN is never stored: it is what conman cannot vouch for now."""

    CREATED = "CREATED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    EXITED = "EXITED"
    UNKNOWN = "UNKNOWN"


class Operation(Enum):
    """What an intent intends; also the saga's name in crash points."""

    CREATE = "create"
    START = "start"
    RESTART = "restart"
    STOP = "stop"
    KILL = "kill"
    REMOVE = "remove"
    SETTLE = "settle"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    UPDATE = "update"
    RENAME = "rename"
    CREATE_EXEC = "create-exec"
    START_EXEC = "start-exec"
    KILL_EXEC = "kill-exec"


class RootfsMode(Enum):
    """How a container gets its root file system (host.md: overlay, else a copy)."""

    OVERLAY = "overlay"
    COPY = "copy"


@frozen
class Init:
    """The first process of a run, as it was when the runtime's create returned."""

    process: ProcessId
    device: int
    inode: int
    cmdline: str


@frozen
class Container:
    """One row. Times in ns since the epoch, 0 = not yet. `init` None: no run is prepared.

    `restart_count`: by conman itself, since the last explicit start. `short_runs`: how many runs in a row ended
    soon. `is_stopped`: that it ends was asked for. `next_restart_at`: when conman begins the next run, 0: it does not.
    """

    id: str
    name: str
    spec: ContainerSpec
    rootfs_mode: RootfsMode
    state: State
    run: int
    init: Init | None = None
    created_at: int = 0
    started_at: int = 0
    finished_at: int = 0
    exit_code: int | None = None
    reason: str = ""
    message: str = ""
    oom_killed: bool = False
    restart_count: int = 0
    short_runs: int = 0
    is_stopped: bool = False
    next_restart_at: int = 0
    resolved: Resolved = field(default_factory=Resolved)
    execs: Execs = ()

    def is_prepared(self, boot_id: str) -> bool:
        """Whether a run of this boot is there, as far as the row knows."""
        return self.init is not None and self.init.process.boot_id == boot_id


@frozen
class Control:
    """One file of a cgroup that an update sets: its name, what it held before, what it is to hold."""

    name: str
    before: str
    value: str


@frozen
class Intent:
    """What is about to be done to one container, written before anything is touched; of a kill never written.

    `run` is the run concerned; `prepares` says that this intent makes it. `at` is the wall clock when
    it was admitted. `draft` is the row that a create will commit. `deadline` is monotonic ns of boot
    `boot_id`: when stop goes on to KILL. `init` is what a preparing start has made (None: not yet),
    recorded before the program may run. Of an update: `resources`, all that will hold then, the
    `controls` that it sets, in this order, and `restart`, if that is to be another. `name`: the new one, of a rename. `has_lost_run`: as its
    daemon's layout; a RUN that was lost later took this operation's evidence with it. `exec_id`: of
    an operation on an exec; its deadline is when it will be killed. `console_size`: of the terminal
    that a start makes, None: nobody said.
    """

    id: str
    operation: Operation
    run: int
    boot_id: str
    at: int
    request_id: str = ""
    digest: str = ""
    prepares: bool = False
    signal: int = 0
    deadline: int = 0
    force: bool = False
    draft: Container | None = None
    init: Init | None = None
    resources: Resources | None = None
    controls: tuple[Control, ...] = ()
    restart: RestartPolicy | None = None
    name: str = ""
    has_lost_run: bool = False
    exec_id: str = ""
    console_size: ConsoleSize | None = None


@frozen
class Answer:
    """What a request was told, kept for its retries: a refusal, else ids and warnings.

    `ended`: how a container that removed itself had ended, for whoever waits for it still (`departed`).
    """

    request_id: str
    digest: str
    at: int
    container_id: str = ""
    refusal: Refusal | None = None
    warnings: tuple[str, ...] = ()
    ended: Container | None = None
    exec_id: str = ""


@frozen
class Event:
    """An appended record of the API. The store gives it its sequence number.

    `kind`: one of `events.KINDS`; `name`: the one that the container had then; `exec_id`: of an exec's.
    """

    at: int
    container_id: str
    kind: str
    run: int
    exit_code: int | None = None
    name: str = ""
    exec_id: str = ""


@frozen
class Quarantined:
    """A row or intent that could not be read. It still owns its objects and its name."""

    id: str
    why: str


#: Of a run whose shim nobody can reach any more.
SHIM_LOST = "ShimLost"


@frozen
class Note:
    """What is to be told beside the state of a run that lives, or is to be followed: a word, and a sentence. Never stored."""

    run: int
    reason: str
    message: str


# ---- what one transaction may change ---------------------------------------------------------------


@frozen
class ReserveName:
    """Conflict when the name is held, by a row or by an intent."""

    name: str
    id: str


@frozen
class ReleaseName:
    """The name that this id holds is free again."""

    id: str


@frozen
class PutIntent:
    """Conflict when the object has an open intent already."""

    intent: Intent


@frozen
class DropIntent:
    """The object's intent is done with."""

    id: str


@frozen
class PutContainer:
    """Insert or replace the row."""

    container: Container


@frozen
class DropContainer:
    """The row, readable or quarantined, is gone."""

    id: str


@frozen
class PutAnswer:
    """Remember what a request was told."""

    answer: Answer


@frozen
class DropAnswer:
    """What a request was to be told is not so."""

    request_id: str


@frozen
class AppendEvent:
    """One more event."""

    event: Event


Change = (
    ReserveName
    | ReleaseName
    | PutIntent
    | DropIntent
    | PutContainer
    | DropContainer
    | PutAnswer
    | DropAnswer
    | AppendEvent
)


@frozen
class Stored:
    """All that the store holds, as read at boot."""

    containers: tuple[Container, ...] = ()
    intents: tuple[Intent, ...] = ()
    answers: tuple[Answer, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
