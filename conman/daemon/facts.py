"""What Info tells of this daemon and its host, gathered when it is asked for."""

from conman.api.info import Facts
from conman.daemon.config import EMBEDDED, Config
from conman.daemon.startup import Host
from conman.host import facts as host_facts

KNOWN_RUNTIMES = ("runc", "crun", EMBEDDED)


def facts(config: Config, host: Host, began: int) -> Facts:
    """`began`: when this daemon did, ns since the epoch."""
    return Facts(
        data_dir=config.data_dir,
        run_dir=config.run_dir,
        rootfs_mode=host.setting.rootfs_mode.value,
        cgroup_version=host_facts.cgroup_version(is_root=config.is_root),
        kernel=host_facts.kernel(),
        architecture=host_facts.architecture(),
        operating_system=host_facts.operating_system(),
        cpus=host_facts.cpus(),
        memory_bytes=host_facts.memory_bytes(),
        started_at=began,
        runtimes=host_facts.runtimes(KNOWN_RUNTIMES),
        warnings=(*config.notes, *host.notes),
    )
