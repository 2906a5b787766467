"""The store and the host compared: what a record promises and the host lacks, what lies there for nobody.

Pure: two values in, findings out, the same order each time. It must never call something wrong that a
daemon is just doing, so an object with an open intent is left out while one lives.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field

from conman.core.model import Container, Intent, RootfsMode, Stored
from conman.frozen import frozen

Run = tuple[str, int]

_RESTART = "start conmand again: it recovers what it finds"
_REMOVE = "conmanctl container remove --force {}"


@frozen
class Seen:
    """What was looked up. `traces`: what bears a run's name, in words; `living`: runs whose init lives,
    as its row has it; `members`: processes of runs of which no row knows.
    """

    boot_id: str
    has_daemon: bool
    directories: tuple[str, ...] = ()
    trash: tuple[str, ...] = ()
    mounted: tuple[str, ...] = ()
    traces: Mapping[Run, tuple[str, ...]] = field(default_factory=dict[Run, tuple[str, ...]])
    living: tuple[Run, ...] = ()
    shims: tuple[Run, ...] = ()
    members: Mapping[Run, tuple[int, ...]] = field(default_factory=dict[Run, tuple[int, ...]])
    unreadable: tuple[str, ...] = ()


@frozen
class Finding:
    """One difference. `object_id` and `name` may be empty; `advice`: what to do."""

    object_id: str
    name: str
    what: str
    advice: str


def compare(stored: Stored, seen: Seen) -> tuple[Finding, ...]:
    """By id, then whatever has none."""
    names = {holder: name for name, holder in stored.names}
    rows = {row.id: row for row in stored.containers}
    intents = {intent.id: intent for intent in stored.intents}
    bad = {each.id: each.why for each in stored.quarantined}
    ids = sorted({*rows, *intents, *bad, *seen.directories, *seen.trash, *seen.mounted})
    ids = sorted({*ids, *(owner for owner, _ in seen.traces)})
    found: list[Finding] = []
    for object_id in ids:
        told = _of(object_id, rows.get(object_id), intents.get(object_id), bad, seen)
        name = names.get(object_id, "")
        found += [Finding(object_id, name, what, advice) for what, advice in told]
    move = "move it away: while it is there no garbage is collected"
    found += [Finding("", "", f"{path} is nothing of conman's", move) for path in seen.unreadable]
    return tuple(found)


def _of(
    object_id: str,
    row: Container | None,
    intent: Intent | None,
    bad: Mapping[str, str],
    seen: Seen,
) -> Iterator[tuple[str, str]]:
    if object_id in bad:
        yield f"its record cannot be read: {bad[object_id]}", "conmand repair shows and saves it"
    elif intent is not None:
        if not seen.has_daemon:
            yield f"{intent.operation.value} of run {intent.run} was interrupted", _RESTART
    elif row is None:
        yield from _unowned(object_id, seen)
    else:
        yield from _of_row(row, seen)


def _unowned(object_id: str, seen: Seen) -> Iterator[tuple[str, str]]:
    runs = _runs(object_id, seen)
    pids = [pid for run in runs for pid in seen.members.get(run, ())]
    words = [f"run {run[1]}: {', '.join(seen.traces[run])}" for run in runs]
    words += ["a directory"] if object_id in seen.directories else []
    words += ["a directory in the trash"] if object_id in seen.trash else []
    words += ["a mount"] if object_id in seen.mounted else []
    what = f"no record owns it: {'; '.join(words)}"
    if pids:
        listed = ", ".join(str(pid) for pid in pids)
        yield f"{what}; processes {listed} live", _REMOVE.format(object_id)
    else:
        yield what, "start conmand again: it collects what nobody owns"


def _of_row(row: Container, seen: Seen) -> Iterator[tuple[str, str]]:
    if row.id not in seen.directories:
        yield "its directory is missing", _REMOVE.format(row.id)
    if row.init is None:
        yield from _at_rest(row, seen)
    elif not row.is_prepared(seen.boot_id):
        yield f"run {row.run} was of an earlier boot and is not settled", _RESTART
    else:
        yield from _prepared(row, seen)
    for run in _runs(row.id, seen):
        if row.init is not None and run[1] != row.run:
            yield f"left of run {run[1]}: {', '.join(seen.traces[run])}", _RESTART


def _at_rest(row: Container, seen: Seen) -> Iterator[tuple[str, str]]:
    """It owns its directory, and nothing else."""
    for run in _runs(row.id, seen):
        yield f"left of run {run[1]}: {', '.join(seen.traces[run])}", _RESTART
    if row.id in seen.mounted:
        yield "its root file system is still mounted", _RESTART


def _prepared(row: Container, seen: Seen) -> Iterator[tuple[str, str]]:
    run = (row.id, row.run)
    pid = row.init.process.pid if row.init else 0
    if run not in seen.living:
        yield f"its process {pid} has ended, and nobody settled that", _RESTART
    if run not in seen.shims:
        yield f"the shim of run {row.run} is gone", _RESTART
    if row.rootfs_mode is RootfsMode.OVERLAY and row.id not in seen.mounted:
        yield "its root file system is not mounted", "stop it and start it again"


def _runs(object_id: str, seen: Seen) -> list[Run]:
    return sorted(run for run in seen.traces if run[0] == object_id)
