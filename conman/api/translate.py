"""From protobuf to validated requests of the core: the only way in.

It exists so that nothing behind it ever meets bad input, or protobuf. Each function
raises ConmanError with INVALID_ARGUMENT and the field's name. It must never ask the host
or the store.
"""

import hashlib

from google.protobuf.message import Message

from conman.api import fields
from conman.api.signals import KILL, TERM
from conman.core import requests
from conman.core.model import ContainerSpec
from conman.wire.v1 import conman_pb2 as wire

DEFAULT_STOP_TIMEOUT_MS = 10_000


def digest(message: Message) -> str:
    """What tells two requests with one request_id apart: 64 hex digits of all but that."""
    body = type(message).FromString(message.SerializeToString())
    body.ClearField("request_id")
    kind = message.DESCRIPTOR.full_name.encode()
    return hashlib.sha256(kind + b"\0" + body.SerializeToString(deterministic=True)).hexdigest()


def create(message: wire.CreateContainerRequest) -> requests.CreateContainer:
    return requests.CreateContainer(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        name=fields.name(message.name),
        spec=_spec(message),
    )


def _spec(message: wire.CreateContainerRequest) -> ContainerSpec:
    fields.command(message.command, message.args, message.env)
    return ContainerSpec(
        command=message.command,
        args=tuple(message.args),
        rootfs_path=fields.rootfs_path(message.rootfs_path),
        rootfs_readonly=message.rootfs_readonly,
        env=fields.environment(message.env),
        cwd=fields.cwd(message.cwd),
        user=fields.user(message.user),
        hostname=fields.hostname(message.hostname),
        labels=fields.pairs("labels", message.labels),
        annotations=fields.pairs("annotations", message.annotations),
        stop_signal=fields.signal("stop_signal", message.stop_signal, TERM),
        runtime=fields.runtime(message.runtime),
    )


def start(message: wire.StartContainerRequest) -> requests.StartContainer:
    return requests.StartContainer(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
    )


def stop(message: wire.StopContainerRequest) -> requests.StopContainer:
    given = message.HasField("timeout_ms")
    return requests.StopContainer(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
        timeout_ns=fields.timeout_ns(message.timeout_ms if given else DEFAULT_STOP_TIMEOUT_MS),
    )


def kill(message: wire.KillContainerRequest) -> requests.KillContainer:
    return requests.KillContainer(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
        signal=fields.signal("signal", message.signal, KILL),
    )


def remove(message: wire.RemoveContainerRequest) -> requests.RemoveContainer:
    return requests.RemoveContainer(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
        force=message.force,
    )


def list_all(_message: wire.ListContainersRequest) -> requests.ListContainers:
    return requests.ListContainers()


def status(message: wire.ContainerStatusRequest) -> requests.ContainerStatus:
    return requests.ContainerStatus(container=fields.reference(message.container_id))


def wait(message: wire.WaitContainerRequest) -> requests.WaitContainer:
    known = wire.WaitContainerRequest.Condition.values()
    if message.condition not in known:
        fields.bad(
            "condition", f"there is no condition {message.condition}", f"give one of {known}"
        )
    return requests.WaitContainer(
        container=fields.reference(message.container_id),
        removed=message.condition == wire.WaitContainerRequest.CONDITION_REMOVED,
    )
