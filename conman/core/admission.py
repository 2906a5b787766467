"""From a request to an intent, or to the reason why not. Pure: a look at the ledger, nothing else.

All chance enters here, once: the id, the run's number, the deadline. What an intent holds is enough to
finish or undo it in another process, on another boot.
"""

from dataclasses import field

from conman.core import limits
from conman.core.exec_admission import exec_objection, no_terminal, with_exec
from conman.core.layout import Layout
from conman.core.ledger import Ledger, looks_like_full_id, not_found
from conman.core.lifecycle import Verdict, states_that_allow, verdict
from conman.core.model import Container, Intent, Operation, RootfsMode, State
from conman.core.permits import Permits
from conman.core.requests import (
    CreateContainer,
    CreateExec,
    KillContainer,
    KillExec,
    Okay,
    PauseContainer,
    RemoveContainer,
    RenameContainer,
    StartContainer,
    StartExec,
    StopContainer,
    UnpauseContainer,
    UpdateContainer,
)
from conman.core.resources import contradiction
from conman.errors import Code, Refusal
from conman.frozen import frozen, replace

STOP_TIMEOUT_MS = 10_000
#: What an operation is called where its own word is none for people.
_IN_WORDS = {
    Operation.CREATE_EXEC: "exec in",
    Operation.START_EXEC: "start an exec in",
    Operation.KILL_EXEC: "kill an exec of",
}


@frozen
class Now:
    """The clocks at one input: wall ns since the epoch, monotonic ns of this boot."""

    wall: int
    monotonic: int


@frozen
class Setting:
    """What a daemon is told once. `runtime` serves containers that name none.

    `runtime_ms`: what one call of a runtime may take.
    """

    layout: Layout
    runtime: str = "runc"
    rootfs_mode: RootfsMode = RootfsMode.OVERLAY
    permits: Permits = field(default_factory=Permits)
    runtime_ms: int = 60_000


OnContainer = (
    StartContainer
    | StopContainer
    | KillContainer
    | RemoveContainer
    | PauseContainer
    | UnpauseContainer
    | UpdateContainer
    | RenameContainer
    | CreateExec
    | StartExec
    | KillExec
)


def admit_create(
    request: CreateContainer, ledger: Ledger, setting: Setting, now: Now, container_id: str
) -> Intent | Refusal:
    """The intent of a create, with the row that it will commit."""
    if (refusal := _unfit(request.name, "name", ledger)) is not None:
        return refusal
    draft = Container(
        id=container_id,
        name=request.name,
        spec=request.spec,
        rootfs_mode=setting.rootfs_mode,
        state=State.CREATED,
        run=1,
        created_at=now.wall,
    )
    return Intent(
        container_id,
        Operation.CREATE,
        1,
        setting.layout.boot_id,
        now.wall,
        request.request_id,
        request.digest,
        prepares=True,
        draft=draft,
    )


def admit(
    request: OnContainer, ledger: Ledger, setting: Setting, now: Now, container_id: str
) -> Intent | Okay | Refusal:
    """The intent of an operation on an existing container; Okay when there is nothing to do."""
    if not ledger.knows(container_id):
        return not_found(request.container)
    view = ledger.view(container_id, setting.layout)
    operation = operation_of(request)
    force = isinstance(request, RemoveContainer) and request.force
    row = ledger.containers.get(container_id)
    awaits = view.state is State.EXITED and row is not None and row.next_restart_at > 0
    match verdict(operation, view.state, force=force, awaits_restart=awaits):
        case Verdict.NOTHING:
            return Okay()
        case Verdict.FORBIDDEN:
            return _forbidden(operation, view.name or container_id, view.state, view.message)
        case Verdict.PROCEED:
            objection = _objection(request, container_id, ledger)
            if objection is not None:
                return objection
            intent = _intent(container_id, operation, row, setting)
            named = replace(
                intent, at=now.wall, request_id=request.request_id, digest=request.digest
            )
            return _with_terms(named, request, now, ledger)


def operation_of(request: OnContainer) -> Operation:
    match request:
        case StartContainer():
            return Operation.START
        case StopContainer():
            return Operation.STOP
        case KillContainer():
            return Operation.KILL
        case RemoveContainer():
            return Operation.REMOVE
        case PauseContainer():
            return Operation.PAUSE
        case UnpauseContainer():
            return Operation.UNPAUSE
        case UpdateContainer():
            return Operation.UPDATE
        case RenameContainer():
            return Operation.RENAME
        case CreateExec():
            return Operation.CREATE_EXEC
        case StartExec():
            return Operation.START_EXEC
        case KillExec():
            return Operation.KILL_EXEC


def settle_intent(row: Container, setting: Setting, now: Now) -> Intent:
    """The intent that follows an end that nobody awaited."""
    return Intent(row.id, Operation.SETTLE, row.run, setting.layout.boot_id, now.wall)


def restart_intent(row: Container, setting: Setting, now: Now) -> Intent:
    """The intent of the next run, which nobody asked for but the container's policy."""
    return replace(_intent(row.id, Operation.RESTART, row, setting), at=now.wall)


