"""A story's requests over the real socket, and the answers as the core's own replies.

So that the same client (`scenarios.clients`) plays on every stage. It must never retry and never interpret:
a status is handed on as the refusal that it says it is.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Protocol

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from conman.core import requests as r
from conman.core.execs import Exec, ExecSpec, ExecState
from conman.core.model import Container, RootfsMode, State
from conman.core.resources import Resources
from conman.core.restart import RestartPolicy
from conman.core.spec import ContainerSpec, MountType, Resolved
from conman.errors import Code, Refusal
from conman.wire.v1 import conman_pb2 as wire
from scenarios.stages.programs import EXECS, PROGRAMS
from scenarios.world import SECOND

#: What a second of a story lasts on a real stage, in ms: nobody is as slow as a time-out has to allow for.
SECOND_MS = 100
_SERVICE = "/conman.v1.Conman/"
_DETAILS = "grpc-status-details-bin"
NOBODY = "nobody answered"


@dataclass(frozen=True, slots=True)
class Names:
    """What a simulated path and the name of a runtime are called on this host."""

    path: Callable[[str], str]
    runtime: Callable[[str], str]


class Answer(Protocol):
    """What will be answered; `result` raises grpc.RpcError."""

    def result(self) -> Message: ...

    def add_done_callback(self, fn: Callable[[object], None]) -> None: ...


@dataclass(frozen=True, slots=True)
class Call:
    """A message, the method that takes it, and what it answers."""

    method: str
    message: Message
    answer: type[Message]

    def begin(self, channel: grpc.Channel, deadline_s: float) -> "Answer":
        ask = channel.unary_unary(
            _SERVICE + self.method,
            request_serializer=type(self.message).SerializeToString,
            response_deserializer=self.answer.FromString,
        )
        return ask.future(self.message, timeout=deadline_s)


def call(request: r.Request, names: Names) -> Call:
    """Raises KeyError where the program is not one of `PROGRAMS`."""
    match request:
        case r.CreateContainer():
            return _call("CreateContainer", _create(request, names))
        case r.StartContainer():
            return _call("StartContainer", wire.StartContainerRequest(**_of(request)))
        case r.StopContainer(timeout_ns=timeout):
            whole = None if timeout is None else timeout * SECOND_MS // SECOND
            return _call(
                "StopContainer", wire.StopContainerRequest(**_of(request), timeout_ms=whole)
            )
        case r.KillContainer(signal=signal):
            asked = wire.KillContainerRequest(**_of(request), signal=str(signal))
            return _call("KillContainer", asked)
        case r.RemoveContainer(force=force):
            return _call(
                "RemoveContainer", wire.RemoveContainerRequest(**_of(request), force=force)
            )
        case r.PauseContainer():
            return _call("PauseContainer", wire.PauseContainerRequest(**_of(request)))
        case r.UnpauseContainer():
            return _call("UnpauseContainer", wire.UnpauseContainerRequest(**_of(request)))
        case r.UpdateContainer(resources=resources, restart=restart):
            asked = wire.UpdateContainerRequest(
                **_of(request), resources=_limits(resources), restart_policy=_policy(restart)
            )
            return _call("UpdateContainer", asked)
        case r.RenameContainer(name=name):
            return _call(
                "RenameContainer", wire.RenameContainerRequest(**_of(request), new_name=name)
            )
        case r.OpenStream(container=name, exec_id=one, streams=streams):
            asked = wire.OpenStreamRequest(
                container_id=name, exec_id=one, stdout=streams.stdout, stderr=streams.stderr
            )
            return _call("OpenStream", asked)
        case r.ReopenContainerLog(container=name):
            return _call("ReopenContainerLog", wire.ReopenContainerLogRequest(container_id=name))
        case r.ContainerStatus(container=name):
            return _call("ContainerStatus", wire.ContainerStatusRequest(container_id=name))
        case r.WaitContainer(container=name, removed=removed):
            asked = wire.WaitContainerRequest(
                container_id=name,
                condition="CONDITION_REMOVED" if removed else "CONDITION_EXITED",
            )
            return _call("WaitContainer", asked)
        case r.ListContainers():
            return _call("ListContainers", wire.ListContainersRequest())
        case r.InspectContainer(container=name):
            return _call("InspectContainer", wire.InspectContainerRequest(container_id=name))
        case _:
            return _exec_call(request)


def _exec_call(
    request: r.CreateExec | r.StartExec | r.KillExec | r.ExecQuestion,
) -> Call:
    match request:
        case r.CreateExec(spec=spec, start=start):
            command, *args = EXECS[spec.command].words
            asked = wire.CreateExecRequest(
                request_id=_hexadecimal(request.request_id),
                container_id=request.container,
                command=command,
                args=args,
                user=spec.user,
                timeout_ms=spec.timeout_ms * SECOND_MS // 1000,
                start=start,
            )
            return _call("CreateExec", asked)
        case r.StartExec(exec_id=one):
            return _call("StartExec", wire.StartExecRequest(**_of(request), exec_id=one))
        case r.KillExec(exec_id=one, signal=signal):
            asked = wire.KillExecRequest(**_of(request), exec_id=one, signal=str(signal))
            return _call("KillExec", asked)
        case r.ListExecs(container=name):
            return _call("ListExecs", wire.ListExecsRequest(container_id=name))
        case r.ExecStatus(container=name, exec_id=one):
            asked = wire.ExecStatusRequest(container_id=name, exec_id=one)
            return _call("ExecStatus", asked)
        case r.WaitExec(container=name, exec_id=one):
            return _call("WaitExec", wire.WaitExecRequest(container_id=name, exec_id=one))


def _call(method: str, message: Message) -> Call:
    return Call(method, message, getattr(wire, f"{method}Response"))


def _of(request: Any) -> dict[str, Any]:  # noqa: ANN401 - any request on a container
    return {"request_id": _hexadecimal(request.request_id), "container_id": request.container}


def _hexadecimal(request_id: str) -> str:
    return hashlib.sha256(request_id.encode()).hexdigest()[:32] if request_id else ""


def _create(request: r.CreateContainer, names: Names) -> wire.CreateContainerRequest:
    spec, program = request.spec, PROGRAMS[request.spec.command]
    command, *args = program.words
    return wire.CreateContainerRequest(
        request_id=_hexadecimal(request.request_id),
        name=request.name,
        command=command,
        args=args,
        rootfs_path=names.path(spec.rootfs_path),
        runtime=names.runtime(spec.runtime),
        user=spec.user,
        stdin=spec.stdio.stdin,
        tty=spec.stdio.tty,
        mounts=[
            wire.Mount(source=names.path(each.source), target=each.target)
            for each in spec.mounts
            if each.type is MountType.BIND
        ],
        devices=[
            wire.Device(host_path=names.path(each.host_path), container_path=each.container_path)
            for each in spec.devices
        ],
        resources=wire.Resources(memory_bytes=program.memory or None),
        restart_policy=_policy(spec.restart),
        auto_remove=spec.auto_remove,
    )


def _policy(given: RestartPolicy | None) -> wire.RestartPolicy | None:
    """`no` said in so many words is another thing than nothing said."""
    if given is None:
        return None
    count = given.maximum_retry_count
    return wire.RestartPolicy(name=given.name.value, maximum_retry_count=count)


def _limits(resources: Resources) -> wire.Resources:
    """The wire has the core's own names for them."""
    given = {field.name: getattr(resources, field.name) for field in fields(resources)}
    return wire.Resources(**{name: value for name, value in given.items() if value is not None})


