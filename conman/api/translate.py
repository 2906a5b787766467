"""From protobuf to validated requests of the core: the only way in.

It exists so that nothing behind it ever meets bad input, or protobuf. Each function
raises ConmanError with INVALID_ARGUMENT and the field's name. It must never ask the host
or the store.
"""

from google.protobuf.message import Message

from conman.api import fields
from conman.api.signals import KILL
from conman.api.spec import container_spec
from conman.core import requests
from conman.core.model import State
from conman.wire.v1 import conman_pb2 as wire


def digest(message: Message) -> str:
    """What tells two requests with one request_id apart: 64 hex digits of all but that."""
    import hashlib  # noqa: PLC0415 - with OpenSSL: 2 ms of a start, which digests nothing

    body = type(message).FromString(message.SerializeToString())
    body.ClearField("request_id")
    kind = message.DESCRIPTOR.full_name.encode()
    return hashlib.sha256(kind + b"\0" + body.SerializeToString(deterministic=True)).hexdigest()


def create(message: wire.CreateContainerRequest) -> requests.CreateContainer:
    return requests.CreateContainer(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        name=fields.name(message.name),
        spec=container_spec(message),
    )


def start(message: wire.StartContainerRequest) -> requests.StartContainer:
    return requests.StartContainer(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
        console_size=fields.console_size(message),
    )


def stop(message: wire.StopContainerRequest) -> requests.StopContainer:
    own = message.HasField("timeout_ms")
    timeout_ms = fields.timeout_ms("timeout_ms", message.timeout_ms) if own else None
    return requests.StopContainer(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
        timeout_ns=None if timeout_ms is None else timeout_ms * 1_000_000,
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


def list_containers(message: wire.ListContainersRequest) -> requests.ListContainers:
    asked = message.filter
    for field in ("ids", "names", "states", "labels", "exit_codes"):
        fields.few(f"filter.{field}", len(getattr(asked, field)))
    chosen = requests.Selection(
        ids=tuple(fields.text("filter.ids", each) for each in asked.ids),
        names=tuple(fields.text("filter.names", each) for each in asked.names),
        states=tuple(_state(each) for each in asked.states),
        labels=tuple(_label(each) for each in asked.labels),
        exit_codes=tuple(asked.exit_codes),
        restarting=asked.restarting,
    )
    return requests.ListContainers(chosen, message.detailed)


def _state(number: int) -> State:
    names = wire.ContainerState.keys()
    known = {wire.ContainerState.Value(name): name for name in names[1:]}
    if number not in known:
        fields.bad(
            "filter.states",
            f"there is no container state {number}",
            f"take of {', '.join(known.values())}",
        )
    return State[known[number]]


def _label(given: str) -> tuple[str, str | None]:
    key, separator, value = fields.text("filter.labels", given).partition("=")
    if not key:
        fields.bad("filter.labels", "a label's key is empty", "give KEY or KEY=VALUE")
    return key, value if separator else None


def inspect(message: wire.InspectContainerRequest) -> requests.InspectContainer:
    return requests.InspectContainer(container=fields.reference(message.container_id))


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
