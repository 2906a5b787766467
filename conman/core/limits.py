"""From limits as a user says them to the files of a cgroup, v1's and v2's, in an order that kernels take.

Pure: what a cgroup has, and holds, is handed in as read. Which version it is shows in the names of its
files. A limit that it has no file for is a warning, never silence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields

from conman.core.limit_words import in_bytes
from conman.core.model import Control
from conman.core.resources import Resources
from conman.errors import Code, Refusal
from conman.frozen import frozen, replace

#: All files that an update may set, and what it must know besides (of the cgroup above, of the usage).
NAMES = (
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.soft_limit_in_bytes",
    "memory.max",
    "memory.swap.max",
    "memory.low",
    "memory.current",
    "cpu.shares",
    "cpu.cfs_period_us",
    "cpu.cfs_quota_us",
    "cpu.weight",
    "cpu.max",
    "cpuset.cpus",
    "../cpuset.cpus",
    "cpuset.mems",
    "../cpuset.mems",
    "pids.max",
)

USUAL_SHARES = 1024
USUAL_PERIOD_US = 100_000
_PAGE = 4096
#: What v1 shows for no limit is the greatest number of bytes, in whole pages.
_ENDLESS = 2**62
_NO_LIMIT = ("-1", "max")

_OF_MEMORY = (
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.max",
    "memory.swap.max",
)
#: v1's two files of processor time, which v2 has in one.
_OF_TIME = ("cpu.cfs_period_us", "cpu.cfs_quota_us")
#: A user's words for it.
_TIME = ("nano_cpus", "cpu_period_us", "cpu_quota_us")
#: Which of a user's words each of the other files is.
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "memory.soft_limit_in_bytes": ("memory_reservation_bytes",),
    "memory.low": ("memory_reservation_bytes",),
    "cpu.shares": ("cpu_shares",),
    "cpu.weight": ("cpu_shares",),
    "cpu.max": _TIME,
    "cpuset.cpus": ("cpuset_cpus",),
    "cpuset.mems": ("cpuset_mems",),
    "pids.max": ("pids_limit",),
}

Held = Mapping[str, str]
Wanted = tuple[tuple[str, str], ...]


@frozen
class Plan:
    """What to set, in this order; what this host has no file for; why it must not be tried, if so."""

    controls: tuple[Control, ...] = ()
    warnings: tuple[str, ...] = ()
    refusal: Refusal | None = None


def merged(old: Resources, change: Resources) -> Resources:
    """`change` over `old`. Processors are limited in one of two ways: the last one holds; a period alone is neither."""
    said = {f.name: v for f in fields(change) if (v := getattr(change, f.name)) is not None}
    if "nano_cpus" in said:
        old = replace(old, cpu_quota_us=None, cpu_period_us=None)
    elif "cpu_quota_us" in said:
        old = replace(old, nano_cpus=None)
    if said.get("memory_bytes") == 0:
        old = replace(old, memory_swap_bytes=None)
    return replace(old, **said)


def plan(change: Resources, whole: Resources, held: Held) -> Plan:
    """How to get from what a cgroup holds to `whole`, of which `change` was just asked for."""
    current, limit = held.get("memory.current"), change.memory_bytes
    if limit and current is not None and int(current) > limit:
        return Plan(refusal=_in_use(int(current), limit))
    wanted: list[tuple[str, str]] = []
    warnings: list[str] = []
    for what, ways in _groups(change, whole, held):
        way = next((way for way in ways if way[0][0] in held), ())
        wanted += [(name, value) for name, value in way if name in held]
        lacking = [n for n, value in way or ways[0] if n not in held and value not in _NO_LIMIT]
        warnings += [f"this host has no {name} for the container: {what}" for name in lacking]
    changed = [(n, value) for n, value in wanted if not same(n, held[n], value)]
    controls = tuple(Control(name, held[name], value) for name, value in changed)
    return Plan(controls, tuple(warnings))


def is_set(controls: tuple[Control, ...], held: Held) -> bool:
    """Whether all that was to be set is what the cgroup holds."""
    return all(c.name in held and same(c.name, held[c.name], c.value) for c in controls)


def in_force(
    old: Resources, whole: Resources, controls: tuple[Control, ...], held: Held
) -> Resources:
    """What holds of `whole` where the way back to `old` has failed: that of each file that kept its new value."""
    kept = [control.name for control in controls if is_set((control,), held)]
    for name in kept:
        old = replace(old, **{field: getattr(whole, field) for field in _FIELDS.get(name, ())})
    if any(name in _OF_TIME for name in kept):
        old = replace(old, **_time_of(whole, held))
    return replace(old, **_memory_of(held)) if any(n in _OF_MEMORY for n in kept) else old


def _time_of(whole: Resources, held: Held) -> dict[str, int | None]:
    """Of the two files on v1: as the user said it where both hold that, else as they are, for half of it is nobody's word."""
    wanted, _ = _time(whole, held)
    if all(same(name, held.get(name, value), value) for name, value in wanted):
        return {field: getattr(whole, field) for field in _TIME}
    period = int(held.get("cpu.cfs_period_us", str(USUAL_PERIOD_US)))
    quota = int(held.get("cpu.cfs_quota_us", "-1"))
    return {
        "nano_cpus": None,
        "cpu_period_us": None if period == USUAL_PERIOD_US else period,
        "cpu_quota_us": None if quota < 0 else quota,
    }


