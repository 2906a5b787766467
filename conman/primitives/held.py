"""The steps that leave something open: what a daemon watches and holds of a run, for as long as it lives.

They change nothing on a host, and the daemon's death undoes them. Pure data, like all steps.
"""

from dataclasses import dataclass

from conman.primitives.results import ProcessId


@dataclass(frozen=True, slots=True)
class WatchProcess:
    """Tell the driver when this process ends (pidfd). Result: Done, or Gone when it has already."""

    container_id: str
    run: int
    process: ProcessId


@dataclass(frozen=True, slots=True)
class WatchShim:
    """Tell the driver when the shim in `directory` ends, also when it has already. Result: Done."""

    container_id: str
    run: int
    directory: str


@dataclass(frozen=True, slots=True)
class HoldOutput:
    """Keep a reading end of both FIFOs in `directory` open, unread. Result: Held, or Absent.

    A FIFO's content is thrown away when the last of its ends is closed.
    """

    container_id: str
    run: int
    directory: str


@dataclass(frozen=True, slots=True)
class ReadExitStatus:
    """How a watched process ended, from the kernel, once it was reaped. Result: ExitStatus, Absent."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class Release:
    """Let go of whatever the driver holds open of a run."""

    container_id: str
    run: int
