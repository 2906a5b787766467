"""The steps that daemon and shim both perform: on files, signals and counters. Pure data, as `steps` says.

Apart from the daemon's own, for a shim carries every class that it loads.
"""

from conman.frozen import frozen
from conman.primitives.shared_results import ProcessId


@frozen
class CheckDirectory:
    """Result: Done, Absent, or Failed(ENOTDIR). Changes nothing."""

    path: str


@frozen
class MakeDirectory:
    """mkdir(2); an existing directory is Done."""

    path: str
    mode: int = 0o700


@frozen
class MakeFifo:
    """mkfifo(3); an existing FIFO is Done."""

    path: str
    mode: int = 0o600


@frozen
class WriteFile:
    """Create or truncate, and write all of `data`. Neither content nor name is durable yet."""

    path: str
    data: bytes
    mode: int = 0o600


@frozen
class ReadFile:
    """Result: Content or Absent."""

    path: str


@frozen
class SyncFile:
    """fsync(2): the content survives a power cut; its name only with SyncDirectory."""

    path: str


@frozen
class SyncDirectory:
    """fsync(2) of a directory: the names in it survive a power cut.

    `may_be_gone`: where there is no such directory there are no names to keep.
    """

    path: str
    may_be_gone: bool = False


@frozen
class SyncFileSystem:
    """syncfs(2) of the file system that holds `path`."""

    path: str


@frozen
class Rename:
    """rename(2). Result Absent when the source does not exist."""

    source: str
    target: str


@frozen
class Unlink:
    """unlink(2); an absent file is Done."""

    path: str


@frozen
class RemoveTree:
    """Remove a directory with all that is in it, deepest first; never follows links or mounts."""

    path: str


@frozen
class ReadOom:
    """Result: OomCount of the cgroup's own counter (0 where there is none)."""

    cgroup: str


@frozen
class SignalProcess:
    """Send one signal by pidfd, after boot id and start time were compared. Result: Done or Gone."""

    process: ProcessId
    signal: int


@frozen
class Fence:
    """Make every earlier actor of one lock harmless, and prove it by taking the lock.

    Until `lock` is free, end by pidfd whatever bears `marker` in its environment or has the lock
    file open; with `state_directory` also what bears "_LIBCONTAINER_STATEDIR=<that>".
    Result: Done, or Remaining with the pids that would not end in time.

    `also`: the same for these, in the same time; what an actor of this lock may begin comes behind it.
    Each look at all processes is for all of them. `suspect`: a file that names a pid, as {"pid": N}; if it is
    an actor of this lock it is ended first, and one look less is needed.
    """

    lock: str
    marker: str
    state_directory: str
    timeout_ms: int
    also: "tuple[Fence, ...]" = ()
    suspect: str = ""


#: Fence is not among them: it is called by name, for it takes its time.
Shared = (
    CheckDirectory
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
    | SignalProcess
    | ReadOom
)
