"""What a container may use at most, as the user said it. Pure values; what becomes of them is others' work.

None: never said. It must not hold anything of the host: whether a kernel takes a limit is seen when it is set.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
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
