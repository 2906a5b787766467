"""The host effects of what leaves a run where it is: its freezer and its limits."""

from conman.core.effects.effect import HostEffect
from conman.core.model import Control
from conman.frozen import frozen
from conman.primitives.steps import ProcessId


@frozen
class Freeze(HostEffect):
    """Everything of the run stands still: Done. Gone or Absent: it has ended. Else: half of it may."""

    container_id: str
    run: int
    process: ProcessId


@frozen
class Thaw(HostEffect):
    """Whatever stands still of the run goes on."""

    container_id: str
    run: int


@frozen
class LookAtFreezer(HostEffect):
    """Freezer."""

    container_id: str
    run: int


@frozen
class ReadLimits(HostEffect):
    """Controls: what the run's cgroup holds."""

    container_id: str
    run: int


@frozen
class SetLimits(HostEffect):
    """Set each control, in order. Failed: the kernel refuses one, and those before it are set."""

    container_id: str
    run: int
    controls: tuple[Control, ...]


@frozen
class RestoreLimits(HostEffect):
    """Put each back to what it was before, the last one first."""

    container_id: str
    run: int
    controls: tuple[Control, ...]
