"""Exhibits A and B: names that nobody can have any more, and containers that are half there."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.model import (
    Container,
    DropContainer,
    DropIntent,
    Intent,
    Operation,
    PutContainer,
    PutIntent,
    ReserveName,
)
from conman.core.requests import ContainerCreated, Okay, Reply
from conman.core.sagas import container, recovery, run
from conman.core.sagas.commits import closing, commit, event, persist
from conman.errors import Refusal
from conman.primitives import steps as s
from scenarios.museum.exhibit import Exhibit, Recipe, Replaced, without


async def _undone_but_for_its_name(_original: object, intent: Intent, setting: Setting) -> None:
    binary = run.runtime_of(intent.draft, setting)
    await run.undo_run(intent.id, intent.run, None, binary)
    await run.insist(intent.id, v.RemoveFiles(intent.id))
    await persist(v.CommitUndone((DropIntent(intent.id),)), intent.id)


async def _removed_but_for_its_name(
    _original: object, row: Container, intent: Intent, setting: Setting
) -> Reply:
    if row.is_prepared(setting.layout.boot_id):
        await run.end_members(row.id, row.run, row.init)
        await run.dismantle_prepared(row, setting)
    await run.insist(row.id, v.RemoveFiles(row.id))
    over = (DropContainer(row.id), *closing(intent), event("removed", row, intent.at))
    await persist(v.CommitRemoved(over), row.id)
    return Okay()


async def _not_after_a_reboot(
    original: Callable[..., Awaitable[None]], intent: Intent, setting: Setting
) -> None:
    """What an earlier boot left is taken for gone."""
    if intent.boot_id != setting.layout.boot_id:
        await persist(v.CommitUndone((DropIntent(intent.id),)), intent.id)
        return
    await original(intent, setting)


async def _prepared_without_owner(
    original: Callable[..., Awaitable[Reply]], intent: Intent, setting: Setting
) -> Reply:
    """The directory is made first, and who owns it is recorded when that has worked."""
    if intent.draft is not None:
        await v.PrepareBundle(intent.draft, intent.run, setting.permits)
    return await original(intent, setting)


async def _shim_without_owner(
    original: Callable[..., Awaitable[Reply]], intent: Intent, setting: Setting
) -> Reply:
    await v.SpawnShim(intent.id, intent.run)
    return await original(intent, setting)


async def _given_up(_original: object, intent: Intent, setting: Setting) -> Reply:
    """A create that fails is answered, and what it has made is left to the next start."""
    if intent.draft is None:
        raise AssertionError(intent)
    reserve = (ReserveName(intent.draft.name, intent.id), PutIntent(intent))
    if (refusal := await commit(v.RecordIntent(reserve), intent.id)) is not None:
        return refusal
    init = await run.prepare(intent.draft, intent.run, setting)
    if isinstance(init, Refusal):
        return init
    row = replace(intent.draft, init=init)
    changes = (PutContainer(row), *closing(intent), event("created", row, row.created_at))
    await persist(v.CommitCreated(changes), intent.id)
    return ContainerCreated(row.id, ())


async def _only_creates_are_undone(
    original: Callable[..., Awaitable[Reply | None]],
    row: Container | None,
    intent: Intent | None,
    *others: object,
) -> Reply | None:
    if intent is not None and intent.operation is Operation.CREATE:
        await persist(v.CommitUndone((DropIntent(intent.id),)), intent.id)
        return None
    return await original(row, intent, *others)


_CREATE = f"{container.__name__}.create_container"
_UNDO_CREATE = f"{container.__name__}.undo_create"

EXHIBITS = (
    Exhibit(
        "ghost-name-of-a-failed-create",
        "A",
        "a create that is undone keeps its name",
        "podman#16476",
        "core",
        ("I2",),
        "create",
        (Replaced(_UNDO_CREATE, _undone_but_for_its_name),),
    ),
    Exhibit(
        "ghost-name-of-a-removed-container",
        "A",
        "a removed container's name stays reserved",
        "podman#2240",
        "core",
        ("I2",),
        "remove-created",
        (Replaced(f"{container.__name__}.finish_remove", _removed_but_for_its_name),),
    ),
    Exhibit(
        "exists-after-reboot",
        "A",
        "what was half created before a reboot is not cleaned up after it",
        "CRI-O#1742",
        "core",
        ("I9",),
        "create",
        (Replaced(_UNDO_CREATE, _not_after_a_reboot),),
    ),
    Exhibit(
        "container-with-id-exists",
        "A",
        "the state of a runtime that was killed stays, and the id is taken",
        "runc#39",
        "core",
        ("I7",),
        "create",
        (Recipe(v.RemoveRuntimeState, without(s.RemoveTree)),),
    ),
    Exhibit(
        "reserved-until-restart",
        "A",
        "a create that timed out holds its name until the daemon is started again",
        "containerd#9947",
        "core",
        ("I5",),
        "create",
        (Replaced(_CREATE, _given_up),),
    ),
    Exhibit(
        "storage-without-container",
        "B",
        "a create that is killed leaves its storage to nobody",
        "podman#3906",
        "core",
        ("I3",),
        "create",
        (Replaced(_CREATE, _prepared_without_owner),),
    ),
    Exhibit(
        "resource-before-its-record",
        "B",
        "something is made before the record that owns it",
        "containerd/cri#568",
        "core",
        ("I3",),
        "create",
        (Replaced(_CREATE, _shim_without_owner),),
    ),
    Exhibit(
        "delete-said-yes",
        "B",
        "the runtime's delete answers 0, and the cgroup of its killed create stays",
        "runc#4534",
        "core",
        ("I7",),
        "create",
        (Recipe(v.RemoveCgroup, without(s.RemoveCgroup)),),
    ),
    Exhibit(
        "no-undo-after-a-crash",
        "B",
        "what a create has made is undone from memory only, never after a crash",
        "the first conman",
        "core",
        ("I9",),
        "create",
        (Replaced(f"{recovery.__name__}.recover", _only_creates_are_undone),),
    ),
)
