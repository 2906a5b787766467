"""What this host is: kernel, processors, memory, cgroups. Looks only, and never fails for what it cannot see."""

import os
import platform
import shutil
from collections.abc import Iterable

_CGROUPS = "/sys/fs/cgroup"


def cgroup_version(*, is_root: bool) -> str:
    """One of v1, v2, hybrid; without root: none."""
    if not is_root:
        return "none"
    if os.path.exists(f"{_CGROUPS}/cgroup.controllers"):
        return "v2"
    return "hybrid" if os.path.exists(f"{_CGROUPS}/unified/cgroup.procs") else "v1"


def operating_system() -> str:
    """As os-release has it for people, e.g. "Debian GNU/Linux 12 (bookworm)"."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "Linux"


def kernel() -> str:
    return os.uname().release


def architecture() -> str:
    return os.uname().machine


def cpus() -> int:
    return os.cpu_count() or 1


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def runtimes(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Each with its absolute path on PATH, "" where there is none."""
    return tuple((name, shutil.which(name) or "") for name in names)
