"""The host effects of an exec. Its runtime call is its run's, and has a lock like the others.

What an exec makes lies below its run's shim, and bears its own mark.
"""

from conman.core.effects.effect import HostEffect
from conman.core.execs import Exec
from conman.core.model import Container
from conman.core.permits import Permits
from conman.core.spec import ConsoleSize
from conman.frozen import frozen
from conman.primitives.steps import ProcessId


@frozen
class RuntimeExec(HostEffect):
    """The runtime's exec, run by the shim; cannot be repeated. ShimAnswer, Absent, TimedOut."""

    container: Container
    run: int
    exec: Exec
    runtime: str
    permits: Permits
    console_size: ConsoleSize | None = None


@frozen
class WatchExec(HostEffect):
    """From here on the end of this exec's process is observed. Done, or Gone."""

    container_id: str
    run: int
    exec_id: str
    process: ProcessId


@frozen
class SignalExec(HostEffect):
    """Done, or Gone."""

    process: ProcessId
    signal: int


@frozen
class AwaitExecExit(HostEffect):
    """The shim says how it ended: ShimAnswer, Absent, TimedOut."""

    container_id: str
    run: int
    exec_id: str


@frozen
class EndExec(HostEffect):
    """Whoever bears the mark of an exec that nobody was told of. Done, or Remaining."""

    container_id: str
    run: int
    exec_id: str


@frozen
class RemoveExec(HostEffect):
    """What lay below its run's shim."""

    container_id: str
    run: int
    exec_id: str
