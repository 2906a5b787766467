"""All effects: the core's only door to the outside.

Three kinds, by who performs them:

- *host effects* are recipes of primitive steps (`recipes.recipe`), done one by one by a performer;
- *store effects* are one transaction each: the commit points of the product;
- *machine effects* (AwaitExit, WaitUntil, Tell, Mark) never leave the machine.

Effects that differ in meaning differ in name, so that a crash point says what it interrupts.
"""

from dataclasses import dataclass

from conman.core.effects.changes import (
    Freeze,
    LookAtFreezer,
    ReadLimits,
    RestoreLimits,
    SetLimits,
    Thaw,
)
from conman.core.effects.effect import HostEffect
from conman.core.effects.inner import AwaitExit, MachineEffect, Mark, Tell, WaitFor
from conman.core.effects.transactions import (
    Commit,
    CommitAnswer,
    CommitCollected,
    CommitCreated,
    CommitExited,
    CommitPaused,
    CommitRemoved,
    CommitRenamed,
    CommitRunning,
    CommitUndone,
    CommitUnprepared,
    CommitUpdated,
    RecordIntent,
    RecordPrepared,
    ReopenStore,
)
from conman.core.model import Container, Init
from conman.core.permits import Permits
from conman.primitives.steps import ProcessId

# ---- preparing a run ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckRootfs(HostEffect):
    """Done, Absent, or Failed(ENOTDIR ...)."""

    path: str


@dataclass(frozen=True, slots=True)
class CheckSource(HostEffect):
    """Whether what a mount shows is there: Done, Absent, or Failed."""

    path: str


@dataclass(frozen=True, slots=True)
class FindDevices(HostEffect):
    """Devices: the node at a path, or those of the directory there. Absent, Failed(ENODEV ...)."""

    path: str


@dataclass(frozen=True, slots=True)
class ReadInRoot(HostEffect):
    """A file of the root file system, links staying within it: Content, Absent, Failed."""

    root: str
    path: str


@dataclass(frozen=True, slots=True)
class PrepareBundle(HostEffect):
    """The container's directory and its config.json for this run, durable."""

    container: Container
    run: int
    permits: Permits


@dataclass(frozen=True, slots=True)
class MountRootfs(HostEffect):
    """The overlay over the user's directory, with a fresh work directory."""

    container_id: str
    run: int
    lower: str


@dataclass(frozen=True, slots=True)
class CopyRootfs(HostEffect):
    """A private copy of the user's directory, durable and complete before it gets its name."""

    container_id: str
    source: str


@dataclass(frozen=True, slots=True)
class SpawnShim(HostEffect):
    """A shim for this run, findable by its socket."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class RuntimeCreate(HostEffect):
    """The runtime's create, run by the shim. ShimAnswer, Absent, TimedOut."""

    container_id: str
    run: int
    runtime: str


@dataclass(frozen=True, slots=True)
class RuntimeStart(HostEffect):
    """The runtime's start; cannot be repeated: after anything but an answer, look."""

    container_id: str
    run: int
    runtime: str


@dataclass(frozen=True, slots=True)
class WatchInit(HostEffect):
    """From here on the ends of this process and of its shim are observed, its output is held.

    Done, or Gone: of the init.
    """

    container_id: str
    run: int
    process: ProcessId


# ---- after a shim's death ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HoldOutput(HostEffect):
    """What the container writes is not lost while nobody reads it. Held, or Absent: no FIFOs."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class SucceedShim(HostEffect):
    """A new shim goes on logging for a dead one. ShimAnswer, Absent, TimedOut."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class WatchShim(HostEffect):
    """From here on the end of the shim is observed, also one that came before."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class ReadExitStatus(HostEffect):
    """What the kernel tells of an init that we watched to its end: ExitStatus, or Absent."""

    container_id: str
    run: int


# ---- looking -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HelloShim(HostEffect):
    """The new daemon introduces itself; the shim fences its own call in flight, then answers."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class StopInit(HostEffect):
    """First half of stop-and-look: Stopped tells what the process is; Gone."""

    process: ProcessId


@dataclass(frozen=True, slots=True)
class LookForStart(HostEffect):
    """Whether this boot's start call was ever begun: Content, or Absent."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class ForgetStart(HostEffect):
    """The start call is void: its init, proven not to have run, is about to be ended by us."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class LookForMembers(HostEffect):
    """Remaining, with the pids of what lives of a run."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class LookAtHost(HostEffect):
    """Inventory of everything that bears our instance."""


# ---- fences ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FenceShim(HostEffect):
    """No shim of this run lives, and none is to come. Done, or Remaining."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class FenceCall(HostEffect):
    """No runtime call of this name is under way for this run. Done, or Remaining."""

    container_id: str
    run: int
    op: str


# ---- a run that goes on (`changes`) -------------------------------------------------------------

ChangeEffect = Freeze | Thaw | LookAtFreezer | ReadLimits | SetLimits | RestoreLimits


# ---- ending a run ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignalInit(HostEffect):
    """Done, or Gone."""

    process: ProcessId
    signal: int


@dataclass(frozen=True, slots=True)
class EndMembers(HostEffect):
    """Nothing of the run lives any more. Done, or Remaining."""

    container_id: str
    run: int
    init: Init | None


@dataclass(frozen=True, slots=True)
class AwaitExitRecord(HostEffect):
    """The shim says whether the exit is recorded: ShimAnswer, Absent, TimedOut."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class ReadExitRecord(HostEffect):
    """Content, or Absent."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class KeepExitRecord(HostEffect):
    """A record that was found is made durable before it is believed."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class ReadOomKills(HostEffect):
    """OomCount."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class WriteExitRecord(HostEffect):
    """The daemon's own record, durable before the evidence goes."""

    container_id: str
    run: int
    data: bytes


@dataclass(frozen=True, slots=True)
class RuntimeDelete(HostEffect):
    """The runtime's delete --force. Never believed and never needed."""

    container_id: str
    run: int
    runtime: str


@dataclass(frozen=True, slots=True)
class RemoveRuntimeState(HostEffect):
    """What the runtime left in its root, removed by our own hand."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class RemoveCgroup(HostEffect):
    """The run's cgroup, in every hierarchy."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class UnmountRootfs(HostEffect):
    """The run's root file system and its work directory."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class EndShim(HostEffect):
    """The last effect of every end: no shim, no call, no lock file, no shim directory."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class RemoveRunRecord(HostEffect):
    """The directory of a run that was never started."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class EmptyTrash(HostEffect):
    """What a power cut brought back of a removed container."""

    container_id: str


@dataclass(frozen=True, slots=True)
class RemoveFiles(HostEffect):
    """The container's directory: to the trash by one rename, then deleted."""

    container_id: str


# ---- the store: one transaction each (`transactions`) -------------------------------------------

StoreEffect = (
    Commit
    | RecordIntent
    | RecordPrepared
    | CommitCreated
    | CommitRunning
    | CommitExited
    | CommitUnprepared
    | CommitRemoved
    | CommitPaused
    | CommitUpdated
    | CommitRenamed
    | CommitCollected
    | CommitUndone
    | CommitAnswer
    | ReopenStore
)

# ---- the machine's own (`inner`) ----------------------------------------------------------------

InnerEffect = MachineEffect | AwaitExit | WaitFor | Tell | Mark
