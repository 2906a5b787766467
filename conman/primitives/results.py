"""What steps result in, and who a process is: the values that come back from a host.

Like the steps pure data: the standard library's dataclasses only, for the shim imports it.
"""

from conman.frozen import frozen


@frozen
class ProcessId:
    """One process of one boot. `start_time` in clock ticks since boot (proc(5), stat field 22)."""

    boot_id: str
    pid: int
    start_time: int


@frozen
class Done:
    """The step's end state holds. `at`: wall clock, ns since the epoch, when it was seen."""

    at: int = 0


@frozen
class Absent:
    """What was asked about does not exist; established, not guessed."""


@frozen
class Gone:
    """That process (boot, pid, start time) no longer lives; a zombie counts as gone."""


@frozen
class Content:
    """What a file holds."""

    data: bytes


@frozen
class DeviceNode:
    """`kind`: "c" or "b"; `mode`: permission bits; `uid`, `gid`: its owner on the host."""

    path: str
    kind: str
    major: int
    minor: int
    mode: int
    uid: int
    gid: int


@frozen
class Devices:
    """In the order of their paths."""

    nodes: tuple[DeviceNode, ...]


@frozen
class OomCount:
    """The kernel's counter of OOM kills in this cgroup."""

    kills: int


@frozen
class ExitStatus:
    """As wait(2) tells it: `code` is 128 + n for one that died by `signal` n, which is 0 else."""

    code: int
    signal: int


@frozen
class Held:
    """Both FIFOs are held open; `unread` bytes are in them."""

    unread: int


@frozen
class ShimProcess:
    """Who the living shim is."""

    process: ProcessId


@frozen
class Remaining:
    """The pids that still live."""

    pids: tuple[int, ...]


@frozen
class Stopped:
    """What a stopped process is: device and inode of its executable, and its command line."""

    device: int
    inode: int
    cmdline: str


@frozen
class ShimAnswer:
    """The shim's answer, JSON."""

    body: str


@frozen
class RuntimeAnswer:
    """How a runtime call ended: exit status (128 + n by signal n) and what it wrote."""

    code: int
    stdout: str
    stderr: str
    at: int = 0


@frozen
class Freezer:
    """Whether every member stands still now."""

    frozen: bool


@frozen
class Controls:
    """Name and content, without the newline, of those files of a cgroup that are there."""

    values: tuple[tuple[str, str], ...]


@frozen
class Inventory:
    """What bears our instance: (container id, run) pairs by kind; run 0 where there is none.

    `unreadable` names what could not be read as an id: then garbage collection stays off.
    """

    directories: tuple[str, ...] = ()
    runs: tuple[tuple[str, int], ...] = ()
    trash: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def ids(self) -> list[str]:
        """Each container id of which anything was found, in order."""
        return sorted({*self.directories, *self.trash, *(owner for owner, _ in self.runs)})

    def runs_of(self, container_id: str) -> tuple[int, ...]:
        return tuple(sorted(run for owner, run in self.runs if owner == container_id))


@frozen
class TimedOut:
    """The step has ended, and what it did is not known: look."""


@frozen
class Failed:
    """The step was not done. `error` is the errno's name ("ENOSPC"), `text` for people."""

    error: str
    text: str
