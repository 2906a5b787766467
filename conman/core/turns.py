"""What waits for an object's turn, and what it amounts to once its turn has come.

A request is admitted only now: what was true when it was asked may have changed in the queue. Pure: a
look at the ledger gives a saga to run, or an answer without one.
"""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, assert_never

from conman.core import admission
from conman.core.admission import Now, OnContainer, Setting
from conman.core.effects.effect import Effect, Outcome
from conman.core.ledger import Ledger
from conman.core.model import Container, Intent, Operation, State
from conman.core.requests import (
    CreateContainer,
    CreateExec,
    KillContainer,
    KillExec,
    MutatingRequest,
    OpenStream,
    RemoveContainer,
    ReopenContainerLog,
    Reply,
    StartExec,
    StopContainer,
    UpdateContainer,
)
from conman.core.restarts import follows_at
from conman.core.sagas import container, garbage, kill, pause, rename, update
from conman.core.sagas.execs import (
    create_exec,
    run_exec,
    settle_execs,
    start_exec,
)
from conman.core.sagas.log import admit_reopening, reopen_container_log
from conman.core.sagas.recovery import recover
from conman.core.sagas.settle import settle
from conman.core.sagas.streams import admit_stream, open_stream
from conman.core.sagas.succession import Fate, succeed
from conman.errors import Refusal
from conman.frozen import replace
from conman.primitives.steps import Inventory

_BESIDE = "/log"

Saga = Coroutine[Effect, Outcome, Any]
Begun = tuple[str, Saga]
#: What a saga comes to: an answer; what was found on the host; what became of a successor.
Result = Reply | Inventory | tuple[Fate, str] | None


class Kind(Enum):
    """REQUEST: a client's. The others are the machine's own business."""

    REQUEST = "request"
    RECOVER = "recover"
    SETTLE = "settle"
    LOOK_FOR_GARBAGE = "look-for-garbage"
    COLLECT = "collect"
    SUCCEED = "succeed"
    AFTER_END = "after-end"
    SETTLE_EXECS = "settle-execs"


@dataclass(slots=True)
class Work:
    """One thing that waits. `key`: whose turns it has, the object's id, or `beside` it. `callers`: who is to be told.

    `drawn`: the id of what the request makes. `execs`: those that ended, or whose time is over.
    """

    kind: Kind
    key: str
    request: MutatingRequest | None = None
    runs: tuple[int, ...] = ()
    request_id: str = ""
    callers: list[int] = field(default_factory=list[int])
    drawn: str = ""
    execs: tuple[str, ...] = ()


def beside(object_id: str) -> str:
    """Turns of their own for an object's log: they wait for nothing that is done to the object."""
    return f"{object_id}{_BESIDE}"


def object_of(key: str) -> str:
    """Whose turns these are."""
    return key.removesuffix(_BESIDE)


def has_answer_first(work: Work) -> bool:
    """What is recorded of it while it is under way holds only if nobody lives to give another answer."""
    return isinstance(work.request, KillContainer | KillExec)


def comes_between(work: Work) -> bool:
    """What need not wait until a program ends that is being stopped: it writes no intent."""
    if work.kind is Kind.REQUEST:
        return isinstance(work.request, OpenStream) or has_answer_first(work)
    return work.kind in {Kind.SUCCEED, Kind.SETTLE_EXECS}


def has_no_patience(work: Work) -> bool:
    """What ends a program with KILL as soon as its turn comes."""
    match work.request:
        case RemoveContainer(force=force):
            return force
        case StopContainer(timeout_ns=timeout_ns):
            return timeout_ns == 0
        case _:
            return False


def key_of(request: MutatingRequest, ledger: Ledger, entropy: bytes) -> str | Refusal:
    """Whose turns it has."""
    if isinstance(request, CreateContainer):
        return entropy.hex()
    found = ledger.resolve(request.container)
    if isinstance(request, ReopenContainerLog) and not isinstance(found, Refusal):
        return beside(found)
    return found


def asked(key: str, request: MutatingRequest, call: int, entropy: bytes) -> Work:
    """What a client asks for; chance is drawn with it."""
    if isinstance(request, OpenStream):
        request = replace(request, token=entropy.hex())
    return Work(
        Kind.REQUEST,
        key,
        request,
        request_id=request.request_id,
        callers=[call],
        drawn=entropy.hex(),
    )


def begin(
    work: Work, ledger: Ledger, setting: Setting, now: Now, ended: set[tuple[str, int]]
) -> Begun | Reply | None:
    """A named saga, an answer, or None: nothing is to be done any more."""
    match work.kind:
        case Kind.REQUEST:
            return _request(work, ledger, setting, now, ended)
        case Kind.RECOVER:
            row, intent = ledger.containers.get(work.key), ledger.intents.get(work.key)
            return "recover", recover(row, intent, setting, now)
        case Kind.SETTLE:
            return _settle(work, ledger, setting, now, ended)
        case Kind.SUCCEED:
            row = ledger.containers.get(work.key)
            return row and ("succession", succeed(row, setting, now))
        case Kind.AFTER_END:
            return _after_end(work, ledger, setting, now)
        case Kind.SETTLE_EXECS:
            row = ledger.containers.get(work.key)
            return row and ("settle-execs", settle_execs(row, work.execs, now))
        case Kind.LOOK_FOR_GARBAGE:
            return "garbage", garbage.look_for_garbage()
        case Kind.COLLECT:
            return _collect(work, ledger, setting, now)
        case _:
            assert_never(work.kind)


