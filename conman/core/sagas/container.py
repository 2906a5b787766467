"""The operations on a container, each a story: intent, effects, one commit. Read these first.

A refusal that is returned means that nothing happened. After the commit everybody may be told; before
it nobody was. `recovery` finishes or undoes each of them from every await.
"""

from conman.core import restarts, runtime
from conman.core.admission import Setting
from conman.core.bundle.config import warnings_of
from conman.core.departed import kept
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Current, Outcome
from conman.core.model import (
    Change,
    Container,
    DropContainer,
    DropIntent,
    Init,
    Intent,
    Operation,
    PutContainer,
    PutIntent,
    ReleaseName,
    ReserveName,
    State,
)
from conman.core.requests import ContainerCreated, Okay, Reply
from conman.core.sagas.commits import closing, commit, event, persist
from conman.core.sagas.resolve import resolve
from conman.core.sagas.run import (
    Look,
    dismantle,
    dismantle_prepared,
    end_members,
    insist,
    is_gone,
    prepare,
    runtime_of,
    stop_and_look,
    undo_run,
)
from conman.core.sagas.settle import settle_begun, settle_with_execs
from conman.errors import Code, Refusal
from conman.frozen import replace
from conman.primitives.steps import Absent, Done, Failed, RuntimeAnswer, TimedOut

# ---- create ------------------------------------------------------------------------------------


async def create_container(intent: Intent, setting: Setting) -> Reply:
    draft = _draft(intent)
    if (refusal := _rootfs_refusal(draft, await v.CheckRootfs(draft.spec.rootfs_path))) is not None:
        return refusal
    resolved = await resolve(draft.spec)
    if isinstance(resolved, Refusal):
        return resolved
    # From here on the host is not asked again: the intent holds what names meant.
    draft = replace(draft, resolved=resolved)
    intent = replace(intent, draft=draft)
    reserve = (ReserveName(draft.name, draft.id), PutIntent(intent))
    if (refusal := await commit(v.RecordIntent(reserve), intent.id)) is not None:
        return refusal
    init = await prepare(draft, intent.run, setting)
    if isinstance(init, Refusal):
        await undo_create(intent, setting)
        return init
    row = replace(draft, init=init)
    warnings = warnings_of(row, setting.layout, setting.permits)
    closed = closing(intent, warnings=warnings)
    changes = (PutContainer(row), *closed, event("created", row, row.created_at))
    if (refusal := await commit(v.CommitCreated(changes), intent.id)) is not None:
        await undo_create(intent, setting)
        return refusal
    return ContainerCreated(row.id, warnings)


async def undo_create(intent: Intent, setting: Setting) -> None:
    """Nobody was told: no trace of it stays."""
    binary = runtime_of(intent.draft, setting)
    await undo_run(intent.id, intent.run, None, binary)
    await insist(intent.id, v.RemoveFiles(intent.id))
    await persist(v.CommitUndone((ReleaseName(intent.id), DropIntent(intent.id))), intent.id)


def _draft(intent: Intent) -> Container:
    if intent.draft is None:
        raise AssertionError(intent)
    return intent.draft


def _rootfs_refusal(draft: Container, looked: Outcome) -> Refusal | None:
    path = draft.spec.rootfs_path
    match looked:
        case Done():
            return None
        case Absent():
            why = "does not exist"
        case Failed(error="ENOTDIR"):
            why = "is not a directory"
        case Failed(text=text):
            why = f"cannot be read: {text}"
        case _:
            why = "cannot be looked at in time"
    return Refusal(
        Code.INVALID_ARGUMENT,
        "BadRootfs",
        f"the root file system {path} {why}",
        "name a directory that holds a root file system",
        "rootfs_path",
    )


# ---- start -------------------------------------------------------------------------------------


async def start_container(row: Container, intent: Intent, setting: Setting) -> Reply:
    if (refusal := await commit(v.RecordIntent((PutIntent(intent),)), intent.id)) is not None:
        return refusal
    if row.state is State.EXITED and intent.run != row.run:
        # Its end is in the row. There may be thousands of them, and nobody else would remove any.
        await insist(row.id, v.RemoveRunRecord(row.id, row.run))
    init = row.init
    if intent.prepares or init is None:
        made = await _prepare_next(row, intent, setting)
        if isinstance(made, Refusal):
            return made
        intent, init = made
    binary = runtime_of(row, setting)
    outcome = await v.RuntimeStart(row.id, intent.run, binary)
    if isinstance(outcome, RuntimeAnswer) and outcome.code == 0 and await _has_let_go(row, intent):
        return await commit_running(row, intent, init, outcome.at)
    await insist(row.id, v.FenceCall(row.id, intent.run, "start"))
    match await stop_and_look(row.id, init):
        case Look.RUNS:
            return await commit_running(row, intent, init, intent.at)
        case Look.GONE if isinstance(outcome, TimedOut):
            return await ran_and_ended(row, intent, init, setting)
        case _:
            # Before we end it: its death must not look like the end of a program that ran.
            await insist(row.id, v.ForgetStart(row.id, intent.run))
            why = runtime.refusal_of("start", binary, outcome, row.spec.command)
            return await _start_failed(row, intent, init, why, setting)


async def _has_let_go(row: Container, intent: Intent) -> bool:
    """Whether an answer of 0 is believed: unless it is seen that the init is kept waiting."""
    return not isinstance(await v.LookAtExecFifo(row.id, intent.run), Done)


