"""What a container may use at most, as the user said it. Pure values; what becomes of them is others' work.

None: never said. It must not hold anything of the host: whether a kernel takes a limit is seen when it is set.
"""

from conman.core.limit_words import NAMES, in_bytes
from conman.errors import Code, Refusal
from conman.frozen import frozen


@frozen
class Resources:
    """As `conman.v1.Resources` says: bytes, microseconds, 10^-9 processors; None = not said."""

    memory_bytes: int | None = None
    memory_swap_bytes: int | None = None
    memory_reservation_bytes: int | None = None
    nano_cpus: int | None = None
    cpu_shares: int | None = None
    cpu_period_us: int | None = None
    cpu_quota_us: int | None = None
    cpuset_cpus: str | None = None
    cpuset_mems: str | None = None
    pids_limit: int | None = None


def contradiction(resources: Resources) -> Refusal | None:
    """What makes no sense together, though each alone does; None: nothing."""
    memory, swap = resources.memory_bytes or 0, resources.memory_swap_bytes or 0
    reserved = resources.memory_reservation_bytes or 0
    if swap > 0 and not memory:
        return _bad(
            "memory_swap_bytes",
            f"{NAMES['memory_swap_bytes']} is {in_bytes(swap)}, and memory alone is not limited",
            "limit the memory too",
        )
    if 0 < swap < memory:
        return _bad(
            "memory_swap_bytes",
            f"{NAMES['memory_swap_bytes']} is {in_bytes(swap)}, less than {_limit(memory)}",
            "give the sum of memory and swap, or -1 for any swap",
        )
    if memory and reserved > memory:
        return _bad(
            "memory_reservation_bytes",
            f"{NAMES['memory_reservation_bytes']} is {in_bytes(reserved)}, more than {_limit(memory)}",
            "reserve less than the limit",
        )
    if resources.nano_cpus and (resources.cpu_quota_us or resources.cpu_period_us):
        return _bad(
            "nano_cpus",
            f"{NAMES['nano_cpus']} is given together with a CPU quota or period",
            "give either: they set the same limit",
        )
    return None


def _limit(memory: int) -> str:
    return f"{NAMES['memory_bytes']} of {in_bytes(memory)}"


def _bad(name: str, what: str, hint: str) -> Refusal:
    return Refusal(Code.INVALID_ARGUMENT, "BadInput", what, hint, f"resources.{name}")
