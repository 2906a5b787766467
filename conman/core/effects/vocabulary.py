"""All effects: the core's only door to the outside.

Three kinds, by who performs them:

- *host effects* are recipes of primitive steps (`recipes.recipe`), done one by one by a performer;
- *store effects* are one transaction each: the commit points of the product;
- *machine effects* (AwaitExit, Reread, WaitFor, Tell, Mark) never leave the machine.

Effects that differ in meaning differ in name, so that a crash point says what it interrupts.
"""

from conman.core.effects.changes import (
    Freeze,
    LookAtFreezer,
    ReadLimits,
    RestoreLimits,
    SetLimits,
    Thaw,
)
from conman.core.effects.effect import HostEffect
from conman.core.effects.execs import (
    AwaitExecExit,
    EndExec,
    RemoveExec,
    RuntimeExec,
    SignalExec,
    WatchExec,
)
from conman.core.effects.inner import AwaitExit, MachineEffect, Mark, Reread, Tell, WaitFor
from conman.core.effects.output import HoldOutput, OfferStream, ReopenLog, SucceedShim, WatchShim
from conman.core.effects.starting import (
    ForgetStart,
    LookAtExecFifo,
    LookForStart,
    RuntimeStart,
)
from conman.core.effects.transactions import (
    Commit,
    CommitAnswer,
    CommitCollected,
    CommitCreated,
    CommitExecCreated,
    CommitExecExited,
    CommitExecRunning,
    CommitExited,
    CommitPaused,
    CommitRemoved,
    CommitRenamed,
    CommitRunning,
    CommitStopped,
    CommitUndone,
    CommitUnprepared,
    CommitUpdated,
    RecordIntent,
    RecordPrepared,
    RecordSignal,
    ReopenStore,
)
from conman.core.model import Container, Init
from conman.core.permits import Permits
from conman.core.spec import ConsoleSize, LogLimits, Stdio
from conman.frozen import frozen
from conman.primitives.steps import ProcessId

# ---- preparing a run ---------------------------------------------------------------------------


@frozen
class CheckRootfs(HostEffect):
    """Done, Absent, or Failed(ENOTDIR ...)."""

    path: str


@frozen
class CheckSource(HostEffect):
    """Whether what a mount shows is there: Done, Absent, or Failed."""

    path: str


@frozen
class FindDevices(HostEffect):
    """Devices: the node at a path, or those of the directory there. Absent, Failed(ENODEV ...)."""

    path: str


@frozen
class ReadInRoot(HostEffect):
    """A file of the root file system, links staying within it: Content, Absent, Failed."""

    root: str
    path: str


@frozen
class PrepareBundle(HostEffect):
    """The container's directory and its config.json for this run, durable; its shim is asked for."""

    container: Container
    run: int
    permits: Permits
    console_size: ConsoleSize | None = None


@frozen
class MountRootfs(HostEffect):
    """The overlay over the user's directory, with a fresh work directory."""

    container_id: str
    run: int
    lower: str


@frozen
class CopyRootfs(HostEffect):
    """A private copy of the user's directory, durable and complete before it gets its name."""

    container_id: str
    source: str


@frozen
class SpawnShim(HostEffect):
    """A shim for this run, findable by its socket; one that was asked for is waited for."""

    container_id: str
    run: int


@frozen
class RuntimeCreate(HostEffect):
    """The runtime's create, run by the shim, which keeps the log within `log`. ShimAnswer, Absent, TimedOut."""

    container_id: str
    run: int
    runtime: str
    log: LogLimits
    stdio: Stdio


@frozen
class WatchInit(HostEffect):
    """From here on the ends of this process and of its shim are observed, its output is held.

    Done, or Gone: of the init.
    """

    container_id: str
    run: int
    process: ProcessId


# ---- its start (`starting`) ----------------------------------------------------------------------

StartEffect = RuntimeStart | LookAtExecFifo | LookForStart | ForgetStart

# ---- its output, when its shim has died or somebody reads along (`output`) -------------------------

OutputEffect = HoldOutput | SucceedShim | WatchShim | OfferStream | ReopenLog


@frozen
class ReadExitStatus(HostEffect):
    """What the kernel tells of an init that we watched to its end: ExitStatus, or Absent."""

    container_id: str
    run: int


