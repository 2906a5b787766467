"""What `events` prints: one JSON object a line, as runc does on cgroup v1.

Of the numbers only those are true that a stand-in has: its processes, their time and memory, and the
limits it was given. It must never change anything, and ends with the container.
"""

import os
import time

from fakerunc import cgroups, process, stdio
from fakerunc.model import Record
from fakerunc.record import go_json
from fakerunc.resources import number_in

_UNLIMITED = 9223372036854771712
_TICK_S = 0.1  # how late an OOM or the end of the container is told of


def stats(root: str, record: Record) -> str:
    """One object, and its newline."""
    place = os.path.join(root, record.id)
    pids = [pid for pid, _ in process.members(place)]
    limits = cgroups.limits(root, record.cgroup)
    data = {
        "cpu": _cpu(pids),
        "cpuset": {},
        "memory": _memory(pids, number_in(limits, "memory"), number_in(limits, "memory_swap")),
        "pids": _pids(len(pids), number_in(limits, "pids_limit")),
        "blkio": {},
        "hugetlb": {},
        "intel_rdt": {},
        "network_interfaces": None,
    }
    return go_json({"type": "stats", "id": record.id, "data": data}) + "\n"


def follow(root: str, record: Record, interval_s: float) -> None:
    """Statistics every `interval_s` seconds, each OOM at once, until its cgroups are gone."""
    ooms = cgroups.ooms(root, record.cgroup)
    due = time.monotonic() + interval_s
    while cgroups.exist(root, record.cgroup):
        now = cgroups.ooms(root, record.cgroup)
        for _ in range(now - ooms):
            stdio.write(1, go_json({"type": "oom", "id": record.id}) + "\n")
        ooms = now
        if time.monotonic() >= due:
            stdio.write(1, stats(root, record))
            due += interval_s
        time.sleep(max(0.0, min(_TICK_S, due - time.monotonic())))


def _cpu(pids: list[int]) -> dict[str, object]:
    tick_ns = 10**9 // os.sysconf("SC_CLK_TCK")
    times = [_stat(pid) for pid in pids]
    user, kernel = (tick_ns * sum(one[k] for one in times) for k in (0, 1))
    total = user + kernel
    return {"usage": {"total": total, "kernel": kernel, "user": user}, "throttling": {}}


def _stat(pid: int) -> tuple[int, int, int]:
    """Ticks in user mode, in the kernel, and resident pages (proc(5)); zeros once it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b") ")[2].split()
    except OSError:
        return 0, 0, 0
    return int(fields[11]), int(fields[12]), int(fields[21])


def _memory(pids: list[int], limit: int, swap: int) -> dict[str, object]:
    used = os.sysconf("SC_PAGE_SIZE") * sum(_stat(pid)[2] for pid in pids)

    def entry(most: int) -> dict[str, object]:
        return {"limit": most if most > 0 else _UNLIMITED, "usage": used, "max": used, "failcnt": 0}

    none = {"limit": _UNLIMITED, "failcnt": 0}
    return {
        "usage": entry(limit),
        "swap": entry(swap),
        "kernel": none,
        "kernelTCP": none,
        "raw": {"cache": 0, "rss": used, "total_cache": 0, "total_rss": used},
    }


def _pids(current: int, limit: int) -> dict[str, object]:
    entry: dict[str, object] = {"current": current}
    return entry | ({"limit": limit} if limit > 0 else {})
