"""A simulated cgroup, as v1 has them: its freezer, its limits, its count of OOM kills. Values only.

It takes and refuses what the kernel does: no limit below what is in use, memory never above memory with
swap. It knows nothing of conman.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from conman.primitives import steps as s

THAWED, FREEZING, FROZEN = "THAWED", "FREEZING", "FROZEN"

MEMORY, SWAP = "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"
MEBI = 1024 * 1024
#: What every simulated container uses: a limit below that is refused.
IN_USE = 16 * MEBI
_ENDLESS = "9223372036854771712"

_NEW = (
    ("../cpuset.cpus", "0-1"),
    ("../cpuset.mems", "0-1"),
    ("cpu.cfs_period_us", "100000"),
    ("cpu.cfs_quota_us", "-1"),
    ("cpu.shares", "1024"),
    ("cpuset.cpus", "0-1"),
    ("cpuset.mems", "0-1"),
    (MEMORY, _ENDLESS),
    (SWAP, _ENDLESS),
    ("memory.soft_limit_in_bytes", _ENDLESS),
    ("pids.max", "max"),
)


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """`freezer`: FREEZING when some members stand and some do not yet."""

    freezer: str = THAWED
    oom_kills: int = 0
    controls: tuple[tuple[str, str], ...] = _NEW

    def read(self, names: tuple[str, ...]) -> s.Controls:
        return s.Controls(tuple((n, value) for n, value in self.controls if n in names))

    def write(self, name: str, value: str) -> "ControlGroup | s.Absent | s.Failed":
        held = dict(self.controls)
        if name not in held:
            return s.Absent()
        wanted = _ENDLESS if value == "-1" and name.startswith("memory.") else value
        held[name] = wanted
        if not wanted.lstrip("-").isdecimal() and wanted != "max" and "cpuset" not in name:
            return s.Failed("EINVAL", f"Invalid argument: {name}")
        if name == MEMORY and int(wanted) < IN_USE:
            return s.Failed("EBUSY", f"Device or resource busy: {name}")
        if name in {MEMORY, SWAP} and int(held[MEMORY]) > int(held[SWAP]):
            return s.Failed("EINVAL", f"Invalid argument: {name}")
        return replace(self, controls=tuple(sorted(held.items())))


#: As it is when it is made.
NEW = ControlGroup()


def made_for(config: "dict[str, Any]") -> ControlGroup:
    """As the runtime makes it from a config.json."""
    limits: Mapping[str, Mapping[str, int]] = config["linux"].get("resources", {})
    memory = limits.get("memory", {})
    asked = {
        MEMORY: memory.get("limit"),
        SWAP: memory.get("swap"),
        "cpu.shares": limits.get("cpu", {}).get("shares"),
    }
    said = {name: _ENDLESS if v == -1 else str(v) for name, v in asked.items() if v is not None}
    return ControlGroup(controls=tuple(sorted({**dict(_NEW), **said}.items())))
