"""From the core's replies to protobuf: the only way out.

It must never hide or invent: what a record does not know stays absent, or at the zero
that conman.proto promises for it.
"""

from conman.api import restart
from conman.api.config import config
from conman.api.status import wire_text
from conman.core import requests
from conman.core.model import Container, ContainerSpec, State
from conman.wire.v1 import conman_pb2 as wire

_STATES = {
    State.CREATED: wire.CREATED,
    State.RUNNING: wire.RUNNING,
    State.PAUSED: wire.PAUSED,
    State.EXITED: wire.EXITED,
    State.UNKNOWN: wire.UNKNOWN,
}
_LIVE = frozenset({State.RUNNING, State.PAUSED})


def created(reply: requests.ContainerCreated) -> wire.CreateContainerResponse:
    warnings = [wire_text(each) for each in reply.warnings]
    return wire.CreateContainerResponse(container_id=reply.container_id, warnings=warnings)


def updated(reply: requests.ContainerUpdated) -> wire.UpdateContainerResponse:
    warnings = [wire_text(each) for each in reply.warnings]
    return wire.UpdateContainerResponse(warnings=warnings)


def containers(
    reply: requests.ContainerList, default_runtime: str, *, detailed: bool = False
) -> wire.ListContainersResponse:
    """A thousand are told at once, so each costs as little as it can."""
    told = wire.ListContainersResponse()
    for view in reply.containers:
        row = view.container
        item = told.containers.add(
            id=view.id if row else wire_text(view.id),
            name=view.name if row else wire_text(view.name),
            created_at=row.created_at if row else 0,
            state=_STATES[view.state],
        )
        if view.state is not State.EXITED and view.reason:
            item.reason = wire_text(view.reason)
        if detailed and row is not None:
            item.detail.CopyFrom(_detail(row, view.state, default_runtime))
    return told


def _detail(row: Container, state: State, default_runtime: str) -> wire.ContainerDetail:
    return wire.ContainerDetail(
        started_at=row.started_at,
        finished_at=row.finished_at,
        exit_code=row.exit_code if state is State.EXITED else None,
        command=row.spec.command,
        args=row.spec.args,
        labels=dict(row.spec.labels),
        runtime=row.spec.runtime or default_runtime,
        run=row.run,
        next_restart_at=row.next_restart_at,
    )


def inspected(view: requests.ContainerView, default_runtime: str) -> wire.InspectContainerResponse:
    row = view.container
    return wire.InspectContainerResponse(
        status=status(view, default_runtime),
        config=config(row) if row else None,
        bundle_path=wire_text(view.bundle_path),
        rootfs_mode=row.rootfs_mode.value if row else "",
    )


def status(view: requests.ContainerView, default_runtime: str) -> wire.ContainerStatus:
    """`default_runtime` is what runs a container that names no runtime."""
    told = wire.ContainerStatus(
        container_id=wire_text(view.id),
        name=wire_text(view.name),
        state=_STATES[view.state],
        reason=wire_text(view.reason) or None,
        message=wire_text(view.message) or None,
        log_path=wire_text(view.log_path),
    )
    if view.container is not None:
        told.MergeFrom(_of_row(view.container, view.state))
        told.MergeFrom(_of_spec(view.container.spec, default_runtime))
    return told


def _of_row(row: Container, state: State) -> wire.ContainerStatus:
    return wire.ContainerStatus(
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        exit_code=row.exit_code if state is State.EXITED else None,
        oom_killed=row.oom_killed,
        pid=row.init.process.pid if row.init and state in _LIVE else None,
        run=row.run,
        restart_count=row.restart_count,
        next_restart_at=row.next_restart_at,
    )


def _of_spec(spec: ContainerSpec, default_runtime: str) -> wire.ContainerStatus:
    return wire.ContainerStatus(
        runtime=spec.runtime or default_runtime,
        rootfs_path=spec.rootfs_path,
        command=spec.command,
        args=spec.args,
        labels=dict(spec.labels),
        annotations=dict(spec.annotations),
        restart_policy=restart.told(spec.restart),
    )
