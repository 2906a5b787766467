"""Limits, and whether each makes sense: resources, ulimits, sysctls.

The bounds are the kernel's, or docker's where the kernel's are absurd. Whether this host can keep a limit
is not asked here.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from conman.api.fields import bad, few, shown, text
from conman.core.limit_words import NAMES, amount
from conman.core.permits import RLIMITS
from conman.core.resources import Resources, contradiction
from conman.core.spec import Ulimit
from conman.errors import ConmanError
from conman.wire.v1 import conman_pb2 as wire

MIB = 1024 * 1024
LEAST_MEMORY = 6 * MIB
#: As many processors as Linux can be built for, and as many processes (PID_MAX_LIMIT).
PROCESSORS = 8192
MOST_PIDS = 4 * MIB
#: 0.01 processor, below which a quota is less than the kernel's least.
LEAST_NANO_CPUS = 10_000_000
_INT64 = 2**63 - 1
SYSCTL_BYTES = 4095

#: Field: which values mean "no limit", and the range of the others.
_RANGES: dict[str, tuple[tuple[int, ...], int, int]] = {
    "memory_bytes": ((0,), LEAST_MEMORY, _INT64),
    "memory_swap_bytes": ((0, -1), LEAST_MEMORY, _INT64),
    "memory_reservation_bytes": ((0,), LEAST_MEMORY, _INT64),
    "nano_cpus": ((0,), LEAST_NANO_CPUS, PROCESSORS * 10**9),
    "cpu_shares": ((0,), 2, 262_144),
    "cpu_period_us": ((0,), 1_000, 1_000_000),
    "cpu_quota_us": ((0, -1), 1_000, PROCESSORS * 1_000_000),
    "pids_limit": ((0, -1), 1, MOST_PIDS),
}
#: Of which there is never none.
_USUAL = ("cpu_shares", "cpu_period_us")
_SETS = ("cpuset_cpus", "cpuset_mems")
_SET = re.compile(r"[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*")

#: Those that belong to a container's own ipc, uts and network namespaces.
_SYSCTLS = frozenset(
    {
        "kernel.domainname",
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shm_rmid_forced",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
    }
)
_SYSCTL = re.compile(r"[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)+")
_OWN_TREES = ("net.", "fs.mqueue.")


def resources(message: wire.Resources) -> Resources:
    """Each by itself; what is absent is None."""
    given: dict[str, Any] = {
        name: _number(message, name) for name in _RANGES if message.HasField(name)
    }
    given |= {name: _set(message, name) for name in _SETS if message.HasField(name)}
    return Resources(**given)


def consistent(found: Resources) -> Resources:
    """Refused where they contradict each other."""
    refusal = contradiction(found)
    if refusal is not None:
        raise ConmanError(refusal)
    return found


def ulimits(messages: Iterable[wire.Ulimit]) -> tuple[Ulimit, ...]:
    """In the order of their names."""
    found: dict[str, Ulimit] = {}
    for message in messages:
        ulimit = _ulimit(message)
        if ulimit.name in found:
            bad("ulimits", f"the ulimit {ulimit.name} is given twice", "give it once")
        found[ulimit.name] = ulimit
    return tuple(found[name] for name in sorted(found))


def sysctls(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Of a container's own namespaces only: others would be the host's."""
    few("sysctls", len(values))
    for key in values:
        own = key in _SYSCTLS or (key.startswith(_OWN_TREES) and _SYSCTL.fullmatch(key))
        if not own:
            bad(
                "sysctls",
                f"the sysctl {shown(key)} is not a container's own",
                "give net.*, fs.mqueue.*, kernel.sem, kernel.shm*, kernel.msg* or kernel.domainname",
            )
        _ = text("sysctls", values[key], limit=SYSCTL_BYTES)
    return tuple(sorted(values.items()))


def _number(message: wire.Resources, name: str) -> int:
    value = int(getattr(message, name))
    unlimited, least, most = _RANGES[name]
    if value not in unlimited and not least <= value <= most:
        bad(
            f"resources.{name}",
            f"{NAMES[name]} is {amount(name, value)}",
            f"give {_range(name, least, most)}, or {_free(name, unlimited)}",
        )
    return value


def _range(name: str, least: int, most: int) -> str:
    if most == _INT64:
        return f"{amount(name, least)} or more"
    return f"{amount(name, least)} to {amount(name, most)}"


def _free(name: str, unlimited: tuple[int, ...]) -> str:
    values = " or ".join(str(each) for each in unlimited)
    return f"{values} for {'the usual' if name in _USUAL else 'none'}"


def _set(message: wire.Resources, name: str) -> str:
    value = str(getattr(message, name))
    if value and not _is_set(value):
        bad(
            f"resources.{name}",
            f"{NAMES[name]} is {shown(value)}",
            f"give numbers and ranges below {PROCESSORS}, as 0-2,7",
        )
    return value


def _is_set(value: str) -> bool:
    if len(value) > SYSCTL_BYTES or not _SET.fullmatch(value):
        return False
    ranges = [[int(end) for end in each.split("-")] for each in value.split(",")]
    return all(each[0] <= each[-1] < PROCESSORS for each in ranges)


def _ulimit(message: wire.Ulimit) -> Ulimit:
    name, soft, hard = message.name, message.soft, message.hard
    if name not in RLIMITS:
        bad("ulimits", f"there is no ulimit {shown(name)}", f"give one of {', '.join(RLIMITS)}")
    if min(soft, hard) < -1:
        bad("ulimits", f"the ulimit {name} is {min(soft, hard)}", "give -1 for unlimited")
    if hard != -1 and (soft == -1 or soft > hard):
        bad(
            "ulimits",
            f"the ulimit {name} has a soft limit of {soft}, more than its hard one of {hard}",
            "give soft:hard, the smaller one first",
        )
    return Ulimit(name, soft, hard)
