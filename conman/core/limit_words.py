"""What limits are called, and how much they are, as people write it: for the sentences that refuse one.

Nobody typed `memory_bytes`. It must never round: what is refused by one byte has to be seen.
"""

NAMES = {
    "memory_bytes": "the memory limit",
    "memory_swap_bytes": "the limit of memory and swap together",
    "memory_reservation_bytes": "the memory reservation",
    "nano_cpus": "the number of processors",
    "cpu_shares": "the number of CPU shares",
    "cpu_period_us": "the CPU period",
    "cpu_quota_us": "the CPU quota",
    "cpuset_cpus": "the set of processors",
    "cpuset_mems": "the set of memory nodes",
    "pids_limit": "the limit of processes",
}
_UNITS = (
    ("PiB", 1024**5),
    ("TiB", 1024**4),
    ("GiB", 1024**3),
    ("MiB", 1024**2),
    ("KiB", 1024),
)
_NANO = 10**9


def amount(name: str, value: int) -> str:
    """With its unit, in the largest that leaves no rest: "6 MiB", "0.5", "1000 microseconds"."""
    if name.startswith("memory_"):
        return in_bytes(value)
    if name == "nano_cpus":
        return _billionths(value)
    return f"{value} microseconds" if name.endswith("_us") else str(value)


def in_bytes(value: int) -> str:
    for unit, size in _UNITS:
        if value and value % size == 0:
            return f"{value // size} {unit}"
    return f"{value} bytes"


def _billionths(value: int) -> str:
    whole, rest = divmod(abs(value), _NANO)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{rest:09d}".rstrip("0").rstrip(".")
