"""After the daemon's death: undo what nobody was told about, finish what was asked to end.

Per object, in the order of their ids: fence what the last daemon may have begun, look, then either. It
is a saga like any other, so it may be killed at every await and begun again, any number of times. An
object that needs nothing is not written to. A committed running container is never touched.
"""

from conman.core.admission import Now, Setting, settle_intent
from conman.core.effects import vocabulary as v
from conman.core.execs import running
from conman.core.model import (
    Container,
    DropIntent,
    Init,
    Intent,
    Operation,
    PutContainer,
)
from conman.core.sagas.commits import closing, persist
from conman.core.sagas.container import (
    commit_running,
    finish_remove,
    finish_stop,
    ran_and_ended,
    undo_create,
)
from conman.core.sagas.execs import recover_exec
from conman.core.sagas.garbage import finish_remove_unreadable
from conman.core.sagas.kill import may_be_sent, told_to_end
from conman.core.sagas.pause import recover_pause
from conman.core.sagas.run import (
    Look,
    insist,
    is_gone,
    runtime_of,
    stop_and_look,
    undo_run,
)
from conman.core.sagas.settle import settle
from conman.core.sagas.successor import greet
from conman.core.sagas.update import recover_update
from conman.errors import Refusal
from conman.frozen import replace
from conman.primitives.steps import Content


async def recover(
    row: Container | None, intent: Intent | None, setting: Setting, now: Now
) -> Refusal | None:
    """With what the interrupted request was refused; None: it was undone, or done. Its retry is told what is recorded of it."""
    if intent is None:
        await _recover_row(row, setting, now)
    elif intent.operation is Operation.CREATE:
        await undo_create(intent, setting)
    elif row is None:
        # Nothing but a remove can be open on a record without a readable row.
        await finish_remove_unreadable(intent.id, intent, setting)
    else:
        return await _recover_intent(row, intent, setting, now)
    return None


async def _recover_intent(
    row: Container, intent: Intent, setting: Setting, now: Now
) -> Refusal | None:
    match intent.operation:
        case Operation.START | Operation.RESTART:
            await _recover_start(row, intent, setting)
        case Operation.CREATE_EXEC | Operation.START_EXEC:
            row, refusal = await recover_exec(row, intent, setting)
            await _recover_row(row, setting, now)
            return refusal
        case Operation.PAUSE | Operation.UNPAUSE | Operation.UPDATE:
            return await _recover_change(row, intent, setting, now)
        case Operation.KILL | Operation.KILL_EXEC:
            return await _recover_kill(row, intent, setting, now)
        case _:
            await _finish(row, intent, setting)
    return None


async def _recover_row(row: Container | None, setting: Setting, now: Now) -> None:
    """No intent: a prepared run is found again, an ended one is settled; so is one of another boot.

    Of that, too, a container that waits to be started has files: what its shim half wrote, a work directory.
    """
    if row is None or row.init is None or await _found_again(row, row.init, setting):
        return
    await settle(row, settle_intent(row, setting, now), setting)


async def _found_again(row: Container, init: Init, setting: Setting) -> bool:
    """Whether its init lives; from here on its end is observed."""
    if not row.is_prepared(setting.layout.boot_id):
        return False
    await greet(row.id, row.run)
    if is_gone(await insist(row.id, v.WatchInit(row.id, row.run, init.process))):
        return False
    await _watch_execs(row)
    return True


async def _watch_execs(row: Container) -> None:
    """Those that have ended meanwhile are settled next."""
    for one in running(row.execs):
        if one.process is not None:
            await insist(row.id, v.WatchExec(row.id, row.run, one.id, one.process))


async def _recover_change(
    row: Container, intent: Intent, setting: Setting, now: Now
) -> Refusal | None:
    """Pause, unpause, update: what is seen of it is recorded, unless the run is over anyway."""
    if row.init is not None and await _found_again(row, row.init, setting):
        if intent.operation is Operation.UPDATE:
            return await recover_update(row, intent)
        await recover_pause(row, intent)
        return None
    # What was let go may have ended since: then its unpause was no failure.
    was_let_go = intent.operation is Operation.UNPAUSE and row.is_prepared(setting.layout.boot_id)
    if was_let_go:
        await persist(v.CommitAnswer(closing(intent)), row.id)
    else:
        await persist(v.CommitUndone((DropIntent(row.id),)), row.id)
    await _recover_row(row, setting, now)
    return None


async def _finish(row: Container, intent: Intent, setting: Setting) -> None:
    """Stop, settle, remove: what was asked to end goes on to its end."""
    if row.is_prepared(setting.layout.boot_id) and row.init is not None:
        await greet(row.id, row.run)
        await insist(row.id, v.WatchInit(row.id, row.run, row.init.process))
    match intent.operation:
        case Operation.STOP:
            await _watch_execs(row)
            await finish_stop(row, intent, setting)
        case Operation.REMOVE:
            await finish_remove(row, intent, setting)
        case _:
            await settle(row, intent, setting)


async def _recover_kill(row: Container, intent: Intent, setting: Setting, now: Now) -> Refusal:
    """As an older conmand recorded it. It has the answer that a kill has first today."""
    refusal = may_be_sent(row, intent)
    # What an exec was sent says nothing of its container.
    told = () if intent.exec_id else told_to_end(row, intent)
    await persist(v.CommitAnswer((*closing(intent, refusal), *told)), row.id)
    await _recover_row(told[0].container if told else row, setting, now)
    return refusal


# ---- start -------------------------------------------------------------------------------------


async def _recover_start(row: Container, intent: Intent, setting: Setting) -> None:
    init = intent.init if intent.prepares else row.init
    if intent.boot_id != setting.layout.boot_id or init is None:
        # After a power cut an unanswered start did not happen; without an init it never could.
        await _undo_start(row, intent, init, setting)
        return
    await greet(row.id, intent.run)
    await insist(row.id, v.FenceCall(row.id, intent.run, "start"))
    match await stop_and_look(row.id, init):
        case Look.RUNS:
            await insist(row.id, v.WatchInit(row.id, intent.run, init.process))
            await commit_running(row, intent, init, intent.at)
            return
        case Look.NEVER_RAN:
            # Before it is ended by us: its death must not look like the end of a started run.
            await insist(row.id, v.ForgetStart(row.id, intent.run))
        case Look.GONE:
            begun = await insist(row.id, v.LookForStart(row.id, intent.run))
            # The evidence may have gone with all of RUN: then nobody may say that it never ran.
            lost = setting.layout.has_lost_run and not intent.has_lost_run
            if isinstance(begun, Content) or lost:
                await ran_and_ended(row, intent, init, setting)
                return
    await _undo_start(row, intent, init, setting)


async def _undo_start(row: Container, intent: Intent, init: Init | None, setting: Setting) -> None:
    """It never ran: what the run made is undone, the row stays what it was."""
    binary = runtime_of(row, setting)
    await undo_run(row.id, intent.run, init, binary)
    await insist(row.id, v.RemoveRunRecord(row.id, intent.run))
    if intent.prepares:
        await persist(v.CommitUndone((DropIntent(row.id),)), row.id)
        return
    unprepared = (PutContainer(replace(row, init=None)), DropIntent(row.id))
    await persist(v.CommitUnprepared(unprepared), row.id)
