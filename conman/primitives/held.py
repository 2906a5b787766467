"""The steps that leave something open: what a daemon watches and holds of a run, for as long as it lives.

They change nothing on a host, and the daemon's death undoes them. Pure data, like all steps.
"""

from conman.frozen import frozen
from conman.primitives.shared_results import ProcessId


@frozen
class WatchProcess:
    """Tell the driver when this process ends (pidfd). Result: Done, or Gone when it has already.

    `exec_id`: of which exec it is the first process; "": the run's init.
    """

    container_id: str
    run: int
    process: ProcessId
    exec_id: str = ""


@frozen
class WatchShim:
    """Tell the driver when the shim in `directory` ends, also when it has already. Result: Done."""

    container_id: str
    run: int
    directory: str


@frozen
class HoldOutput:
    """Keep a reading end of both FIFOs in `directory` open, unread. Result: Held, or Absent.

    A FIFO's content is thrown away when the last of its ends is closed.
    """

    container_id: str
    run: int
    directory: str


@frozen
class ReadExitStatus:
    """How a watched process ended, from the kernel, once it was reaped. Result: ExitStatus, Absent."""

    container_id: str
    run: int


@frozen
class Release:
    """Let go of whatever the driver holds open of a run."""

    container_id: str
    run: int
