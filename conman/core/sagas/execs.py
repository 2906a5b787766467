"""Exec: a further program in a container that runs. It is begun by the run's shim, which is its parent.

What is durable before the shim is asked is the intent. Found open: a process that the shim knows is adopted,
anything else is ended, for nobody may run a command twice that was asked for once. It must never touch the
container's own program.
"""

from conman.core import runtime
from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Outcome
from conman.core.execs import (
    Exec,
    Execs,
    ExecSpec,
    ExecState,
    ended,
    found,
    having,
    running,
)
from conman.core.model import (
    AppendEvent,
    Change,
    Container,
    Intent,
    Operation,
    PutContainer,
    PutIntent,
)
from conman.core.requests import ExecCreated, Okay, Reply
from conman.core.sagas.commits import closing, commit, exec_event, persist
from conman.core.sagas.resolve import find_identity
from conman.core.sagas.run import LOOK_AGAIN_NS, cannot, insist, runtime_of, stuck
from conman.core.shim_call import ExecKnown, told_state
from conman.core.spec import Resolved
from conman.errors import Code, Refusal
from conman.frozen import replace
from conman.primitives.steps import Failed, ProcessId, Remaining, TimedOut

SIGKILL = 9
UNKNOWN_CODE = 255

#: As docker's users know them; 128: it is the runtime's or the host's fault.
_CODES = {"CommandNotFound": 127, "CommandNotExecutable": 126}
_START_ERROR = 128

#: A shim answers at once, but for a call in flight, which it ends first. Silent for so many, it hangs.
_HELLOS = 3
_HUNG = "did not answer, and was ended"

# ---- create ------------------------------------------------------------------------------------


async def create_exec(row: Container, intent: Intent, spec: ExecSpec, setting: Setting) -> Reply:
    """One commit, and nothing on the host."""
    made = await _made(row, intent, spec, setting)
    if isinstance(made, Refusal):
        return made
    changes = (PutContainer(made), *closing(intent), _created(made, intent))
    refusal = await commit(v.CommitExecCreated(changes), row.id)
    return refusal or ExecCreated(row.id, intent.exec_id)


async def _made(
    row: Container, intent: Intent, spec: ExecSpec, setting: Setting
) -> Container | Refusal:
    identity = await _identity(row, spec, setting)
    if isinstance(identity, Refusal):
        return identity
    at = max(intent.at, row.started_at)
    return _with(row, Exec(intent.exec_id, row.run, spec, identity, created_at=at))


async def _identity(row: Container, spec: ExecSpec, setting: Setting) -> Resolved | Refusal:
    if not spec.user:
        return replace(row.resolved, nodes=())
    # As its programs see these files, and not as they were when it was created.
    return await find_identity(setting.layout.rootfs(row.id), spec.user, row.spec.groups)


# ---- start -------------------------------------------------------------------------------------


async def start_exec(row: Container, intent: Intent, setting: Setting) -> Reply:
    return await _start(row, intent, setting)


async def run_exec(row: Container, intent: Intent, spec: ExecSpec, setting: Setting) -> Reply:
    """Created and started: the intent to begin it is committed with it."""
    made = await _made(row, intent, spec, setting)
    if isinstance(made, Refusal):
        return made
    return await _start(made, intent, setting, PutContainer(made), _created(made, intent))


def _created(row: Container, intent: Intent) -> AppendEvent:
    one = _meant(row, intent)
    return exec_event("exec_created", row, one, one.created_at)


async def _start(row: Container, intent: Intent, setting: Setting, *made: Change) -> Reply:
    changes = (*made, PutIntent(intent))
    if (refusal := await commit(v.RecordIntent(changes), row.id)) is not None:
        return refusal
    one, binary = _meant(row, intent), runtime_of(row, setting)
    size = intent.console_size
    outcome = await v.RuntimeExec(row, row.run, one, binary, setting.permits, size)
    known = _known(outcome, one.id)
    why = _refused(row, one, binary, outcome)
    if known is None or known.answer is None:
        # Whether it was begun is not known.
        told = await _fenced(row)
        known = _known(told, one.id)
        why = _not_by_this_shim(row, one, _HUNG) if isinstance(told, TimedOut) else why
    if known is not None and known.process is not None:
        await _begun(row, intent, one, known.process)
        is_made = intent.operation is Operation.CREATE_EXEC
        return ExecCreated(row.id, intent.exec_id) if is_made else Okay()
    await _not_begun(row, intent, one, why)
    return why


