"""What the steps result in that daemon and shim both perform, and who a process is. Pure data.

Apart from the daemon's own (`results`), for a shim carries every class that it loads. It must never
import more than the decorator of values.
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
class OomCount:
    """The kernel's counter of OOM kills in this cgroup."""

    kills: int


@frozen
class Remaining:
    """The pids that still live."""

    pids: tuple[int, ...]


@frozen
class Failed:
    """The step was not done. `error` is the errno's name ("ENOSPC"), `text` for people."""

    error: str
    text: str


SharedResult = Done | Absent | Gone | Content | OomCount | Remaining | Failed
