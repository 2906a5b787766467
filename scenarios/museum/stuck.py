"""Exhibits C and L: states that never end, and states that are not so."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.model import (
    Container,
    DropIntent,
    Intent,
    Operation,
    PutContainer,
    PutIntent,
)
from conman.core.requests import Reply
from conman.core.sagas import container, kill, recovery, run
from conman.core.sagas.commits import commit, persist
from conman.primitives import steps as s
from scenarios.museum.exhibit import Exhibit, Recipe, Replaced


async def _start_forgotten(
    _original: object, row: Container, intent: Intent, _setting: Setting
) -> None:
    await recovery.greet(row.id, intent.run)
    await run.insist(row.id, v.FenceCall(row.id, intent.run, "start"))
    if row.init is not None:
        await v.WatchInit(row.id, intent.run, row.init.process)
    await persist(v.CommitUndone((DropIntent(row.id),)), row.id)


async def _not_recorded(*_: object) -> None:
    """Of a signal nothing is durable before it is sent."""


async def _left_open(*_: object) -> None:
    """Somebody else will see to it."""


async def _only_of_this_boot(
    original: Callable[..., Awaitable[Reply | None]],
    row: Container,
    intent: Intent,
    setting: Setting,
) -> Reply | None:
    if intent.operation is Operation.STOP and intent.boot_id != setting.layout.boot_id:
        return None
    return await original(row, intent, setting)


async def _no_removal(
    original: Callable[..., Awaitable[Reply | None]],
    row: Container,
    intent: Intent,
    setting: Setting,
) -> Reply | None:
    if intent.operation is Operation.REMOVE:
        return None
    return await original(row, intent, setting)


async def _believed_alive(
    _original: object, row: Container, _init: object, setting: Setting
) -> bool:
    """The row says that it runs."""
    if row.is_prepared(setting.layout.boot_id):
        await recovery.greet(row.id, row.run)
        return True
    return False


async def _told_before_it_runs(
    original: Callable[..., Awaitable[Reply]], row: Container, intent: Intent, setting: Setting
) -> Reply:
    """RUNNING is committed, then the runtime is called."""
    if row.init is None or intent.prepares:
        return await original(row, intent, setting)
    if (refusal := await commit(v.RecordIntent((PutIntent(intent),)), intent.id)) is not None:
        return refusal
    reply = await container.commit_running(row, intent, row.init, intent.at)
    await v.RuntimeStart(row.id, intent.run, run.runtime_of(row, setting))
    return reply


async def _init_left(
    _original: object, row: Container, _intent: Intent, _init: object, _setting: Setting
) -> None:
    """The row is unprepared again, its half-started process is not ended."""
    changes = (PutContainer(replace(row, init=None)), DropIntent(row.id))
    await persist(v.CommitUnprepared(changes), row.id)


async def _alive_in_any_boot(
    original: Callable[..., Awaitable[None]], row: Container | None, setting: Setting, now: Now
) -> None:
    """A reboot is not noticed: what was recorded is still there, is it not."""
    if row is not None and row.is_prepared(setting.layout.boot_id):
        await original(row, setting, now)


def _unwatched(steps: tuple[s.Step, ...]) -> tuple[s.Step, ...]:
    """Whether it lives is looked at, once."""
    return tuple(
        s.SignalProcess(one.process, 0) if isinstance(one, s.WatchProcess) else one for one in steps
    )


async def _purged(
    original: Callable[..., Awaitable[None]], row: Container | None, setting: Setting, now: Now
) -> None:
    """Whose init is not found is taken for broken, and removed."""
    if row is None or row.init is None:
        return
    found = await run.insist(row.id, v.WatchInit(row.id, row.run, row.init.process))
    if not isinstance(found, s.Gone):
        await original(row, setting, now)
        return
    intent = Intent(row.id, Operation.REMOVE, row.run, setting.layout.boot_id, now.wall)
    await container.remove_container(row, intent, setting)


_RECOVERY = recovery.__name__

EXHIBITS = (
    Exhibit(
        "stuck-created",
        "C",
        "a start that was interrupted is forgotten; its program runs under CREATED",
        "containerd#10437",
        "core",
        ("I4",),
        "start",
        (Replaced(f"{_RECOVERY}._recover_start", _start_forgotten),),
    ),
    Exhibit(
        "stopping-for-ever",
        "C",
        "an interrupted stop is never finished",
        "podman#19629",
        "core",
        ("I5",),
        "stop-obedient",
        (Replaced(f"{_RECOVERY}._finish", _left_open),),
    ),
    Exhibit(
        "stopping-after-reboot",
        "C",
        "a stop that a reboot interrupted is never finished",
        "podman#17484",
        "core",
        ("I10",),
        "stop-obedient",
        (Replaced(f"{_RECOVERY}._finish", _only_of_this_boot),),
    ),
    Exhibit(
        "removal-in-progress",
        "C",
        "an interrupted removal is never finished, and cannot be repeated",
        "moby#22312",
        "core",
        ("I5",),
        "remove-created",
        (Replaced(f"{_RECOVERY}._finish", _no_removal),),
    ),
    Exhibit(
        "dead-and-running",
        "C",
        "who died while no daemon was there stays RUNNING",
        "moby#24971",
        "core",
        ("I8",),
        "kill",
        (Replaced(f"{_RECOVERY}._found_again", _believed_alive),),
    ),
    Exhibit(
        "never-becomes-exited",
        "C",
        "a container that lived when the daemon came back is not watched any more",
        "docker/for-linux#761",
        "core",
        ("I8",),
        "kill",
        (Recipe(v.WatchInit, _unwatched),),
    ),
    Exhibit(
        "signal-sent-again",
        "C",
        "who asks again for a signal, after a crash, has it sent twice",
        "",
        "core",
        ("I9",),
        "kill-once",
        (Replaced(f"{kill.__name__}._recorded", _not_recorded),),
    ),
    Exhibit(
        "running-but-not",
        "C",
        "RUNNING is told before the program runs",
        "containerd#8459",
        "core",
        ("I8",),
        "start",
        (Replaced(f"{container.__name__}.start_container", _told_before_it_runs),),
    ),
    Exhibit(
        "all-created-and-inits-left",
        "C",
        "after a crash all are CREATED, and their half-started inits are left",
        "nerdctl#2793",
        "core",
        ("I7",),
        "start",
        (Replaced(f"{_RECOVERY}._undo_start", _init_left),),
    ),
    Exhibit(
        "purged-at-restore",
        "C",
        "a container whose process is not found at the daemon's start is removed",
        "the first conman",
        "core",
        ("I15",),
        "exits-at-once",
        (Replaced(f"{_RECOVERY}._recover_row", _purged),),
    ),
    Exhibit(
        "reboot-not-noticed",
        "L",
        "what ran before a reboot is RUNNING after it",
        "podman#5057",
        "core",
        ("I10",),
        "goes-on",
        (Replaced(f"{_RECOVERY}._recover_row", _alive_in_any_boot),),
    ),
)
