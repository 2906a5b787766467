"""The primitive steps: all that conman ever does to a host, one small thing each, as data.

Recipes (`conman.core.effects.recipes`, `conman.shim.recipes`) are tuples of these. Three performers
know how to do them: the daemon's (`conman.host`), the shim's, and the simulator's world. A step says
*what*; it never decides *whether*. Each is idempotent, so "already there" and "already gone" are
`Done`; a step that waits is bounded by its own `timeout_ms`.

Those that the shim performs too are in `shared_steps`. This module must stay pure data: the decorator of
values only.
"""

from conman.frozen import frozen
from conman.primitives.control import (
    FreezeMembers,
    ReadControls,
    ReadFreezer,
    ThawMembers,
    WriteControl,
)
from conman.primitives.held import (
    HoldOutput,
    ReadExitStatus,
    Release,
    WatchProcess,
    WatchShim,
)
from conman.primitives.results import (
    Controls,
    Devices,
    ExitStatus,
    Freezer,
    Held,
    Inventory,
    RuntimeAnswer,
    ShimAnswer,
    ShimProcess,
    Stopped,
    TimedOut,
)
from conman.primitives.shared_results import (
    Absent,
    Content,
    Done,
    Failed,
    Gone,
    OomCount,
    ProcessId,
    Remaining,
)
from conman.primitives.shared_steps import (
    CheckDirectory,
    Fence,
    MakeDirectory,
    MakeFifo,
    ReadFile,
    ReadOom,
    RemoveTree,
    Rename,
    SignalProcess,
    SyncDirectory,
    SyncFile,
    SyncFileSystem,
    Unlink,
    WriteFile,
)

# ---- files -------------------------------------------------------------------------------------


@frozen
class CheckPath:
    """Result: Done for anything that is there, links followed; Absent, or Failed. Changes nothing."""

    path: str


@frozen
class FindDevices:
    """Result: Devices, Absent, or Failed (ENODEV: no device node). Changes nothing.

    The node at `path`, or those of the directory at `path` and of directories below it, but for
    what is a container's own in each: pts, shm, mqueue, fd and console.
    """

    path: str


@frozen
class ReadInRoot:
    """Result: Content, Absent, or Failed (EFBIG: more than 4 MiB; EINVAL: no regular file).

    `path` is looked up with `root` as the root directory: neither ".." nor a link leads out of it.
    """

    root: str
    path: str


@frozen
class CopyTree:
    """Copy a directory with owners, modes, links and extended attributes; reflinks where it can."""

    source: str
    target: str


# ---- mounts ------------------------------------------------------------------------------------


@frozen
class MountOverlay:
    """Mount an overlay; `target` being that mount already is Done."""

    lower: str
    upper: str
    work: str
    target: str


@frozen
class Unmount:
    """umount2(2) of everything at or below `path`; nothing mounted there is Done."""

    path: str


# ---- cgroups and processes ---------------------------------------------------------------------


@frozen
class EndMembers:
    """Thaw, SIGKILL by pidfd, repeat, until no member lives.

    Members: the processes of cgroup `cgroup` in every hierarchy; where it is "", the processes
    whose environment holds `marker` ("CONMAN_RUN=..."). Result: Done, or Remaining with pids.
    """

    cgroup: str
    marker: str
    timeout_ms: int


@frozen
class ListMembers:
    """Result: Remaining with the pids of the members that live (none: an empty tuple)."""

    cgroup: str
    marker: str


@frozen
class RemoveCgroup:
    """rmdir in every hierarchy, children first; retried for 1 s on EBUSY."""

    cgroup: str


@frozen
class StopProcess:
    """SIGSTOP, wait until every thread stands. Result: Stopped (what it is), or Gone."""

    process: ProcessId


# ---- shim and runtime --------------------------------------------------------------------------


@frozen
class BeginShim:
    """Make `directory`, lock `directory/alive`, and ask for a shim that inherits the lock; wait for nothing.

    Done also when one lives there, or nobody can be asked: SpawnShim tells what came of it.
    """

    directory: str
    marker: str


@frozen
class SpawnShim:
    """Make `directory`, lock `directory/alive`, start a shim that inherits the lock.

    Done once its socket is bound; Failed when it ended before; TimedOut: one may live.
    """

    directory: str
    marker: str
    timeout_ms: int


@frozen
class CallShim:
    """One request to the shim in `directory`, and its answer (`body`: JSON).

    Result: ShimAnswer, Absent (no shim lives there, by its lock), or TimedOut.
    """

    directory: str
    op: str
    body: str
    timeout_ms: int


@frozen
class RunRuntime:
    """One runtime call: `lock` is made and flocked before the fork and inherited by the call.

    On time-out the child is killed and reaped first. Result: RuntimeAnswer, TimedOut, or Failed
    (ENOENT: no such runtime).
    """

    argv: tuple[str, ...]
    lock: str
    marker: str
    timeout_ms: int


@frozen
class ListHost:
    """Everything on this host that bears our instance. Result: Inventory."""


Step = (
    CheckDirectory
    | CheckPath
    | FindDevices
    | ReadInRoot
    | MakeDirectory
    | MakeFifo
    | WriteFile
    | ReadFile
    | SyncFile
    | SyncDirectory
    | SyncFileSystem
    | Rename
    | Unlink
    | RemoveTree
    | CopyTree
    | MountOverlay
    | Unmount
    | EndMembers
    | ListMembers
    | FreezeMembers
    | ThawMembers
    | ReadFreezer
    | ReadControls
    | WriteControl
    | RemoveCgroup
    | ReadOom
    | SignalProcess
    | StopProcess
    | WatchProcess
    | WatchShim
    | HoldOutput
    | ReadExitStatus
    | Release
    | BeginShim
    | SpawnShim
    | CallShim
    | RunRuntime
    | Fence
    | ListHost
)


Result = (
    Done
    | Absent
    | Gone
    | Content
    | Devices
    | OomCount
    | ExitStatus
    | Held
    | ShimProcess
    | Remaining
    | Stopped
    | ShimAnswer
    | RuntimeAnswer
    | Freezer
    | Controls
    | Inventory
    | TimedOut
    | Failed
)
