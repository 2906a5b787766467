"""What bears our instance and belongs to nobody; and records that only a force can remove.

Garbage is only what no row, no intent and no quarantined record owns, and in which nothing lives. A
live process without a row is never ended here: it becomes a listed UNKNOWN record, and a person decides.
"""

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Outcome
from conman.core.model import (
    AppendEvent,
    Change,
    Container,
    DropContainer,
    DropIntent,
    Event,
    Intent,
    PutIntent,
    ReleaseName,
)
from conman.core.requests import Okay, Reply
from conman.core.sagas.commits import closing, commit, persist
from conman.core.sagas.run import dismantle, end_members, fence_prepare, insist, runtime_of
from conman.primitives.steps import Inventory, Remaining


async def look_for_garbage() -> Inventory | None:
    """The host's inventory; None when the look failed: then nothing is garbage."""
    found = await v.LookAtHost()
    return found if isinstance(found, Inventory) else None


async def collect(container_id: str, setting: Setting, now: Now) -> None:
    """Remove an id's unowned runs, and its files; or list it, where something lives.

    Looked at again first: what was listed may have had an owner then, who has removed it since. The event comes first: of garbage nothing is left afterwards that a recovery could tell of. So a
    crash in between has it told again, by the one who removes it.
    """
    found = await look_for_garbage()
    if found is None or container_id not in found.ids():
        return
    runs = found.runs_of(container_id)
    for run in runs:
        living = await v.LookForMembers(container_id, run)
        if not isinstance(living, Remaining) or living.pids:
            await v.Mark(container_id, "Unowned", _why_unowned(run, living))
            return
    collected = AppendEvent(Event(now.wall, container_id, "collected", max(runs, default=0)))
    if await commit(v.CommitCollected((collected,)), container_id) is not None:
        return
    for run in runs:
        await fence_prepare(container_id, run)
        await end_members(container_id, run, None)
        await dismantle(container_id, run, setting.runtime)
    await insist(container_id, v.EmptyTrash(container_id))
    await insist(container_id, v.RemoveFiles(container_id))


def _why_unowned(run: int, living: Outcome) -> str:
    if isinstance(living, Remaining):
        pids = ", ".join(str(pid) for pid in living.pids)
        return f"processes {pids} of run {run} live, and no record owns them"
    return f"nobody can tell whether anything of run {run} lives, and no record owns it"


async def collect_runs(row: Container, runs: tuple[int, ...], setting: Setting) -> None:
    """Stale runs of a container that goes on without them, and keeps its root if it runs."""
    for run in runs:
        living = await v.LookForMembers(row.id, run)
        if isinstance(living, Remaining) and not living.pids:
            await fence_prepare(row.id, run)
            binary, keeps_root = runtime_of(row, setting), row.init is not None
            await dismantle(row.id, run, binary, keeps_root=keeps_root)


async def remove_unreadable(container_id: str, intent: Intent, setting: Setting) -> Reply:
    """Remove --force of a quarantined or unowned record: everything that bears its id goes."""
    begin = (DropIntent(container_id), PutIntent(intent))
    if (refusal := await commit(v.RecordIntent(begin), container_id)) is not None:
        return refusal
    return await finish_remove_unreadable(container_id, intent, setting)


async def finish_remove_unreadable(container_id: str, intent: Intent, setting: Setting) -> Reply:
    found = await insist(container_id, v.LookAtHost())
    runs = found.runs if isinstance(found, Inventory) else ()
    for owner, run in runs:
        if owner == container_id:
            await fence_prepare(container_id, run)
            await end_members(container_id, run, None)
            await dismantle(container_id, run, setting.runtime)
    await insist(container_id, v.RemoveFiles(container_id))
    over: tuple[Change, ...] = (
        DropContainer(container_id),
        ReleaseName(container_id),
        *closing(intent),
        AppendEvent(Event(intent.at, container_id, "removed", intent.run)),
    )
    await persist(v.CommitRemoved(over), container_id)
    return Okay()
