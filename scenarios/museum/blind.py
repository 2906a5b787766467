"""Exhibits that were planted blind (plants/), by somebody who had not seen the harness, and that it missed then.

And two mistakes of conman's own that came to light with them. None is of another project, but one that had
waited in the track record for an oracle that can tell.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from conman.core.admission import STOP_TIMEOUT_MS, Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Outcome
from conman.core.ledger import Ledger
from conman.core.model import Container, Init, Intent, Operation, State
from conman.core.requests import Okay, Reply
from conman.core.sagas import ending
from conman.core.sagas.commits import persist
from conman.core.sagas.run import insist
from conman.core.sagas.settle import exited, settle_run
from conman.errors import Refusal
from conman.primitives import steps as s
from conman.shim import machine as shim
from scenarios.museum.exhibit import Exhibit, Recipe, Replaced, Steps, without


def _unsynced(original: Callable[..., Steps], directory: str, data: bytes) -> Steps:
    return without(s.SyncFile)(original(directory, data))


def _not_tried_again(
    original: Callable[..., shim.Reaction], state: shim.State, *, ok: bool
) -> shim.Reaction:
    """It could not be written, and nobody remembers that."""
    after, actions = original(state, ok=ok)
    return replace(after, failed=False), actions


async def _marked_for_ever(_original: object, container_id: str, run: int, init: Init) -> Outcome:
    """What could not be written is written now, and its container UNKNOWN still."""
    told = await v.AwaitExitRecord(container_id, run)
    while ending._is_unwritten(told, init):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        await v.Mark(container_id, "ExitNotRecorded", "the exit cannot be written")
        await v.WaitFor(container_id, ending.RECORD_AGAIN_NS)
        told = await v.AwaitExitRecord(container_id, run)
    return told


async def _frozen_while_it_waits(
    _original: object, row: Container, intent: Intent, setting: Setting
) -> Reply:
    """What stands still is told to end, waited for, and let go then."""
    if row.init is None:
        raise AssertionError(row)
    if not isinstance(await v.SignalInit(row.init.process, intent.signal), s.Gone):
        await v.AwaitExit(row.id, row.run, intent.deadline)
    if row.state is State.PAUSED and row.is_prepared(setting.layout.boot_id):
        await insist(row.id, v.Thaw(row.id, row.run))
    ended = await settle_run(row, row.init, intent.at, setting)
    await persist(v.CommitExited(exited(row, intent, ended)), row.id)
    return Okay()


async def _all_its_time_again(
    original: Callable[..., Awaitable[Reply | None]],
    row: Container | None,
    intent: Intent | None,
    setting: Setting,
    now: Now,
) -> Reply | None:
    """The deadline of a stop is the dead daemon's, so it gets another."""
    if intent is not None and intent.operation is Operation.STOP:
        intent = replace(intent, deadline=now.monotonic + STOP_TIMEOUT_MS * 1_000_000)
    return await original(row, intent, setting, now)


def _ids_first(original: Callable[..., str | Refusal], ledger: Ledger, text: str) -> str | Refusal:
    """The beginning of an id is looked for before the names."""
    matches = [one for one in ledger.listed() if text and one.startswith(text)]
    return matches[0] if len(matches) == 1 else original(ledger, text)


_SETTLED = "stop-obedient"

EXHIBITS = (
    Exhibit(
        "id-before-name",
        "A",
        "a name that begins as an id does means the other container",
        "",
        "core",
        ("I2",),
        "rename-taken",
        (Replaced("conman.core.ledger.Ledger.resolve", _ids_first),),
    ),
    Exhibit(
        "frozen-while-it-waits",
        "C",
        "a paused program is let go only when its time to stop is over",
        "",
        "core",
        ("I5",),
        "stop-paused",
        (Replaced("conman.core.sagas.container.finish_stop", _frozen_while_it_waits),),
    ),
    Exhibit(
        "all-its-time-again",
        "C",
        "each daemon that finishes a stop waits all of its time again",
        "",
        "core",
        ("I5",),
        "stop-stubborn",
        (Replaced("conman.core.sagas.recovery.recover", _all_its_time_again),),
    ),
    Exhibit(
        "unknown-for-ever",
        "C",
        "an exit that could not be written is, and its container stays UNKNOWN",
        "",
        "core",
        ("I5",),
        _SETTLED,
        (Replaced(f"{ending.__name__}._word_of_shim", _marked_for_ever),),
    ),
    Exhibit(
        "exit-record-not-synced",
        "D",
        "the exit was recorded, and a power cut takes what was in the record",
        "CRI-O#3041",
        "shim",
        ("I11",),
        _SETTLED,
        (Replaced("conman.shim.recipes.write_exit", _unsynced),),
    ),
    Exhibit(
        "exit-record-in-a-lost-directory",
        "D",
        "the record is synced, and the name of its directory is not",
        "",
        "core",
        ("I11",),
        _SETTLED,
        (Recipe(v.PrepareBundle, without(s.SyncDirectory, "/runs")),),
    ),
    Exhibit(
        "not-tried-again",
        "D",
        "the disk was full for a moment, and the exit code is lost",
        "",
        "shim",
        ("I11",),
        _SETTLED,
        (Replaced(f"{shim.__name__}._record_written", _not_tried_again),),
    ),
    Exhibit(
        "descriptors-of-the-ended",
        "F",
        "the daemon holds pidfds and FIFOs of runs that are over, until it has none left",
        "",
        "core",
        ("I7",),
        _SETTLED,
        (Recipe(v.EndShim, without(s.Release)),),
    ),
    Exhibit(
        "half-a-record-left",
        "F",
        "a shim that writes its record anew is killed, and what it wrote stays",
        "",
        "core",
        ("I7",),
        _SETTLED,
        (Recipe(v.KeepExitRecord, without(s.Unlink)),),
    ),
)
