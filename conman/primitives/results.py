"""What steps result in, and who a process is: the values that come back from a host.

Like the steps pure data: the standard library's dataclasses only, for the shim imports it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessId:
    """One process of one boot. `start_time` in clock ticks since boot (proc(5), stat field 22)."""

    boot_id: str
    pid: int
    start_time: int


@dataclass(frozen=True, slots=True)
class Done:
    """The step's end state holds. `at`: wall clock, ns since the epoch, when it was seen."""

    at: int = 0


@dataclass(frozen=True, slots=True)
class Absent:
    """What was asked about does not exist; established, not guessed."""


@dataclass(frozen=True, slots=True)
class Gone:
    """That process (boot, pid, start time) no longer lives; a zombie counts as gone."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds."""

    data: bytes


@dataclass(frozen=True, slots=True)
class DeviceNode:
    """`kind`: "c" or "b"; `mode`: permission bits; `uid`, `gid`: its owner on the host."""

    path: str
    kind: str
    major: int
    minor: int
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Devices:
    """In the order of their paths."""

    nodes: tuple[DeviceNode, ...]


@dataclass(frozen=True, slots=True)
class OomCount:
    """The kernel's counter of OOM kills in this cgroup."""

    kills: int


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """As wait(2) tells it: `code` is 128 + n for one that died by `signal` n, which is 0 else."""

    code: int
    signal: int


@dataclass(frozen=True, slots=True)
class Held:
    """Both FIFOs are held open; `unread` bytes are in them."""

    unread: int


@dataclass(frozen=True, slots=True)
class ShimProcess:
    """Who the living shim is."""

    process: ProcessId


@dataclass(frozen=True, slots=True)
class Remaining:
    """The pids that still live."""

    pids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stopped:
    """What a stopped process is: device and inode of its executable, and its command line."""

    device: int
    inode: int
    cmdline: str


@dataclass(frozen=True, slots=True)
class ShimAnswer:
    """The shim's answer, JSON."""

    body: str


@dataclass(frozen=True, slots=True)
class RuntimeAnswer:
    """How a runtime call ended: exit status (128 + n by signal n) and what it wrote."""

    code: int
    stdout: str
    stderr: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Freezer:
    """Whether every member stands still now."""

    frozen: bool


@dataclass(frozen=True, slots=True)
class Controls:
    """Name and content, without the newline, of those files of a cgroup that are there."""

    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What bears our instance: (container id, run) pairs by kind; run 0 where there is none.

    `unreadable` names what could not be read as an id: then garbage collection stays off.
    """

    directories: tuple[str, ...] = ()
    runs: tuple[tuple[str, int], ...] = ()
    trash: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The step has ended, and what it did is not known: look."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The step was not done. `error` is the errno's name ("ENOSPC"), `text` for people."""

    error: str
    text: str