async def recover_exec(
    row: Container, intent: Intent, setting: Setting
) -> tuple[Container, Refusal | None]:
    """The row as it is then, and the refusal that is recorded; None: that it runs."""
    one = _meant(row, intent)
    if row.is_prepared(setting.layout.boot_id):
        known = _known(await _fenced(row), one.id)
        if known is not None and known.process is not None:
            return await _begun(row, intent, one, known.process), None
    why = _interrupted(row, one)
    return await _not_begun(row, intent, one, why), why


async def _fenced(row: Container) -> Outcome:
    """Nobody begins an exec any more. What the shim knows of them; a call in flight has been ended."""
    told = await _hello(row, _HELLOS)
    await insist(row.id, v.FenceCall(row.id, row.run, "exec"))
    if isinstance(told, TimedOut):
        # It may have waited for that call, which did not die: only now its silence says that it hangs.
        told = await _hello_or_end(row, 1)
        await insist(row.id, v.FenceCall(row.id, row.run, "exec"))
    return told


async def _hello(row: Container, times: int) -> Outcome:
    """What its shim knows; TimedOut: it was silent to all of them."""
    for _ in range(times):
        told = await insist(row.id, v.HelloShim(row.id, row.run), Failed)
        if not isinstance(told, TimedOut):
            return told
    return TimedOut()


async def _hello_or_end(row: Container, times: int) -> Outcome:
    """The same; one that stays silent hangs, and is ended, as if it were dead already."""
    told = await _hello(row, times)
    if isinstance(told, TimedOut):
        await insist(row.id, v.FenceShim(row.id, row.run))
    return told


async def _begun(row: Container, intent: Intent, one: Exec, process: ProcessId) -> Container:
    """Watched before anybody can be told; an end that came before is noted then."""
    await insist(row.id, v.WatchExec(row.id, row.run, one.id, process))
    begun = replace(
        one,
        state=ExecState.RUNNING,
        process=process,
        started_at=max(intent.at, one.created_at),
        deadline=intent.deadline,
    )
    changed = _with(row, begun)
    told = exec_event("exec_started", row, begun, begun.started_at)
    await persist(v.CommitExecRunning((PutContainer(changed), *closing(intent), told)), row.id)
    return changed


async def _not_begun(row: Container, intent: Intent, one: Exec, why: Refusal) -> Container:
    """What there may be of it is ended; it is over, for an exec is started once."""
    await insist(row.id, v.EndExec(row.id, row.run, one.id))
    await insist(row.id, v.RemoveExec(row.id, row.run, one.id))
    code = _CODES.get(why.reason, _START_ERROR)
    over = ended(one, intent.at, code, why.reason, why.what)
    changed = _with(row, over)
    changes = (PutContainer(changed), *closing(intent, why), exec_exited(row, over))
    await persist(v.CommitExecExited(changes), row.id)
    return changed


# ---- end ---------------------------------------------------------------------------------------


async def settle_execs(row: Container, ids: tuple[str, ...], now: Now) -> None:
    """Those whose process ended, and those whose time is over. Of intents none: the row says it all."""
    over: list[Exec] = []
    for one in running(row.execs):
        if one.id not in ids:
            continue
        if one.deadline and one.deadline <= now.monotonic:
            await insist(row.id, v.SignalExec(_process(one), SIGKILL))
        told = await _how_it_ended(row, one, now)
        await insist(row.id, v.RemoveExec(row.id, row.run, one.id))
        over.append(told)
    changed = replace(row, execs=having(row.execs, *over))
    told = (exec_exited(row, each) for each in over)
    await persist(v.CommitExecExited((PutContainer(changed), *told)), row.id)


def exec_exited(row: Container, one: Exec) -> AppendEvent:
    return exec_event("exec_exited", row, one, one.finished_at)


