"""A paused container that is stopped is let go only after its time is over.

The signal, the wait, and then the thaw that KILL needs: in this order the stop signal reaches a program
that stands still all through the time that it was given to end in.

A user suffers: `stop` of a PAUSED database always takes the whole timeout, and the database is killed
without having been told.

Expected: none of I1..I21 by its words; perhaps the specification notices that an obedient program did
not end by its stop signal (I11, I4). Guessed story: `stop-paused`.
"""

from conman.core.effects import vocabulary as v
from conman.core.model import State
from conman.core.requests import Okay
from conman.core.sagas import container
from conman.core.sagas.commits import persist
from conman.core.sagas.run import insist, is_gone
from conman.core.sagas.settle import exited, settle_run
from scenarios.museum.exhibit import Replaced


async def finish_stop(_, row, intent, setting):
    """The original's lines; the second of them comes third."""
    init = container._init(row)
    if not is_gone(await v.SignalInit(init.process, intent.signal)):
        await v.AwaitExit(row.id, row.run, intent.deadline)
    if row.state is State.PAUSED and row.is_prepared(setting.layout.boot_id):
        await insist(row.id, v.Thaw(row.id, row.run))
    ended = await settle_run(row, init, intent.at, setting)
    await persist(v.CommitExited(exited(row, intent, ended)), row.id)
    return Okay()


PATCHES = (Replaced("conman.core.sagas.container.finish_stop", finish_stop),)
