"""Stats and Top: what containers use and who runs in them, as protobuf.

Questions, which no operation waits for; what they are told is of the moment. It must never look at the host:
`Looks` does.
"""

from typing import Protocol

from conman.api import fields
from conman.api.status import wire_text
from conman.api.views import Submit, view_of
from conman.core import requests
from conman.core.model import Container, State
from conman.core.usage import Process, Usage
from conman.errors import Code, ConmanError, Refusal
from conman.wire.v1 import conman_pb2 as wire

_RUNS = (State.RUNNING, State.PAUSED)


class Looks(Protocol):
    """`conman.daemon.looks.Looks`, as far as it is needed here. A prepared run is given."""

    async def usage(self, row: Container) -> Usage | None: ...
    async def processes(self, row: Container) -> tuple[Process, ...]: ...


async def stats(message: wire.StatsRequest, submit: Submit, looks: Looks) -> wire.StatsResponse:
    """Raises ConmanError."""
    views = await _meant(message, submit)
    return wire.StatsResponse(containers=[await _stats(view, looks) for view in views])


async def top(message: wire.TopRequest, submit: Submit, looks: Looks) -> wire.TopResponse:
    """Raises ConmanError."""
    view = await view_of(submit, message.container_id)
    row = view.container
    if row is None or view.state not in _RUNS:
        raise ConmanError(_does_not_run(view))
    return wire.TopResponse(processes=[_process(each) for each in await looks.processes(row)])


async def _meant(message: wire.StatsRequest, submit: Submit) -> list[requests.ContainerView]:
    fields.few("container_ids", len(message.container_ids))
    if message.container_ids:
        return [await view_of(submit, each, "container_ids") for each in message.container_ids]
    states = () if message.all else _RUNS
    reply = await submit(requests.ListContainers(requests.Selection(states=states)))
    if not isinstance(reply, requests.ContainerList):
        raise TypeError(f"{type(reply).__name__} is no list")
    return list(reply.containers)


async def _stats(view: requests.ContainerView, looks: Looks) -> wire.ContainerStats:
    told = wire.ContainerStats(
        container_id=wire_text(view.id),
        name=wire_text(view.name),
        state=view.state.name,
    )
    row = view.container
    if row is None or view.state not in _RUNS:
        return told
    told.run = row.run
    if (usage := await looks.usage(row)) is not None:
        told.usage.CopyFrom(_usage(usage))
    return told


def _usage(usage: Usage) -> wire.Usage:
    return wire.Usage(
        at=usage.at,
        cpu_ns=usage.cpu_ns,
        memory_bytes=usage.memory_bytes,
        memory_limit_bytes=usage.memory_limit_bytes,
        pids=usage.pids,
        pids_limit=usage.pids_limit,
        read_bytes=usage.read_bytes,
        written_bytes=usage.written_bytes,
        received_bytes=usage.received_bytes,
        sent_bytes=usage.sent_bytes,
    )


def _process(process: Process) -> wire.Process:
    return wire.Process(
        pid=process.pid,
        ppid=process.ppid,
        uid=process.uid,
        state=process.state,
        started_at=process.started_at,
        cpu_ns=process.cpu_ns,
        memory_bytes=process.memory_bytes,
        tty=process.tty,
        command=wire_text(process.command),
    )


def _does_not_run(view: requests.ContainerView) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "NotRunning",
        f"container {view.name or view.id} is {view.state.value}, so it has no processes",
        "start it first",
    )
