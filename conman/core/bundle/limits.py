"""From limits as a user says them to those of config.json. What "no limit" is differs; here it is left out."""

from collections.abc import Sequence

from conman.core.permits import UNLIMITED
from conman.core.resources import Resources
from conman.core.spec import Ulimit
from conman.oci import runtime_spec as oci

#: The kernel's own.
CPU_PERIOD_US = 100_000


def resources_of(resources: Resources) -> oci.Resources:
    """Only what is limited: a runtime makes no difference between 0 and absent."""
    found: oci.Resources = {}
    if memory := _memory(resources):
        found["memory"] = memory
    if cpu := _cpu(resources):
        found["cpu"] = cpu
    if (resources.pids_limit or 0) > 0:
        found["pids"] = {"limit": resources.pids_limit or 0}
    return found


def rlimits_of(ulimits: Sequence[Ulimit]) -> list[oci.Rlimit]:
    """In the order of their names."""
    return [
        {
            "type": f"RLIMIT_{each.name.upper()}",
            "soft": UNLIMITED if each.soft < 0 else each.soft,
            "hard": UNLIMITED if each.hard < 0 else each.hard,
        }
        for each in sorted(ulimits, key=lambda each: each.name)
    ]


def _memory(resources: Resources) -> oci.Memory:
    memory: oci.Memory = {}
    if resources.memory_bytes:
        memory["limit"] = resources.memory_bytes
        # A limit of memory alone would let it swap without end.
        memory["swap"] = resources.memory_swap_bytes or resources.memory_bytes
    if resources.memory_reservation_bytes:
        memory["reservation"] = resources.memory_reservation_bytes
    return memory


def _cpu(resources: Resources) -> oci.Cpu:
    cpu: oci.Cpu = {}
    if resources.nano_cpus:
        cpu["period"] = CPU_PERIOD_US
        cpu["quota"] = resources.nano_cpus * CPU_PERIOD_US // 1_000_000_000
    if resources.cpu_period_us:
        cpu["period"] = resources.cpu_period_us
    if (resources.cpu_quota_us or 0) > 0:
        cpu["quota"] = resources.cpu_quota_us or 0
    if resources.cpu_shares:
        cpu["shares"] = resources.cpu_shares
    if resources.cpuset_cpus:
        cpu["cpus"] = resources.cpuset_cpus
    if resources.cpuset_mems:
        cpu["mems"] = resources.cpuset_mems
    return cpu
