"""A start that the runtime refused is recorded as a success: its retry is told OK.

The caller is told the refusal; what is kept for the retry is an answer without one.

A user suffers: the connection breaks while the answer to a failed `start` is on its way, conmanctl asks
again with the same id, and says that the container was started. It is EXITED, 128.

Expected: I8 or I4 (one request, two answers that contradict each other). Guessed story: the one in which
a runtime refuses to start, with the daemon killed between commit and answer.
"""

from dataclasses import replace

from conman.core.effects import vocabulary as v
from conman.core.model import PutContainer, State
from conman.core.sagas.commits import closing, event, persist
from conman.core.sagas.run import dismantle, end_members, insist, runtime_of
from conman.errors import Code
from scenarios.museum.exhibit import Replaced


async def start_failed(_, row, intent, init, why, setting):
    """The original's lines; `closing` is not given the refusal."""
    refusal = replace(why, code=Code.FAILED_PRECONDITION, reason="StartError")
    await end_members(row.id, intent.run, init)
    await dismantle(row.id, intent.run, runtime_of(row, setting))
    await insist(row.id, v.RemoveRunRecord(row.id, intent.run))
    failed = replace(
        row,
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
    told = event("exited", failed, failed.finished_at)
    await persist(v.CommitExited((PutContainer(failed), *closing(intent), told)), row.id)
    return refusal


PATCHES = (Replaced("conman.core.sagas.container._start_failed", start_failed),)
