"""Pause and unpause: every process of a container stands still, or goes on.

What the kernel holds still is what the row says: PAUSED is committed only once all stand, and what
cannot be brought to a stand is let go again. Found open at recovery: what is seen is recorded.
"""

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Outcome
from conman.core.model import Container, DropIntent, Intent, PutContainer, PutIntent, State
from conman.core.requests import Okay, Reply
from conman.core.sagas.commits import closing, commit, event, persist
from conman.core.sagas.run import insist
from conman.errors import Code, Refusal
from conman.frozen import replace
from conman.primitives.steps import Absent, Done, Failed, Freezer, Gone


async def pause_container(row: Container, intent: Intent) -> Reply:
    if row.init is None:
        raise AssertionError(row)
    if (refusal := await commit(v.RecordIntent((PutIntent(intent),)), intent.id)) is not None:
        return refusal
    outcome = await v.Freeze(row.id, row.run, row.init.process)
    if isinstance(outcome, Done):
        await _commit_paused(row, intent)
        return Okay()
    await insist(row.id, v.Thaw(row.id, row.run))
    await persist(v.CommitUndone((DropIntent(row.id),)), row.id)
    return _cannot(row, outcome)


async def unpause_container(row: Container, intent: Intent) -> Reply:
    if (refusal := await commit(v.RecordIntent((PutIntent(intent),)), intent.id)) is not None:
        return refusal
    await insist(row.id, v.Thaw(row.id, row.run))
    await _commit_running(row, intent)
    return Okay()


async def recover_pause(row: Container, intent: Intent) -> None:
    """Of both; its init lives. Half a freeze is no pause, half a thaw no more a pause."""
    seen = await insist(row.id, v.LookAtFreezer(row.id, row.run))
    if isinstance(seen, Freezer) and seen.frozen:
        await _found_frozen(row, intent)
        return
    await insist(row.id, v.Thaw(row.id, row.run))
    if row.state is State.PAUSED:
        await _commit_running(row, intent)
    else:
        await persist(v.CommitUndone((DropIntent(row.id),)), row.id)


async def _found_frozen(row: Container, intent: Intent) -> None:
    if row.state is State.PAUSED:
        await persist(v.CommitUndone((DropIntent(row.id),)), row.id)
    else:
        await _commit_paused(row, intent)


async def _commit_paused(row: Container, intent: Intent) -> None:
    paused = replace(row, state=State.PAUSED)
    changes = (PutContainer(paused), *closing(intent), event("paused", paused, intent.at))
    await persist(v.CommitPaused(changes), row.id)


async def _commit_running(row: Container, intent: Intent) -> None:
    running = replace(row, state=State.RUNNING)
    changes = (PutContainer(running), *closing(intent), event("unpaused", running, intent.at))
    await persist(v.CommitRunning(changes), row.id)


def _cannot(row: Container, outcome: Outcome) -> Refusal:
    match outcome:
        case Gone() | Absent():
            return Refusal(
                Code.FAILED_PRECONDITION,
                "NotRunning",
                f"cannot pause container {row.name}: its process has just ended",
            )
        case Failed(text=text):
            why = f"the kernel says {text}"
        case _:
            why = "not all of its processes came to a stand in time"
    return Refusal(
        Code.FAILED_PRECONDITION,
        "CannotFreeze",
        f"cannot pause container {row.name}: {why}",
        "it runs on; try again",
    )
