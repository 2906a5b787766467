"""Update: other limits, for the program that runs and for every later run, or another restart policy.

The look at what the cgroup holds comes before the intent, which keeps it: so whatever a crash or the
kernel's no leaves half done can be put back to exactly that.
"""

from conman.core import limits, restarts
from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Outcome, why_not
from conman.core.model import Change, Container, DropIntent, Intent, PutContainer, PutIntent
from conman.core.requests import ContainerUpdated, Reply
from conman.core.resources import Resources
from conman.core.sagas.commits import closing, commit, event, persist
from conman.core.sagas.run import insist
from conman.errors import Code, Refusal
from conman.frozen import replace
from conman.primitives.steps import Absent, Controls, Done, Failed


async def update_container(
    row: Container, intent: Intent, change: Resources, setting: Setting
) -> Reply:
    """Where nothing is prepared, or nothing is to be set, only the row changes."""
    found = limits.Plan()
    if row.is_prepared(setting.layout.boot_id) and change != Resources():
        held = await v.ReadLimits(row.id, row.run)
        if not isinstance(held, Controls):
            return _unreadable(row, held)
        found = limits.plan(change, _whole(intent), dict(held.values))
    if found.refusal is not None:
        return found.refusal
    if not found.controls:
        refusal = await commit(v.CommitUpdated(_updated(row, intent)), row.id)
        return refusal or ContainerUpdated(found.warnings)
    return await _set(row, replace(intent, controls=found.controls), found.warnings)


async def _set(row: Container, intent: Intent, warnings: tuple[str, ...]) -> Reply:
    if (refusal := await commit(v.RecordIntent((PutIntent(intent),)), row.id)) is not None:
        return refusal
    outcome = await v.SetLimits(row.id, row.run, intent.controls)
    # Absent: its cgroup has just gone with its program; the limits hold from the next run on.
    if isinstance(outcome, Done | Absent):
        await persist(v.CommitUpdated(_updated(row, intent)), row.id)
        return ContainerUpdated(warnings)
    put_back = await _undo(row, intent)
    words = why_not(outcome, "nothing in time")
    if not isinstance(put_back, Failed):
        return limits.refused(row.name, words)
    words += f", and then, of what was before, {put_back.text}"
    return limits.refused(row.name, words, is_undone=False)


async def recover_update(row: Container, intent: Intent) -> Refusal | None:
    """What is set is recorded; what is not wholly set is put back. What to say where it cannot be."""
    held = await insist(row.id, v.ReadLimits(row.id, row.run))
    if isinstance(held, Controls) and limits.is_set(intent.controls, dict(held.values)):
        await persist(v.CommitUpdated(_updated(row, intent)), row.id)
        return None
    put_back = await _undo(row, intent)
    if not isinstance(put_back, Failed):
        return None
    words = f"of what was before conmand died in the middle: {put_back.text}"
    return limits.refused(row.name, words, is_undone=False)


async def _undo(row: Container, intent: Intent) -> Outcome:
    """Not insisted on: a container must not become UNKNOWN for a limit that it has outgrown. Then that one holds, and is told.

    Failed: other limits than before hold.
    """
    outcome = await v.RestoreLimits(row.id, row.run, intent.controls)
    told: tuple[Change, ...] = ()
    if isinstance(outcome, Failed):
        held = await insist(row.id, v.ReadLimits(row.id, row.run))
        told = _found(row, intent, held)
    await persist(v.CommitUndone((DropIntent(row.id), *told)), row.id)
    return outcome if told else Done()


def _found(row: Container, intent: Intent, held: Outcome) -> tuple[Change, ...]:
    """The row, where its limits are not those that the cgroup holds."""
    before, files = row.spec.resources, held.values if isinstance(held, Controls) else ()
    now = limits.in_force(before, _whole(intent), intent.controls, dict(files))
    if now == before:
        return ()
    found = replace(row, spec=replace(row.spec, resources=now))
    return (PutContainer(found), event("updated", found, intent.at))


def _updated(row: Container, intent: Intent) -> tuple[Change, ...]:
    updated = _with(row, intent)
    return (PutContainer(updated), *closing(intent), event("updated", updated, intent.at))


def _with(row: Container, intent: Intent) -> Container:
    changed = replace(row, spec=replace(row.spec, resources=_whole(intent)))
    return changed if intent.restart is None else restarts.under(intent.restart, changed)


def _whole(intent: Intent) -> Resources:
    if intent.resources is None:
        raise AssertionError(intent)
    return intent.resources


def _unreadable(row: Container, looked: Outcome) -> Refusal:
    return Refusal(
        Code.UNAVAILABLE,
        "HostFailed",
        f"cannot update container {row.name}: its limits cannot be read: {why_not(looked)}",
        "nothing was changed; try again",
    )
