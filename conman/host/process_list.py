"""The processes of a run, as ps would list them: read from /proc, no program is started.

Whoever ends meanwhile is left out. It must never take another's process for one of theirs: who belongs to a
run is told by whoever calls.
"""

import os
import time
from collections.abc import Iterable

from conman.core.usage import Process

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_NS = 1_000_000_000
_PTS = range(136, 144)


def listed(pids: Iterable[int]) -> tuple[Process, ...]:
    """In the order of their pids."""
    booted = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    found = (_process(pid, booted) for pid in sorted(pids))
    return tuple(process for process in found if process is not None)


def _process(pid: int, booted: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            name, _, rest = file.read().partition(b"(")[2].rpartition(b")")
        with open(f"/proc/{pid}/cmdline", "rb", buffering=0) as file:
            words = file.read()
        uid = os.stat(f"/proc/{pid}").st_uid
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = rest.split()
    return Process(
        pid=pid,
        ppid=int(fields[1]),
        uid=uid,
        state=fields[0].decode(),
        started_at=booted + int(fields[19]) * _NS // _TICKS,
        cpu_ns=(int(fields[11]) + int(fields[12])) * _NS // _TICKS,
        memory_bytes=int(fields[21]) * _PAGE,
        tty=_terminal(int(fields[4])),
        command=_command(words, name),
    )


def _terminal(device: int) -> str:
    """As ps has it; "" for none."""
    if device == 0:
        return ""
    major, minor = os.major(device), os.minor(device)
    return f"pts/{(major - _PTS.start) * 256 + minor}" if major in _PTS else f"{major}:{minor}"


def _command(words: bytes, name: bytes) -> str:
    shown = words.rstrip(b"\0").replace(b"\0", b" ") or b"[" + name + b"]"
    return shown.decode(errors="backslashreplace")
