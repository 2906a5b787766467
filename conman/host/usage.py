"""What a run uses: its control groups' own counters, of v1 and v2, else its processes' summed up.

Nothing is started and nothing is waited for; each file is read once. What is not there counts as nothing: it
must never fail because a program has just ended.
"""

import os
import time
from collections.abc import Iterable

from conman.core.usage import Usage
from conman.primitives.mounts import cgroup_mounts

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
#: v1 says "no limit" as the largest number of whole pages.
_NO_LIMIT = 2**62


def of_cgroup(cgroup: str, init: int) -> Usage | None:
    """None: there is no such cgroup. `init`: the pid in whose network the counters are."""
    places = [f"{mount.point}{cgroup}" for mount in cgroup_mounts()]
    places = [place for place in places if os.path.isdir(place)]
    if not places:
        return None
    memory = _table(_first(places, "memory.stat"))
    dropped = memory.get("total_inactive_file", memory.get("inactive_file", 0))
    used = _number(_first(places, "memory.usage_in_bytes", "memory.current"))
    read, written = _blocks(places)
    received, sent = _network(init)
    return Usage(
        at=time.time_ns(),
        cpu_ns=_cpu(places),
        memory_bytes=max(used - dropped, 0),
        memory_limit_bytes=_limit(_first(places, "memory.limit_in_bytes", "memory.max")),
        pids=_number(_first(places, "pids.current")),
        pids_limit=_limit(_first(places, "pids.max")),
        read_bytes=read,
        written_bytes=written,
        received_bytes=received,
        sent_bytes=sent,
    )


def of_processes(pids: Iterable[int], init: int) -> Usage:
    """Where no cgroup counts: of those that live. Whoever has ended took his counters along."""
    stats = {pid: fields for pid in pids if (fields := _stat(pid))}
    blocks = [_table(_read(f"/proc/{pid}/io").replace(b":", b"")) for pid in stats]
    received, sent = _network(init)
    return Usage(
        at=time.time_ns(),
        cpu_ns=sum(int(fields[11]) + int(fields[12]) for fields in stats.values()) * _TICK_NS,
        memory_bytes=sum(int(fields[21]) for fields in stats.values()) * _PAGE,
        pids=sum(int(fields[17]) for fields in stats.values()),
        read_bytes=sum(each.get("read_bytes", 0) for each in blocks),
        written_bytes=sum(each.get("write_bytes", 0) for each in blocks),
        received_bytes=received,
        sent_bytes=sent,
    )


def _cpu(places: list[str]) -> int:
    if found := _first(places, "cpuacct.usage"):
        return _number(found)
    return _table(_first(places, "cpu.stat")).get("usage_usec", 0) * 1000


def _blocks(places: list[str]) -> tuple[int, int]:
    """Bytes read and written, of all devices."""
    read = written = 0
    for line in _first(places, "blkio.throttle.io_service_bytes").splitlines():
        match line.split():
            case [_, b"Read", count]:
                read += int(count)
            case [_, b"Write", count]:
                written += int(count)
            case _:
                pass
    for line in _first(places, "io.stat").splitlines():
        pairs = dict(word.split(b"=", 1) for word in line.split()[1:] if b"=" in word)
        read += int(pairs.get(b"rbytes", 0))
        written += int(pairs.get(b"wbytes", 0))
    return read, written


def _network(init: int) -> tuple[int, int]:
    """Bytes received and sent, of all interfaces but the one to itself."""
    received = sent = 0
    for line in _read(f"/proc/{init}/net/dev").splitlines()[2:]:
        name, _, counters = line.partition(b":")
        fields = counters.split()
        if name.strip() != b"lo" and len(fields) > 8:
            received += int(fields[0])
            sent += int(fields[8])
    return received, sent


def _first(places: list[str], *names: str) -> bytes:
    return next(
        (found for place in places for name in names if (found := _read(f"{place}/{name}"))), b""
    )


def _number(text: bytes) -> int:
    return int(text) if text.strip().isdigit() else 0


def _limit(text: bytes) -> int:
    found = _number(text)
    return found if found < _NO_LIMIT else 0


def _table(text: bytes) -> dict[str, int]:
    pairs = (line.split() for line in text.splitlines())
    return {
        pair[0].decode(): int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()
    }


def _stat(pid: int) -> list[bytes]:
    """proc(5)'s stat, from the state on; none of one that is gone."""
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""
