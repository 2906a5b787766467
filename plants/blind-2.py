"""A start that recovery finds running is committed, but its init is watched by nobody.

The one who forgot it thought of the ordinary start, whose init was watched when it was prepared: by the
daemon that is dead now.

A user suffers: after an upgrade in the middle of a `start` the container is told as RUNNING for ever,
long after its program has ended; `wait` never returns, until conmand is started once more.

Expected: I8 at rest (RUNNING, and its init does not live), or I5 (a `wait` that never returns). Guessed
stories: `start` and `start-again`, with a program that ends afterwards.
"""

from conman.core.effects import vocabulary as v
from conman.core.sagas import container, recovery
from conman.core.sagas.run import Look, insist, stop_and_look
from conman.core.sagas.successor import greet
from conman.primitives.steps import Content
from scenarios.museum.exhibit import Replaced


async def recover_start(original, row, intent, setting):
    """The original's lines, without WatchInit."""
    init = intent.init if intent.prepares else row.init
    if intent.boot_id != setting.layout.boot_id or init is None:
        return await original(row, intent, setting)
    await greet(row.id, intent.run)
    await insist(row.id, v.FenceCall(row.id, intent.run, "start"))
    match await stop_and_look(row.id, init):
        case Look.RUNS:
            return await container.commit_running(row, intent, init, intent.at)
        case Look.NEVER_RAN:
            await insist(row.id, v.ForgetStart(row.id, intent.run))
        case Look.GONE:
            begun = await insist(row.id, v.LookForStart(row.id, intent.run))
            lost = setting.layout.has_lost_run and not intent.has_lost_run
            if isinstance(begun, Content) or lost:
                return await container.ran_and_ended(row, intent, init, setting)
    await recovery._undo_start(row, intent, init, setting)
    return None


PATCHES = (Replaced("conman.core.sagas.recovery._recover_start", recover_start),)
