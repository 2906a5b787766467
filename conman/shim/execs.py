"""What a shim knows of its run's execs: the pure half of `machine` that is about them.

One runtime call at a time; what it leaves is reaped like the init, and remembered until the daemon says that
it knows. Nothing of it is written down: no exec outlives its boot, and what a dead shim knew of one nobody
will know.
"""

from conman.frozen import frozen, replace
from conman.shim.json_text import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@frozen
class ExecTask:
    """The body of `exec`; see conman.core.shim_call.exec_body."""

    id: str
    argv: tuple[str, ...]
    lock: str
    marker: str
    state_directory: str
    directory: str
    boot_id: str
    timeout_ms: int
    stdin: bool
    tty: bool
    known: tuple[str, ...]


@frozen
class ExecProcess:
    """The process that a successful call left."""

    boot_id: str
    pid: int
    start_time: int


@frozen
class ExecEnd:
    """How that process ended; as ChildEnded has it."""

    code: int
    signal: int
    at: int


@frozen
class Exec:
    """One that was asked for. `code` None: its call is in flight."""

    task: ExecTask
    code: "int | None" = None
    stderr: str = ""
    process: "ExecProcess | None" = None
    end: "ExecEnd | None" = None


Execs = tuple[Exec, ...]


# ---- what the machine is told and says of them ---------------------------------------------------


@frozen
class ExecCallEnded:
    """The runtime's exec was reaped. `process` is None unless it left one and answered 0."""

    code: int
    stderr: str
    process: "ExecProcess | None"


@frozen
class RunExec:
    """Begin the runtime's exec, its lock inherited; ExecCallEnded follows."""

    task: ExecTask


@frozen
class EndExec:
    """Fence the exec in flight; ExecCallEnded follows."""

    task: ExecTask


# ---- what follows -------------------------------------------------------------------------------


def in_flight(execs: Execs) -> "Exec | None":
    return next((one for one in execs if one.code is None), None)


def found(execs: Execs, exec_id: str) -> "Exec | None":
    return next((one for one in execs if one.task.id == exec_id), None)


def begun(execs: Execs, task: ExecTask) -> Execs:
    """With this one. Those that the daemon asks no more about are forgotten."""
    return (*(one for one in execs if one.task.id in task.known), Exec(task))


def called(execs: Execs, code: int, stderr: str, process: "ExecProcess | None") -> Execs:
    """The call in flight has ended."""
    return tuple(
        replace(one, code=code, stderr=stderr, process=process) if one.code is None else one
        for one in execs
    )


def of_process(execs: Execs, pid: int) -> "Exec | None":
    """Whose process has just been reaped."""
    return next(
        (one for one in execs if one.process and one.process.pid == pid and not one.end), None
    )


def over(execs: Execs, which: Exec, end: ExecEnd) -> Execs:
    return tuple(replace(one, end=end) if one is which else one for one in execs)


def is_awaited(execs: Execs, exec_id: str) -> bool:
    """Whether its end is still to come."""
    one = found(execs, exec_id)
    return one is not None and one.end is None and (one.code is None or one.process is not None)


# ---- words of the protocol ---------------------------------------------------------------------


def parse_exec(body: str) -> ExecTask:
    """The task of an `exec` request. Raises KeyError or ValueError for a foreign body."""
    raw = loads(body)
    return ExecTask(
        raw["id"],
        tuple(raw["argv"]),
        raw["lock"],
        raw["marker"],
        raw["state_directory"],
        raw["directory"],
        raw["boot_id"],
        raw["timeout_ms"],
        raw["stdin"],
        raw["tty"],
        tuple(raw["known"]),
    )


def parse_exec_id(body: str) -> str:
    """Whose end an `exec-exit` request asks for. Raises KeyError or ValueError for a foreign body."""
    return str(loads(body)["id"])


def describe(execs: Execs) -> "list[dict[str, Any]]":
    return [_one(one) for one in execs]


def _one(one: Exec) -> "dict[str, Any]":
    process, end = one.process, one.end
    return {
        "id": one.task.id,
        "code": one.code,
        "stderr": one.stderr,
        "process": None
        if process is None
        else {
            "boot_id": process.boot_id,
            "pid": process.pid,
            "start_time": process.start_time,
        },
        "exit": None if end is None else {"code": end.code, "signal": end.signal, "at": end.at},
    }
