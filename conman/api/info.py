"""The host in facts, as Info tells it. What is told is given; nothing is looked up here."""

from collections import Counter

from conman.api.status import wire_text
from conman.core.model import State
from conman.core.requests import ContainerList
from conman.frozen import frozen
from conman.wire.v1 import conman_pb2 as wire


@frozen
class Facts:
    """Fields as in InfoResponse. `runtimes`: name and absolute path, "" where it is not installed."""

    data_dir: str
    run_dir: str
    rootfs_mode: str
    cgroup_version: str
    kernel: str
    architecture: str
    operating_system: str
    cpus: int
    memory_bytes: int
    started_at: int
    runtimes: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def info(
    version: wire.VersionResponse, facts: Facts, listed: ContainerList, last_event: int
) -> wire.InfoResponse:
    counts = Counter(view.state for view in listed.containers)
    return wire.InfoResponse(
        version=version,
        data_dir=wire_text(facts.data_dir),
        run_dir=wire_text(facts.run_dir),
        rootfs_mode=facts.rootfs_mode,
        cgroup_version=facts.cgroup_version,
        kernel=facts.kernel,
        architecture=facts.architecture,
        operating_system=wire_text(facts.operating_system),
        cpus=facts.cpus,
        memory_bytes=facts.memory_bytes,
        started_at=facts.started_at,
        created=counts[State.CREATED],
        running=counts[State.RUNNING],
        paused=counts[State.PAUSED],
        exited=counts[State.EXITED],
        unknown=counts[State.UNKNOWN],
        runtimes=[wire.RuntimeInfo(name=name, path=path) for name, path in facts.runtimes],
        last_event=last_event,
        warnings=[wire_text(each) for each in facts.warnings],
    )
