"""What may be asked of an exec, in view of its container's row. Pure, a part of `admission`."""

from conman.core.execs import OPEN_AT_MOST, Exec, ExecSpec, ExecState, found, open_ones
from conman.core.model import Container, Intent
from conman.core.reach import is_for_good
from conman.core.requests import ContainerView, CreateExec, KillExec, StartExec
from conman.errors import Code, Refusal
from conman.frozen import replace

_MS = 1_000_000


def exec_objection(request: CreateExec | StartExec | KillExec, row: Container) -> Refusal | None:
    """Its container is in a state that allows it."""
    if isinstance(request, CreateExec):
        return _too_many(row) if len(open_ones(row.execs)) >= OPEN_AT_MOST else None
    one = found(row.execs, request.exec_id)
    if one is None:
        return exec_not_found(row.name, request.exec_id)
    if isinstance(request, StartExec):
        return _start_objection(one, request, row.name)
    return None if one.state is ExecState.RUNNING else _not_running(one)


def with_exec(
    intent: Intent, request: CreateExec | StartExec | KillExec, row: Container, monotonic: int
) -> Intent:
    """What the request itself adds; all chance and time is fixed here."""
    if isinstance(request, CreateExec):
        return replace(intent, deadline=_deadline(request.spec, monotonic))
    if isinstance(request, KillExec):
        return replace(intent, exec_id=request.exec_id, signal=request.signal)
    one = found(row.execs, request.exec_id)
    deadline = _deadline(one.spec, monotonic) if one else 0
    size = request.console_size
    return replace(intent, exec_id=request.exec_id, deadline=deadline, console_size=size)


def _start_objection(one: Exec, request: StartExec, name: str) -> Refusal | None:
    if one.state is not ExecState.CREATED:
        return _already(one)
    if request.console_size is not None and not one.spec.tty:
        return no_terminal(f"exec {one.id} of container {name}")
    return None


def _deadline(spec: ExecSpec, monotonic: int) -> int:
    """Of one that is started now."""
    return monotonic + spec.timeout_ms * _MS if spec.timeout_ms else 0


def exec_not_found(name: str, exec_id: str) -> Refusal:
    return Refusal(
        Code.NOT_FOUND,
        "ExecNotFound",
        f"container {name} has no exec {exec_id!r}",
        "those that have ended are remembered for a while only; ListExecs shows what there is",
        "exec_id",
    )


def no_terminal(what: str) -> Refusal:
    """What has none cannot be given its size."""
    return Refusal(
        Code.FAILED_PRECONDITION,
        "NoTerminal",
        f"{what} has no terminal that could have a size",
        "leave console_size out, or create it with tty",
        "console_size",
    )


def execs_unknown(whose: ContainerView) -> Refusal:
    """Of a container that conman cannot vouch for it cannot vouch for more."""
    told = Refusal(
        Code.UNAVAILABLE,
        "ExecsUnknown",
        f"the execs of container {whose.name or whose.id} cannot be told of now: it is UNKNOWN "
        f"({whose.message})",
        "ask again; conman looks by itself",
        "container_id",
    )
    if not is_for_good(whose):
        return told
    hint = "remove it with --force"
    # Its reason again: docs/api.md's table of reasons is held against each code that the source names.
    return replace(told, code=Code.FAILED_PRECONDITION, reason="ExecsUnknown", hint=hint)


def _too_many(row: Container) -> Refusal:
    return Refusal(
        Code.RESOURCE_EXHAUSTED,
        "TooManyExecs",
        f"container {row.name} has {OPEN_AT_MOST} execs that have not ended",
        "wait for some of them to end, or kill them",
        "container_id",
    )


def _already(one: Exec) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "ExecStarted",
        f"exec {one.id} was started before: it is {one.state.value}",
        "an exec is started once; create another",
        "exec_id",
    )


def _not_running(one: Exec) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "NotRunning",
        f"cannot kill exec {one.id}: it is {one.state.value}",
        "there is nothing to kill",
        "exec_id",
    )
