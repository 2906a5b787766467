"""What the daemon's own steps result in: the values that come back from a host.

Like the steps pure data: the decorator of values only.
"""

from conman.frozen import frozen
from conman.primitives.shared_results import ProcessId


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
