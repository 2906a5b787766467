"""What this host lets conmand give to containers, looked at once, at start-up.

It only reads. What cannot be read is taken as permitted: then the runtime says no, in its own words, and
nothing was left out on a guess.
"""

import os
import resource
from collections.abc import Iterator

from conman.core.permits import CAPABILITIES, LIMITS, RLIMITS, UNLIMITED, Permits
from conman.primitives.mounts import Mount, cgroup_mounts

_SYS_RESOURCE = "CAP_SYS_RESOURCE"
#: Of v1 the file that tells, of v2 the controller; both as seen at the top.
_V1_FILES = {
    "memory": "memory.limit_in_bytes",
    "swap": "memory.memsw.limit_in_bytes",
    "cpu": "cpu.cfs_quota_us",
    "cpuset": "cpuset.cpus",
}


def probe_permits(*, has_cgroups: bool) -> Permits:
    """`has_cgroups` False: containers have none of their own, hence no limits."""
    mine = _capabilities()
    raises = _SYS_RESOURCE in mine
    return Permits(
        capabilities=mine,
        limits=tuple(_limits(list(cgroup_mounts()))) if has_cgroups else (),
        hard_limits=() if raises else tuple(_hard_limits()),
        lowest_oom_score_adj=-1000 if raises else _own_oom_score_adj(),
    )


def _capabilities() -> tuple[str, ...]:
    """Those that what we execute can have at most: the bounding set (capabilities(7))."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        fields = dict(line.split(":", 1) for line in file if ":" in line)
    bounding = int(fields["CapBnd"], 16)
    return tuple(name for bit, name in enumerate(CAPABILITIES) if bounding >> bit & 1)


def _hard_limits() -> Iterator[tuple[str, int]]:
    """Those that are no RLIM_INFINITY."""
    for name in RLIMITS:
        kind = getattr(resource, f"RLIMIT_{name.upper()}", None)
        if kind is None:
            continue  # Python names all but RLIMIT_LOCKS, which Linux has not kept since 2.4.25
        _, hard = resource.getrlimit(kind)
        if hard not in (resource.RLIM_INFINITY, UNLIMITED):
            yield f"RLIMIT_{name.upper()}", hard


def _own_oom_score_adj() -> int:
    with open("/proc/self/oom_score_adj", encoding="ascii") as file:
        return int(file.read())


def _limits(hierarchies: list[Mount]) -> Iterator[str]:
    for name in LIMITS:
        if any(_knows(mount, name) for mount in hierarchies if mount.writable):
            yield name


def _knows(mount: Mount, limit: str) -> bool:
    if mount.kind == "cgroup2":
        return _knows_unified(mount.point, limit)
    controller = "memory" if limit == "swap" else limit
    if controller not in mount.options:
        return False
    # pids has no file at the top.
    return limit == "pids" or os.path.exists(f"{mount.point}/{_V1_FILES[limit]}")


def _knows_unified(point: str, limit: str) -> bool:
    try:
        with open(f"{point}/cgroup.controllers", encoding="ascii") as file:
            controllers = file.read().split()
    except OSError:
        return False
    if limit != "swap":
        return limit in controllers
    # The top has no memory.swap.max; without swap accounting no other has.
    with os.scandir(point) as entries:
        below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    limited = [path for path in below if os.path.exists(f"{path}/memory.max")]
    return "memory" in controllers and (
        not limited or any(os.path.exists(f"{path}/memory.swap.max") for path in limited)
    )
