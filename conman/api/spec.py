"""From a CreateContainerRequest to the core's ContainerSpec: each field through its own judge.

It exists so that the list of fields stands in one place. It must never judge one itself.
"""

from conman.api import fields, identity, limits
from conman.api.log_options import log_limits
from conman.api.mounts import devices, mounts
from conman.api.restart import restart_policy
from conman.api.signals import TERM
from conman.api.streams import stdio
from conman.core.restart import NEVER
from conman.core.spec import ContainerSpec
from conman.wire.v1 import conman_pb2 as wire


def container_spec(message: wire.CreateContainerRequest) -> ContainerSpec:
    """Raises ConmanError with the first field that is wrong."""
    fields.command(message.command, message.args, message.env)
    return ContainerSpec(
        command=message.command,
        args=tuple(message.args),
        rootfs_path=fields.rootfs_path(message.rootfs_path),
        rootfs_readonly=message.rootfs_readonly,
        env=fields.environment(message.env),
        cwd=fields.cwd(message.cwd),
        user=identity.user(message.user),
        hostname=fields.hostname(message.hostname),
        labels=fields.pairs("labels", message.labels),
        annotations=fields.pairs("annotations", message.annotations),
        stop_signal=fields.signal("stop_signal", message.stop_signal, TERM),
        runtime=fields.runtime(message.runtime),
        resources=limits.consistent(limits.resources(message.resources)),
        groups=identity.groups(message.groups),
        mounts=mounts(message.mounts),
        devices=devices(message.devices),
        cap_add=identity.capabilities("cap_add", message.cap_add),
        cap_drop=identity.capabilities("cap_drop", message.cap_drop),
        privileged=message.privileged,
        ulimits=limits.ulimits(message.ulimits),
        sysctls=limits.sysctls(message.sysctls),
        stop_timeout_ms=_stop_timeout_ms(message),
        runtime_spec_patch=_patch(message.runtime_spec_patch),
        log=log_limits(message.log),
        restart=restart_policy(message),
        stdio=stdio(message),
        auto_remove=_auto_remove(message),
    )


def _patch(value: str) -> str:
    if not value:
        return ""
    from conman.api.patch import runtime_spec_patch  # noqa: PLC0415 - few have one: 1 ms of a start

    return runtime_spec_patch(value)


def _auto_remove(message: wire.CreateContainerRequest) -> bool:
    if message.auto_remove and restart_policy(message) != NEVER:
        name = message.restart_policy.name
        fields.bad(
            "auto_remove",
            f"the container is to be removed when it ends, and restarted by its policy {name}",
            "give one of the two",
        )
    return message.auto_remove


def _stop_timeout_ms(message: wire.CreateContainerRequest) -> int | None:
    if not message.HasField("stop_timeout_ms"):
        return None
    return fields.timeout_ms("stop_timeout_ms", message.stop_timeout_ms)
