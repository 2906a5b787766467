"""The host effects of what leaves a run where it is: its freezer and its limits."""

from dataclasses import dataclass

from conman.core.effects.effect import HostEffect
from conman.core.model import Control
from conman.primitives.steps import ProcessId


@dataclass(frozen=True, slots=True)
class Freeze(HostEffect):
    """Everything of the run stands still: Done. Gone or Absent: it has ended. Else: half of it may."""

    container_id: str
    run: int
    process: ProcessId


@dataclass(frozen=True, slots=True)
class Thaw(HostEffect):
    """Whatever stands still of the run goes on."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class LookAtFreezer(HostEffect):
    """Freezer."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class ReadLimits(HostEffect):
    """Controls: what the run's cgroup holds."""

    container_id: str
    run: int


@dataclass(frozen=True, slots=True)
class SetLimits(HostEffect):
    """Set each control, in order. Failed: the kernel refuses one, and those before it are set."""

    container_id: str
    run: int
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class RestoreLimits(HostEffect):
    """Put each back to what it was before, the last one first."""

    container_id: str
    run: int
    controls: tuple[Control, ...]