async def _prepare_next(
    row: Container, intent: Intent, setting: Setting
) -> tuple[Intent, Init] | Refusal:
    """Prepare the next run; its init is recorded before its program may run."""
    init = await prepare(row, intent.run, setting, intent.console_size)
    if isinstance(init, Init):
        intent = replace(intent, init=init)
        recorded = v.RecordPrepared((DropIntent(row.id), PutIntent(intent)))
        refusal = await commit(recorded, row.id)
        if refusal is None:
            return intent, init
        init = refusal
    await undo_run(row.id, intent.run, None, runtime_of(row, setting))
    await insist(row.id, v.RemoveRunRecord(row.id, intent.run))
    await persist(v.CommitUndone((DropIntent(row.id),)), row.id)
    return init


async def commit_running(row: Container, intent: Intent, init: Init, at: int) -> Reply:
    await _commit_running(_running(row, intent, init, at), intent)
    return Okay()


def _running(row: Container, intent: Intent, init: Init, at: int) -> Container:
    return replace(
        _counted(row, intent),
        state=State.RUNNING,
        run=intent.run,
        init=init,
        started_at=max(at, row.created_at),
        finished_at=0,
        exit_code=None,
        reason="",
        message="",
        oom_killed=False,
    )


def _counted(row: Container, intent: Intent) -> Container:
    """An explicit start begins to count anew, and takes back what an explicit stop had said."""
    if intent.operation is Operation.RESTART:
        return replace(row, restart_count=row.restart_count + 1, next_restart_at=0)
    return replace(row, restart_count=0, short_runs=0, is_stopped=False, next_restart_at=0)


async def _commit_running(started: Container, intent: Intent) -> None:
    by_itself = intent.operation is Operation.RESTART
    kinds = ("started", "restarted") if by_itself else ("started",)
    begun = tuple(event(kind, started, started.started_at) for kind in kinds)
    changes = (PutContainer(started), *closing(intent), *begun)
    await persist(v.CommitRunning(changes), started.id)


async def ran_and_ended(row: Container, intent: Intent, init: Init, setting: Setting) -> Reply:
    """Nobody was there to see it, but the program ran: the start is answered OK, the end told.

    Two commits: that it ran is durable before the evidence for it goes, or a crash between would
    have the next recovery believe that it never did, and a retry run it twice.
    """
    started = _running(row, intent, init, intent.at)
    await _commit_running(started, intent)
    ended = Intent(row.id, Operation.SETTLE, started.run, intent.boot_id, intent.at)
    await settle_begun(started, init, ended, setting)
    return Okay()


async def _start_failed(
    row: Container, intent: Intent, init: Init, why: Refusal, setting: Setting
) -> Reply:
    """The runtime refused: that ends the run, with 128. A definite answer, so never UNAVAILABLE."""
    refusal = replace(why, code=Code.FAILED_PRECONDITION, reason="StartError")
    await end_members(row.id, intent.run, init)
    await dismantle(row.id, intent.run, runtime_of(row, setting))
    # What its shim recorded is the end of an init that never was the program.
    await insist(row.id, v.RemoveRunRecord(row.id, intent.run))
    failed = replace(
        _counted(row, intent),
        state=State.EXITED,
        run=intent.run,
        init=None,
        started_at=0,
        finished_at=max(intent.at, row.created_at),
        exit_code=128,
        reason="StartError",
        message=refusal.what,
        oom_killed=False,
    )
    failed = restarts.judged(failed)
    changes = (
        PutContainer(failed),
        *closing(intent, refusal),
        event("exited", failed, failed.finished_at),
    )
    await persist(v.CommitExited(changes), row.id)
    return refusal


# ---- stop --------------------------------------------------------------------------------------


async def stop_container(row: Container, intent: Intent, setting: Setting) -> Reply:
    if (refusal := await commit(v.RecordIntent((PutIntent(intent),)), intent.id)) is not None:
        return refusal
    return await finish_stop(row, intent, setting)


async def finish_stop(row: Container, intent: Intent, setting: Setting) -> Reply:
    init = _init(row)
    if row.state is State.PAUSED and row.is_prepared(setting.layout.boot_id):
        await insist(row.id, v.Thaw(row.id, row.run))
    if not is_gone(await v.SignalInit(init.process, intent.signal)):
        # Only then: the deadline is of the boot that the process lives in.
        await v.AwaitExit(row.id, row.run, intent.deadline)
        row = await _as_it_is(row)
    # Whatever lives beyond the deadline is ended by KILL, the first effect of settling.
    await settle_with_execs(row, init, intent, setting)
    return Okay()


async def _as_it_is(row: Container) -> Container:
    """Execs may have ended while it was waited for."""
    read: Current = await v.Reread(row.id)
    return read.container


async def cancel_restart(row: Container, intent: Intent) -> Reply:
    """The stop of what has ended already: it stays so. One commit, and nothing on the host."""
    changes = (PutContainer(restarts.left_alone(row)), *closing(intent))
    return await commit(v.CommitStopped(changes), row.id) or Okay()


def _init(row: Container) -> Init:
    if row.init is None:
        raise AssertionError(row)
    return row.init


# ---- remove ------------------------------------------------------------------------------------


async def remove_container(row: Container, intent: Intent, setting: Setting) -> Reply:
    if (refusal := await commit(v.RecordIntent((PutIntent(intent),)), intent.id)) is not None:
        return refusal
    return await finish_remove(row, intent, setting)


async def finish_remove(row: Container, intent: Intent, setting: Setting) -> Reply:
    """Neither runtime nor shim is needed: emptiness is our own evidence, the rest our own hand."""
    if row.is_prepared(setting.layout.boot_id) or row.state is not State.EXITED:
        await end_members(row.id, row.run, row.init)
        await dismantle_prepared(row, setting)
    await insist(row.id, v.RemoveFiles(row.id))
    changes: tuple[Change, ...] = (DropContainer(row.id), ReleaseName(row.id), *closing(intent))
    told = event("removed", row, intent.at)
    await persist(v.CommitRemoved((*changes, *kept(row, intent.at), told)), row.id)
    return Okay()