def _memory_of(held: Held) -> dict[str, int | None]:
    """Of the two files that depend on each other, as a user says both."""
    if "memory.max" in held:
        limit, swap = _bytes(held["memory.max"]), _bytes(held.get("memory.swap.max", "0"))
        both = -1 if swap < 0 else limit + swap
    else:
        limit = _bytes(held["memory.limit_in_bytes"])
        both = _bytes(held.get("memory.memsw.limit_in_bytes", str(limit)))
    if limit < 0:
        return {"memory_bytes": 0, "memory_swap_bytes": None}
    return {"memory_bytes": limit, "memory_swap_bytes": None if both == limit else both}


def _bytes(text: str) -> int:
    """-1: no limit."""
    number = _number(text)
    return -1 if number is None else number


def same(name: str, held: str, value: str) -> bool:
    """Whether a file that was given `value` may read so: the kernel counts memory in whole pages."""
    unit = _PAGE if name.startswith("memory.") else 1
    one, other = _number(held), _number(value)
    if one is None or other is None:
        return held == value
    return one // unit == other // unit


def refused(name: str, words: str, *, is_undone: bool = True) -> Refusal:
    """The kernel did not take a limit. Not `is_undone`: nor one of those before it back."""
    changed = "nothing was changed" if is_undone else "status tells what holds now"
    return Refusal(
        Code.FAILED_PRECONDITION,
        "LimitRefused",
        f"cannot update container {name}: the kernel says {words}",
        f"{changed}; choose a limit that it can keep",
        "resources",
    )


def _in_use(current: int, limit: int) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "LimitRefused",
        f"the memory limit cannot become {in_bytes(limit)}: the container uses {in_bytes(current)} now",
        "nothing was changed; choose a higher limit, or have it use less first",
        "resources.memory_bytes",
    )


def _number(text: str) -> int | None:
    if not text.lstrip("-").isdecimal():
        return None
    number = int(text)
    return -1 if number < 0 or number >= _ENDLESS else number


# ---- the files, in groups that depend on each other --------------------------------------------------


def _groups(
    change: Resources, whole: Resources, held: Held
) -> Iterator[tuple[str, tuple[Wanted, ...]]]:
    """Of each group that the change touches: what it is, then how v1 says it, and how v2."""
    if not _none(change.memory_bytes, change.memory_swap_bytes):
        yield "memory and swap are not limited as asked", _memory(whole, held)
    if (low := change.memory_reservation_bytes) is not None:
        ways = (("memory.soft_limit_in_bytes", str(low or -1)),), (("memory.low", str(low)),)
        yield "there is no reservation", ways
    if (shares := change.cpu_shares) is not None:
        usual = shares or USUAL_SHARES
        yield "its weight is the usual one", ((("cpu.shares", str(usual)),), _weight(usual))
    if not _none(change.nano_cpus, change.cpu_period_us, change.cpu_quota_us):
        yield "its processor time is not limited", _time(whole, held)
    for name, asked in (("cpuset.cpus", change.cpuset_cpus), ("cpuset.mems", change.cpuset_mems)):
        if asked is not None:
            # On v1 a set with a process in it cannot be empty: all is what is allowed above.
            yield "it may use all", (((name, asked or held.get(f"../{name}", "")),),)
    if (pids := change.pids_limit) is not None:
        yield "its processes are not limited", ((("pids.max", str(pids) if pids > 0 else "max"),),)


def _none(*values: int | None) -> bool:
    return all(value is None for value in values)


def _memory(whole: Resources, held: Held) -> tuple[Wanted, ...]:
    """Limit and limit with swap: at no instant may the first be above the second."""
    limit = whole.memory_bytes or -1
    both = (whole.memory_swap_bytes or limit) if limit > 0 else -1
    v1 = (("memory.limit_in_bytes", str(limit)), ("memory.memsw.limit_in_bytes", str(both)))
    now = _number(held.get("memory.memsw.limit_in_bytes", "-1"))
    raises = both < 0 or (now is not None and 0 <= now <= both)
    swap = "max" if both < 0 else str(both - limit)
    v2 = (("memory.max", str(limit) if limit > 0 else "max"), ("memory.swap.max", swap))
    if raises and "memory.memsw.limit_in_bytes" in held:
        v1 = (v1[1], v1[0])
    return v1, v2


def _time(whole: Resources, held: Held) -> tuple[Wanted, ...]:
    """Period and quota: in between, their ratio must not exceed what it was or will be."""
    period = whole.cpu_period_us or USUAL_PERIOD_US
    quota = whole.cpu_quota_us or -1
    if whole.nano_cpus:
        quota = whole.nano_cpus * period // 1_000_000_000 or -1
    v1 = (("cpu.cfs_period_us", str(period)), ("cpu.cfs_quota_us", str(quota)))
    now = _number(held.get("cpu.cfs_period_us", "0"))
    if now is not None and now > period:
        v1 = (v1[1], v1[0])
    return v1, (("cpu.max", f"{quota if quota > 0 else 'max'} {period}"),)


def _weight(shares: int) -> Wanted:
    """v2 counts from 1 to 10,000 what v1 counts from 2 to 262,144 (as the OCI runtimes convert it)."""
    return (("cpu.weight", str(1 + (shares - 2) * 9999 // 262142)),)