def removal_intent(row: Container, setting: Setting, now: Now) -> Intent:
    """Of a container that was created to go when it has ended."""
    return replace(_intent(row.id, Operation.REMOVE, row, setting), at=now.wall)


def _objection(request: OnContainer, container_id: str, ledger: Ledger) -> Okay | Refusal | None:
    """What the values of a request have against them, in view of what is."""
    row = ledger.containers.get(container_id)
    match request:
        case RenameContainer(name=name):
            is_its_own = row is not None and row.name == name
            return Okay() if is_its_own else _unfit(name, "new_name", ledger)
        case UpdateContainer(restart=policy) if policy and row and row.spec.auto_remove:
            return Refusal(
                Code.INVALID_ARGUMENT,
                "BadInput",
                f"container {row.name} is removed when it ends, so it is never restarted",
                "leave its restart policy as it is",
                "restart_policy",
            )
        case UpdateContainer(resources=change) if row is not None:
            return contradiction(limits.merged(row.spec.resources, change))
        case StartContainer(console_size=size) if size and row and not row.spec.stdio.tty:
            return no_terminal(f"container {row.name}")
        case CreateExec() | StartExec() | KillExec() if row is not None:
            return exec_objection(request, row)
        case _:
            return None


def _unfit(name: str, field: str, ledger: Ledger) -> Refusal | None:
    if looks_like_full_id(name):
        return Refusal(
            Code.INVALID_ARGUMENT,
            "NameLooksLikeId",
            f"the name {name!r} looks like a container id",
            "choose a name that is not 32 hexadecimal digits",
            field,
        )
    if name in ledger.names:
        return name_taken(name, ledger.names[name], field)
    return None


def name_taken(name: str, holder: str, field: str = "name") -> Refusal:
    return Refusal(
        Code.ALREADY_EXISTS,
        "NameTaken",
        f"the name {name!r} is taken by container {holder}",
        "choose another name, or remove that container",
        field,
    )


def _intent(
    container_id: str, operation: Operation, row: Container | None, setting: Setting
) -> Intent:
    """Which run it concerns, and whether it makes it."""
    boot_id, lost = setting.layout.boot_id, setting.layout.has_lost_run
    run = row.run if row else 0
    starts = operation in (Operation.START, Operation.RESTART)
    if starts and row is not None and not row.is_prepared(boot_id):
        run += 1
        return Intent(container_id, operation, run, boot_id, 0, prepares=True, has_lost_run=lost)
    return Intent(container_id, operation, run, boot_id, 0, has_lost_run=lost)


def _with_terms(intent: Intent, request: OnContainer, now: Now, ledger: Ledger) -> Intent:
    """What the request itself adds."""
    match request:
        case StopContainer(timeout_ns=timeout_ns):
            row = ledger.containers.get(intent.id)
            signal = row.spec.stop_signal if row else 15
            wait_ns = _stop_timeout_ns(row) if timeout_ns is None else timeout_ns
            return replace(intent, signal=signal, deadline=now.monotonic + wait_ns)
        case KillContainer(signal=signal):
            return replace(intent, signal=signal)
        case RemoveContainer(force=force):
            return replace(intent, force=force)
        case UpdateContainer(resources=change, restart=restart):
            row = ledger.containers[intent.id]
            whole = limits.merged(row.spec.resources, change)
            return replace(intent, resources=whole, restart=restart)
        case RenameContainer(name=name):
            return replace(intent, name=name)
        case CreateExec() | StartExec() | KillExec():
            return with_exec(intent, request, ledger.containers[intent.id], now.monotonic)
        case StartContainer(console_size=size):
            return replace(intent, console_size=size)
        case PauseContainer() | UnpauseContainer():
            return intent


def _stop_timeout_ns(row: Container | None) -> int:
    """The container's own, else ten seconds as docker has it."""
    own_ms = row.spec.stop_timeout_ms if row else None
    return (STOP_TIMEOUT_MS if own_ms is None else own_ms) * 1_000_000


def _forbidden(operation: Operation, name: str, state: State, message: str) -> Refusal:
    *others, last = [s.value for s in states_that_allow(operation)]
    allowed = f"{', '.join(others)} or {last}" if others else last
    because = f" ({message})" if message else ""
    return Refusal(
        Code.FAILED_PRECONDITION,
        "WrongState",
        f"cannot {_IN_WORDS.get(operation, operation.value)} container {name}: "
        f"it is {state.value}{because}, and must be {allowed}",
        _what_first(operation, state),
        "container_id",
    )


def _what_first(operation: Operation, state: State) -> str:
    """What makes it possible, where anything does."""
    if state is State.UNKNOWN:
        return "remove it with --force"
    match operation:
        case Operation.REMOVE:
            return "stop it first, or remove it with --force"
        case Operation.START:
            return "unpause it"
        case Operation.UNPAUSE:
            return "there is nothing to unpause"
        case Operation.KILL_EXEC:
            return "its execs have ended with it"
        case _:
            return "unpause it first" if state is State.PAUSED else "start it first"
