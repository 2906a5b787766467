"""What a container may use at most, as the user said it. Pure values; what becomes of them is others' work.

None: never said. It must not hold anything of the host: whether a kernel takes a limit is seen when it is set.
"""

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
            f"memory_swap_bytes is {swap}, and memory_bytes is not limited",
            "limit memory_bytes too: memory_swap_bytes counts both together",
        )
    if 0 < swap < memory:
        return _bad(
            f"memory_swap_bytes is {swap}, less than the {memory} of memory_bytes",
            "give the sum of memory and swap, or -1 for any swap",
        )
    if memory and reserved > memory:
        return _bad(
            f"memory_reservation_bytes is {reserved}, more than the {memory} of memory_bytes",
            "reserve less than the limit",
        )
    if resources.nano_cpus and (resources.cpu_quota_us or resources.cpu_period_us):
        return _bad(
            "nano_cpus is given together with cpu_quota_us or cpu_period_us",
            "give either: they set the same limit",
        )
    return None


def _bad(what: str, hint: str) -> Refusal:
    return Refusal(Code.INVALID_ARGUMENT, "BadInput", what, hint, "resources")
