"""What a soak came to: sums for people, and the same as a document."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Totals:
    """`kills`: by who was killed, and how. Those for which there was nobody at that instant do not count."""

    terms: Mapping[str, str | int]
    operations: int = 0
    kills: dict[str, int] = field(default_factory=dict[str, int])
    power_cuts: int = 0
    censuses: int = 0
    violations: list[str] = field(default_factory=list[str])
    seconds: float = 0.0
    descriptors: int = 0
    memory_mib: int = 0
    is_stopped: bool = False

    def killed(self, who: str) -> None:
        """Once more."""
        self.kills[who] = self.kills.get(who, 0) + 1

    def __str__(self) -> str:
        killed = sum(self.kills.values())
        lines = [
            (
                f"{self.operations} operations, {killed} kills, {self.power_cuts} power cuts,"
                f" {self.censuses} censuses, {len(self.violations)} violations"
                f" in {self.seconds:.0f} s ({killed * 60 / max(self.seconds, 1):.0f} kills a minute)"
            ),
            *(f"  {count:6} {who}" for who, count in sorted(self.kills.items())),
            f"conmand at rest: at most {self.descriptors} descriptors, {self.memory_mib} MiB",
        ]
        return "\n".join(lines)

    def add(self, other: "Totals") -> None:
        """Of another host of the same run, at the same time."""
        self.operations += other.operations
        self.power_cuts += other.power_cuts
        self.censuses += other.censuses
        self.violations += other.violations
        for who, count in other.kills.items():
            self.kills[who] = self.kills.get(who, 0) + count
        self.seconds = max(self.seconds, other.seconds)
        self.descriptors = max(self.descriptors, other.descriptors)
        self.memory_mib = max(self.memory_mib, other.memory_mib)

    def write(self, path: str) -> None:
        """As JSON."""
        Path(path).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