async def end_execs(row: Container, at: int) -> Execs:
    """With their container; nothing of it lives any more, and its shim has reaped them."""
    over: list[Exec] = []
    for one in running(row.execs):
        told = await _how_it_ended(row, one, Now(at, 0))
        over.append(told)
    return tuple(over)


async def _how_it_ended(row: Container, one: Exec, now: Now) -> Exec:
    """Never an invented code: what the shim has not seen nobody has."""
    known = _known(await _told_by_shim(row, one), one.id)
    if known is None or known.code is None:
        message = "nobody was there to see the exit code"
        return ended(one, now.wall, UNKNOWN_CODE, "Unknown", message)
    return ended(one, known.at, known.code, _reason(one, known, now))


async def _told_by_shim(row: Container, one: Exec) -> Outcome:
    """Its word on this exec's end. A shim that hangs is as a dead one."""
    question = v.AwaitExecExit(row.id, row.run, one.id)
    is_marked = False
    while isinstance(told := await insist(row.id, question, Failed), TimedOut):
        # What it says now holds all that it knows: it may have stood still until then.
        told = await _hello_or_end(row, _HELLOS)
        if not _is_open(_known(told, one.id)):
            break
        await _wait_for_its_end(row, one)
        is_marked = True
    if is_marked:
        await v.Mark(row.id, "", "")
    return told


def _is_open(known: ExecKnown | None) -> bool:
    return known is not None and known.process is not None and known.code is None


async def _wait_for_its_end(row: Container, one: Exec) -> None:
    """What was killed does not die, and its shim waits for that as we do."""
    why = stuck(row.id, v.AwaitExecExit.__name__, Remaining((_process(one).pid,)))
    await v.Tell(why)
    await v.Mark(row.id, why.reason, why.what)
    await v.WaitFor(row.id, LOOK_AGAIN_NS)


def _reason(one: Exec, known: ExecKnown, now: Now) -> str:
    if known.code == 0:
        return "Completed"
    is_late = 0 < one.deadline <= now.monotonic
    return "TimedOut" if is_late and known.signal == SIGKILL else "Error"


# ---- words -------------------------------------------------------------------------------------


def _refused(row: Container, one: Exec, binary: str, outcome: Outcome) -> Refusal:
    """What to say if it does not run. It is kept: so never one that asks to be asked again."""
    known = _known(outcome, one.id)
    if known is not None and known.answer is not None:
        failure = runtime.failure_of(known.answer)
    elif isinstance(outcome, TimedOut):
        failure = outcome
    elif isinstance(outcome, Failed):
        return cannot(f"start exec {one.id} in container {row.name}", outcome)
    else:
        return _not_by_this_shim(row, one)
    why = runtime.refusal_of("exec", binary, failure, one.spec.command)
    is_definite = why.code not in {Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED}
    return why if is_definite else replace(why, code=Code.FAILED_PRECONDITION)


def _not_by_this_shim(row: Container, one: Exec, why: str = "is dead") -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "ShimDied",
        f"cannot start exec {one.id} in container {row.name}: the shim that could begin it {why}",
        "the container goes on; stop and start it, then exec again",
        "container_id",
    )


def _interrupted(row: Container, one: Exec) -> Refusal:
    return Refusal(
        Code.ABORTED,
        "ExecInterrupted",
        f"conmand died while it started exec {one.id} in container {row.name}: "
        "the program was ended, and may have begun",
        "look whether it did anything, then create another exec",
    )


# ---- small things ------------------------------------------------------------------------------


def _meant(row: Container, intent: Intent) -> Exec:
    one = found(row.execs, intent.exec_id)
    if one is None:
        raise AssertionError(intent)
    return one


def _process(one: Exec) -> ProcessId:
    if one.process is None:
        raise AssertionError(one)
    return one.process


def _with(row: Container, one: Exec) -> Container:
    return replace(row, execs=having(row.execs, one))


def _known(told: Outcome, exec_id: str) -> ExecKnown | None:
    """What a shim says of this exec."""
    state = told_state(told)
    return state.exec(exec_id) if state is not None else None
