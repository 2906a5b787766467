"""What follows the end of a run: nothing of it lives, its exit is durable, its objects are gone.

Stop does this inside its own saga; an end that nobody awaited starts the saga below. The exit record is
durable before any evidence is removed, and EXITED is committed only after everything else is gone.
"""

from conman.core import restarts
from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.execs import after_the_run, running
from conman.core.model import Change, Container, Init, Intent, Operation, PutContainer, State
from conman.core.sagas.commits import closing, event, persist
from conman.core.sagas.ending import read_exit
from conman.core.sagas.execs import end_execs, exec_exited
from conman.core.sagas.run import dismantle_prepared, end_members, insist
from conman.core.shim_call import Exit
from conman.frozen import replace


async def settle(row: Container, intent: Intent, setting: Setting) -> None:
    """An end that nobody awaited. Of an intent it needs no record: a row whose init is gone says it all."""
    if row.init is None:
        raise AssertionError(row)
    if row.state is State.CREATED:
        await unprepare(row, intent, setting)
    else:
        await settle_with_execs(row, row.init, intent, setting)


async def settle_with_execs(row: Container, init: Init, intent: Intent, setting: Setting) -> None:
    """Of a run whose program was told to run: first its execs, then itself."""
    row = await _without_execs(row, init, intent.at)
    await settle_begun(row, init, intent, setting)


async def settle_begun(row: Container, init: Init, intent: Intent, setting: Setting) -> None:
    """Of a run whose program ran, and whose execs are over: its end is committed.

    Which of them are remembered is judged where they end, and once: again, they would count as of before.
    """
    ended = await settle_run(row, init, intent.at, setting)
    await persist(v.CommitExited(exited(row, intent, ended)), row.id)


async def _without_execs(row: Container, init: Init, at: int) -> Container:
    """How they ended is asked while their shim lives, which has reaped them before the init.

    And committed: with the shim, which goes before this saga's own commit, that would be forgotten.
    """
    if not running(row.execs):
        return replace(row, execs=after_the_run(row.execs))
    await end_members(row.id, row.run, init)
    told = await end_execs(row, at)
    row = replace(row, execs=after_the_run(row.execs, told))
    events = (exec_exited(row, one) for one in told)
    await persist(v.CommitExecExited((PutContainer(row), *events)), row.id)
    return row


async def unprepare(row: Container, intent: Intent, setting: Setting) -> None:
    """The run was never started: no exit of the user's program, the row is what it was."""
    await end_members(row.id, row.run, row.init)
    await dismantle_prepared(row, setting)
    await insist(row.id, v.RemoveRunRecord(row.id, row.run))
    changes = (PutContainer(replace(row, init=None)), *closing(replace(intent, request_id="")))
    await persist(v.CommitUnprepared(changes), row.id)


async def settle_run(row: Container, init: Init, at: int, setting: Setting) -> Exit:
    """End what remains, read the exit, remove everything but DATA."""
    await end_members(row.id, row.run, init)
    ended = await read_exit(row.id, row.run, init, at)
    await dismantle_prepared(row, setting)
    return ended


def exited(row: Container, intent: Intent, ended: Exit) -> tuple[Change, ...]:
    """The row, the event and the answer of an ended run; and whether another is to follow."""
    over = replace(
        row,
        is_stopped=row.is_stopped or intent.operation is Operation.STOP,
        state=State.EXITED,
        init=None,
        finished_at=max(ended.at, row.started_at, row.created_at),
        exit_code=ended.code,
        reason=_reason(ended),
        message="" if ended.known else "nobody was there to see the exit code",
        oom_killed=ended.oom_kills > 0,
    )
    over = restarts.judged(over)
    kinds = ("oom", "exited") if over.oom_killed else ("exited",)
    told = tuple(event(kind, over, over.finished_at) for kind in kinds)
    return (PutContainer(over), *closing(intent), *told)


def _reason(ended: Exit) -> str:
    if not ended.known:
        return "Unknown"
    if ended.oom_kills > 0 and ended.code != 0:
        return "OOMKilled"
    return "Completed" if ended.code == 0 else "Error"