def recovery_of(object_id: str, ledger: Ledger) -> Work | None:
    """None: nothing of it is open and nothing prepared, so that there is nothing to look at."""
    row, intent = ledger.containers.get(object_id), ledger.intents.get(object_id)
    if intent is None and (row is None or row.init is None):
        return None
    return Work(Kind.RECOVER, object_id, request_id=intent.request_id if intent else "")


def collections(found: Inventory) -> list[Work]:
    """Each id that was found on the host; where a name cannot be read, nothing is garbage."""
    if found.unreadable:
        return []
    return [Work(Kind.COLLECT, i, runs=found.runs_of(i)) for i in found.ids()]


def _request(
    work: Work, ledger: Ledger, setting: Setting, now: Now, ended: set[tuple[str, int]]
) -> Begun | Reply:
    request = work.request
    if request is None:
        raise AssertionError(work)
    if isinstance(request, CreateContainer):
        intent = admission.admit_create(request, ledger, setting, now, work.key)
        if not isinstance(intent, Intent):
            return intent
        return "create-container", container.create_container(intent, setting)
    if isinstance(request, OpenStream):
        return _stream(request, work.key, ledger, setting)
    if isinstance(request, ReopenContainerLog):
        row = admit_reopening(request, object_of(work.key), ledger, setting, ended)
        if isinstance(row, Refusal):
            return row
        return "reopen-container-log", reopen_container_log(row)
    admitted = admission.admit(request, ledger, setting, now, work.key)
    if not isinstance(admitted, Intent):
        return admitted
    if isinstance(request, CreateExec | StartExec | KillExec):
        return _on_exec(
            request, replace(admitted, exec_id=admitted.exec_id or work.drawn), ledger, setting
        )
    return _operation(request, admitted, ledger, setting)


def _on_exec(
    request: CreateExec | StartExec | KillExec, intent: Intent, ledger: Ledger, setting: Setting
) -> Begun:
    row, name = ledger.containers[intent.id], intent.operation.value
    match request:
        case CreateExec(spec=spec, start=True):
            return Operation.START_EXEC.value, run_exec(row, intent, spec, setting)
        case CreateExec(spec=spec):
            return name, create_exec(row, intent, spec, setting)
        case StartExec():
            return name, start_exec(row, intent, setting)
        case KillExec():
            return name, kill.kill_exec(row, intent)


def _stream(request: OpenStream, key: str, ledger: Ledger, setting: Setting) -> Begun | Reply:
    admitted = admit_stream(request, key, ledger, setting)
    if not isinstance(admitted, Container):
        return admitted
    return "open-stream", open_stream(admitted, request, setting)


def _operation(request: OnContainer, intent: Intent, ledger: Ledger, setting: Setting) -> Begun:
    row = ledger.containers.get(intent.id)
    name = f"{admission.operation_of(request).value}-container"
    if row is None:
        return name, garbage.remove_unreadable(intent.id, intent, setting)
    match intent.operation:
        case Operation.START:
            return name, container.start_container(row, intent, setting)
        case Operation.STOP if row.state is State.EXITED:
            return name, container.cancel_restart(row, intent)
        case Operation.STOP:
            return name, container.stop_container(row, intent, setting)
        case Operation.KILL:
            # While a stop waits it has let go what stood still.
            is_still = row.state is State.PAUSED and row.id not in ledger.intents
            return name, kill.kill_container(row, intent, is_still=is_still)
        case Operation.PAUSE | Operation.UNPAUSE | Operation.UPDATE | Operation.RENAME:
            return name, _change(row, request, intent, setting)
        case _:
            return name, container.remove_container(row, intent, setting)


def _change(
    row: Container, request: OnContainer, intent: Intent, setting: Setting
) -> Coroutine[Effect, Outcome, Reply]:
    """What leaves a container where it is."""
    if isinstance(request, UpdateContainer):
        return update.update_container(row, intent, request.resources, setting)
    if intent.operation is Operation.RENAME:
        return rename.rename_container(row, intent)
    if intent.operation is Operation.UNPAUSE:
        return pause.unpause_container(row, intent)
    return pause.pause_container(row, intent)


def _settle(
    work: Work, ledger: Ledger, setting: Setting, now: Now, ended: set[tuple[str, int]]
) -> Begun | None:
    row = ledger.containers.get(work.key)
    if row is None or row.init is None or (row.id, row.run) not in ended:
        return None
    intent = admission.settle_intent(row, setting, now)
    return "settle", settle(row, intent, setting)


def _after_end(work: Work, ledger: Ledger, setting: Setting, now: Now) -> Begun | None:
    """Whoever came before it in the queue may have started, stopped or removed the container."""
    row = ledger.containers.get(work.key)
    if row is None or not follows_at(row):
        return None
    if row.spec.auto_remove:
        intent = admission.removal_intent(row, setting, now)
        return "remove-container", container.remove_container(row, intent, setting)
    intent = admission.restart_intent(row, setting, now)
    return "start-container", container.start_container(row, intent, setting)


def _collect(work: Work, ledger: Ledger, setting: Setting, now: Now) -> Begun | None:
    """The owners are asked again: what was listed may have been claimed since."""
    row = ledger.containers.get(work.key)
    if not ledger.owns(work.key):
        return "garbage", garbage.collect(work.key, setting, now)
    if row is None or work.key in ledger.intents:
        return None
    # Its present run may have been listed and settled since: settled is dismantled.
    stale = tuple(n for n in work.runs if n != row.run)
    return ("garbage", garbage.collect_runs(row, stale, setting)) if stale else None