# ---- answers -------------------------------------------------------------------------------------


def reply(answered: Answer) -> r.Reply:
    """What a call that has ended was answered."""
    try:
        return _reply(answered.result())
    except grpc.RpcError as error:
        return refusal(error)


def _reply(told: Message) -> r.Reply:
    match told:
        case wire.CreateContainerResponse():
            return r.ContainerCreated(told.container_id, tuple(told.warnings))
        case wire.UpdateContainerResponse():
            return r.ContainerUpdated(tuple(told.warnings))
        case wire.ContainerStatusResponse() | wire.WaitContainerResponse():
            return _view(told.status)
        case wire.CreateExecResponse():
            return r.ExecCreated(told.container_id, told.exec_id)
        case wire.ExecStatusResponse() | wire.WaitExecResponse():
            return _exec_view(told.exec)
        case wire.ListContainersResponse():
            return r.ContainerList(tuple(_summary(each) for each in told.containers))
        case _:
            return r.Okay()


def _view(told: wire.ContainerStatus) -> r.ContainerView:
    state = _state(told.state)
    code = told.exit_code if told.HasField("exit_code") else None
    row = Container(
        told.container_id,
        told.name,
        ContainerSpec(told.command),
        RootfsMode.OVERLAY,
        state,
        told.run,
        exit_code=code,
        reason=told.reason,
    )
    return r.ContainerView(told.container_id, told.name, state, told.reason, told.message, row)


def _exec_view(told: wire.Exec) -> r.ExecView:
    state = ExecState[wire.ExecState.Name(told.state).removeprefix("EXEC_")]
    code = told.exit_code if told.HasField("exit_code") else None
    one = Exec(told.exec_id, told.run, ExecSpec(told.command), Resolved(), state, exit_code=code)
    return r.ExecView(told.container_id, one)


def _summary(told: wire.ContainerSummary) -> r.ContainerView:
    return r.ContainerView(told.id, told.name, _state(told.state), told.reason, "", None)


def _state(number: int) -> State:
    return State[wire.ContainerState.Name(wire.ContainerState.ValueType(number))]


def refusal(error: grpc.RpcError) -> Refusal:
    """`NOBODY` as its reason: it is no word of conman's, which is not there."""
    pairs = {pair.key: pair.value for pair in error.trailing_metadata() or ()}
    details = error.details() or ""
    if error.code() is grpc.StatusCode.CANCELLED:
        # Not by us: it came just as conmand ended.
        return Refusal(Code.UNAVAILABLE, NOBODY, details)
    code = Code(error.code().name)
    if _DETAILS not in pairs:
        return Refusal(code, NOBODY, details)
    info = ErrorInfo()
    [packed] = Status.FromString(pairs[_DETAILS]).details
    assert packed.Unpack(info), details
    return Refusal(code, info.reason, details)
