"""From protobuf to requests about execs, and from the core's words about them to protobuf.

As `translate` and `answers`, whose part this is: bad input stops here, with the field named.
"""

import re

from conman.api import fields, identity
from conman.api.signals import KILL
from conman.api.status import wire_text
from conman.api.translate import digest
from conman.core import requests
from conman.core.execs import Exec, ExecSpec, ExecState
from conman.wire.v1 import conman_pb2 as wire

_STATES = {
    ExecState.CREATED: wire.EXEC_CREATED,
    ExecState.RUNNING: wire.EXEC_RUNNING,
    ExecState.EXITED: wire.EXEC_EXITED,
}
_ID = re.compile(r"[0-9a-f]{32}")


def create(message: wire.CreateExecRequest) -> requests.CreateExec:
    fields.command(message.command, message.args, message.env)
    spec = ExecSpec(
        command=message.command,
        args=tuple(message.args),
        env=fields.environment(message.env),
        cwd=fields.cwd(message.cwd) if message.cwd else "",
        user=identity.user(message.user),
        privileged=message.privileged,
        tty=message.tty,
        stdin=message.stdin,
        timeout_ms=fields.timeout_ms("timeout_ms", message.timeout_ms),
    )
    return requests.CreateExec(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
        spec=spec,
        start=message.start,
    )


def start(message: wire.StartExecRequest) -> requests.StartExec:
    return requests.StartExec(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
        exec_id=exec_id(message.exec_id),
        console_size=fields.console_size(message),
    )


def kill(message: wire.KillExecRequest) -> requests.KillExec:
    return requests.KillExec(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
        exec_id=exec_id(message.exec_id),
        signal=fields.signal("signal", message.signal, KILL),
    )


def listed(message: wire.ListExecsRequest) -> requests.ListExecs:
    return requests.ListExecs(fields.reference(message.container_id))


def status(message: wire.ExecStatusRequest) -> requests.ExecStatus:
    return requests.ExecStatus(fields.reference(message.container_id), exec_id(message.exec_id))


def wait(message: wire.WaitExecRequest) -> requests.WaitExec:
    return requests.WaitExec(fields.reference(message.container_id), exec_id(message.exec_id))


def exec_id(value: str) -> str:
    """A full one: execs have no names."""
    if not _ID.fullmatch(value):
        fields.bad(
            "exec_id",
            f"{fields.shown(value)} is no exec id" if value else "the exec id is missing",
            "give 32 lower-case hex digits, as CreateExec answered them",
        )
    return value


# ---- answers -------------------------------------------------------------------------------------


def answer(reply: requests.ExecView) -> wire.Exec:
    one, spec = reply.exec, reply.exec.spec
    ended = one.state is ExecState.EXITED
    return wire.Exec(
        exec_id=one.id,
        container_id=reply.container_id,
        run=one.run,
        state=_STATES[one.state],
        created_at=one.created_at,
        started_at=one.started_at,
        finished_at=one.finished_at,
        exit_code=one.exit_code if ended else None,
        reason=one.reason or None,
        message=wire_text(one.message) if one.message else None,
        pid=_pid(one),
        command=spec.command,
        args=spec.args,
        cwd=spec.cwd,
        user=spec.user,
        privileged=spec.privileged,
        tty=spec.tty,
        stdin=spec.stdin,
        timeout_ms=spec.timeout_ms,
    )


def answers(reply: requests.ExecList) -> wire.ListExecsResponse:
    told = (requests.ExecView(reply.container_id, one) for one in reply.execs)
    return wire.ListExecsResponse(execs=[answer(each) for each in told])


def _pid(one: Exec) -> int | None:
    return one.process.pid if one.process and one.state is ExecState.RUNNING else None
