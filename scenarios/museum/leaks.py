"""Exhibits F: mounts, cgroups, directories and locks that nobody owns any more."""

from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.model import Change, Container, DropContainer, Intent, ReleaseName
from conman.core.requests import Okay, Reply
from conman.core.sagas import container, run, settle
from conman.core.sagas.commits import closing, event, persist
from conman.primitives import steps as s
from scenarios.museum.exhibit import Exhibit, Recipe, Replaced, Steps, without


async def _committed_then_cleaned(
    _original: object, row: Container, intent: Intent, setting: Setting
) -> None:
    """The record of the end goes first, and who cleans up has nothing to go by."""
    if row.init is None:
        raise AssertionError(row)
    await run.end_members(row.id, row.run, row.init)
    ended = await settle.read_exit(row.id, row.run, row.init, intent.at)
    await persist(v.CommitExited(settle.exited(row, intent, ended)), row.id)
    await run.dismantle_prepared(row, setting)


async def _record_first(
    _original: object, row: Container, intent: Intent, setting: Setting
) -> Reply:
    changes: tuple[Change, ...] = (DropContainer(row.id), ReleaseName(row.id), *closing(intent))
    await persist(v.CommitRemoved((*changes, event("removed", row, intent.at))), row.id)
    await run.end_members(row.id, row.run, row.init)
    await run.dismantle_prepared(row, setting)
    await run.insist(row.id, v.RemoveFiles(row.id))
    return Okay()


def _nobody_ended(_steps: Steps) -> Steps:
    """The runtime's delete will end whoever is there."""
    return (s.CheckPath("/"),)


_SETTLE = settle.__name__

EXHIBITS = (
    Exhibit(
        "mount-stays-busy",
        "F",
        "a mount is left on a directory that goes",
        "containerd#2455",
        "core",
        ("I3",),
        "remove-created",
        (Recipe(v.UnmountRootfs, without(s.Unmount)),),
    ),
    Exhibit(
        "record-of-each-run",
        "F",
        "each run leaves the record of its end, for as long as its container is there",
        "",
        "core",
        ("I7",),
        "start-again",
        (Recipe(v.RemoveRunRecord, without(s.RemoveTree)),),
    ),
    Exhibit(
        "record-gone-before-the-cleaning",
        "F",
        "the end is recorded before what is left of it is removed",
        "containerd#5768",
        "core",
        ("I7",),
        "exits-at-once",
        (Replaced(f"{_SETTLE}.settle", _committed_then_cleaned),),
    ),
    Exhibit(
        "record-removed-first",
        "F",
        "remove drops the record, then what it stood for",
        "the first conman",
        "core",
        ("I3",),
        "remove-created",
        (Replaced(f"{container.__name__}.finish_remove", _record_first),),
    ),
    Exhibit(
        "cgroup-left-after-its-container",
        "F",
        "a cgroup stays after its container's end",
        "crun#1092",
        "core",
        ("I7",),
        "out-of-memory",
        (Recipe(v.RemoveCgroup, without(s.RemoveCgroup)),),
    ),
    Exhibit(
        "cgroup-not-empty",
        "F",
        "the old container lives, its state is lost, and its cgroup cannot be removed",
        "runc#3828",
        "core",
        ("I5",),
        "run-removed",
        (Recipe(v.EndMembers, _nobody_ended),),
    ),
    Exhibit(
        "orphaned-files",
        "F",
        "what a SIGKILL left of a removal is never looked for",
        "containerd#6294",
        "core",
        ("I7",),
        "remove-created",
        (Recipe(v.RemoveFiles, without(s.RemoveTree)),),
    ),
    Exhibit(
        "removal-comes-back",
        "F",
        "a removal is not synced, and a power cut brings it back",
        "",
        "core",
        ("I3",),
        "remove-created",
        (Recipe(v.RemoveFiles, without(s.SyncDirectory)),),
    ),
)
