"""What the kernel says of one process: descriptors, memory, threads. It must never ask the process."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Size:
    """`memory_kib`: what is its alone (RssAnon)."""

    descriptors: int
    threads: int
    memory_kib: int

    def __str__(self) -> str:
        memory = f"{self.memory_kib / 1024:.1f} MiB"
        return f"{self.descriptors} descriptors, {self.threads} threads, {memory}"


def size(pid: int) -> Size:
    """A ProcessLookupError for one that has ended, reaped or not."""
    try:
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
    except FileNotFoundError as gone:
        raise ProcessLookupError(pid) from gone
    words = dict(line.split(":", 1) for line in status if ":" in line)
    if "RssAnon" not in words:
        raise ProcessLookupError(pid)
    return Size(
        len(os.listdir(f"/proc/{pid}/fd")),
        int(words["Threads"]),
        int(words["RssAnon"].split()[0]),
    )


def proportional_mib(pid: int) -> float:
    """PSS: shared pages are counted in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
