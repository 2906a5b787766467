"""A container's specification as the request that would create it again.

It must hold all that the specification holds: a test translates it back, and compares.
"""

from dataclasses import fields

from conman.api import restart
from conman.api.log_options import options
from conman.core.model import Container
from conman.core.resources import Resources
from conman.core.spec import Device, Mount, MountType
from conman.wire.v1 import conman_pb2 as wire

_TYPES = {MountType.BIND: wire.Mount.TYPE_BIND, MountType.TMPFS: wire.Mount.TYPE_TMPFS}


def config(row: Container) -> wire.CreateContainerRequest:
    """With its present name and resources; without a request_id."""
    spec = row.spec
    return wire.CreateContainerRequest(
        name=row.name,
        command=spec.command,
        args=spec.args,
        rootfs_path=spec.rootfs_path,
        rootfs_readonly=spec.rootfs_readonly,
        env=spec.env,
        cwd=spec.cwd,
        user=spec.user,
        hostname=spec.hostname,
        labels=dict(spec.labels),
        annotations=dict(spec.annotations),
        stop_signal=str(spec.stop_signal),
        runtime=spec.runtime,
        resources=_resources(spec.resources),
        groups=spec.groups,
        mounts=[_mount(each) for each in spec.mounts],
        devices=[_device(each) for each in spec.devices],
        cap_add=spec.cap_add,
        cap_drop=spec.cap_drop,
        privileged=spec.privileged,
        ulimits=[wire.Ulimit(name=u.name, soft=u.soft, hard=u.hard) for u in spec.ulimits],
        sysctls=dict(spec.sysctls),
        stop_timeout_ms=spec.stop_timeout_ms,
        runtime_spec_patch=spec.runtime_spec_patch,
        log=options(spec.log),
        restart_policy=restart.told(spec.restart),
        stdin=spec.stdio.stdin,
        stdin_once=spec.stdio.stdin_once,
        tty=spec.stdio.tty,
        auto_remove=spec.auto_remove,
    )


def _mount(given: Mount) -> wire.Mount:
    return wire.Mount(
        type=_TYPES[given.type],
        source=given.source,
        target=given.target,
        readonly=given.readonly,
        propagation=given.propagation,
        size_bytes=given.size_bytes,
        mode=given.mode,
        options=given.options,
    )


def _device(given: Device) -> wire.Device:
    return wire.Device(
        host_path=given.host_path,
        container_path=given.container_path,
        permissions=given.permissions,
    )


def _resources(given: Resources) -> wire.Resources | None:
    said = {field.name: getattr(given, field.name) for field in fields(given)}
    named = {name: value for name, value in said.items() if value is not None}
    return wire.Resources(**named) if named else None