# ---- execs (`execs`) ----------------------------------------------------------------------------

ExecEffect = RuntimeExec | WatchExec | SignalExec | AwaitExecExit | EndExec | RemoveExec


# ---- looking -----------------------------------------------------------------------------------


@frozen
class HelloShim(HostEffect):
    """The new daemon introduces itself; the shim fences its own call in flight, then answers."""

    container_id: str
    run: int


@frozen
class StopInit(HostEffect):
    """First half of stop-and-look: Stopped tells what the process is; Gone."""

    process: ProcessId


@frozen
class LookForMembers(HostEffect):
    """Remaining, with the pids of what lives of a run."""

    container_id: str
    run: int


@frozen
class LookAtHost(HostEffect):
    """Inventory of everything that bears our instance."""


# ---- fences ------------------------------------------------------------------------------------


@frozen
class FenceShim(HostEffect):
    """No shim of this run lives, and none is to come. Done, or Remaining."""

    container_id: str
    run: int


@frozen
class FenceCall(HostEffect):
    """No runtime call of this name is under way for this run. Done, or Remaining."""

    container_id: str
    run: int
    op: str


# ---- a run that goes on (`changes`) -------------------------------------------------------------

ChangeEffect = Freeze | Thaw | LookAtFreezer | ReadLimits | SetLimits | RestoreLimits


# ---- ending a run ------------------------------------------------------------------------------


@frozen
class SignalInit(HostEffect):
    """Done, or Gone."""

    process: ProcessId
    signal: int


@frozen
class EndMembers(HostEffect):
    """Nothing of the run lives any more. Done, or Remaining."""

    container_id: str
    run: int
    init: Init | None


@frozen
class AwaitExitRecord(HostEffect):
    """The shim says whether the exit is recorded: ShimAnswer, Absent, TimedOut."""

    container_id: str
    run: int


@frozen
class ReadExitRecord(HostEffect):
    """Content, or Absent."""

    container_id: str
    run: int


@frozen
class KeepExitRecord(HostEffect):
    """A record that was found is made durable before it is believed."""

    container_id: str
    run: int


@frozen
class ReadOomKills(HostEffect):
    """OomCount."""

    container_id: str
    run: int


@frozen
class WriteExitRecord(HostEffect):
    """The daemon's own record, durable before the evidence goes."""

    container_id: str
    run: int
    data: bytes


@frozen
class RuntimeDelete(HostEffect):
    """The runtime's delete --force. Never believed and never needed."""

    container_id: str
    run: int
    runtime: str


@frozen
class RemoveRuntimeState(HostEffect):
    """What the runtime left in its root, removed by our own hand."""

    container_id: str
    run: int


@frozen
class RemoveCgroup(HostEffect):
    """The run's cgroup, in every hierarchy."""

    container_id: str
    run: int


@frozen
class UnmountRootfs(HostEffect):
    """The run's root file system and its work directory. `keeps_root`: it is another run's, which goes on in it."""

    container_id: str
    run: int
    keeps_root: bool = False


@frozen
class EndShim(HostEffect):
    """The last effect of every end: no shim, no call, no lock file, no shim directory."""

    container_id: str
    run: int


@frozen
class RemoveRunRecord(HostEffect):
    """The directory of a run that was never started."""

    container_id: str
    run: int


@frozen
class EmptyTrash(HostEffect):
    """What a power cut brought back of a removed container."""

    container_id: str


@frozen
class RemoveFiles(HostEffect):
    """The container's directory: to the trash by one rename, then deleted."""

    container_id: str


# ---- the store: one transaction each (`transactions`) -------------------------------------------

StoreEffect = (
    Commit
    | RecordIntent
    | RecordPrepared
    | RecordSignal
    | CommitCreated
    | CommitRunning
    | CommitExited
    | CommitStopped
    | CommitUnprepared
    | CommitRemoved
    | CommitPaused
    | CommitUpdated
    | CommitRenamed
    | CommitExecCreated
    | CommitExecRunning
    | CommitExecExited
    | CommitCollected
    | CommitUndone
    | CommitAnswer
    | ReopenStore
)

# ---- the machine's own (`inner`) ----------------------------------------------------------------

InnerEffect = MachineEffect | AwaitExit | Reread | WaitFor | Tell | Mark
