"""When two hosts are the same: a key without the names that chance gave.

Pids, container ids, boot ids, connection numbers and clock readings are renamed by the order in which
they appear; dead history is dropped. What could make a difference must be in the key: a key that merges
two worlds in which different things can happen would make an exploration a lie.
"""

import re

from conman.core.model import Container, Intent
from scenarios.disk import Disk, Inode
from scenarios.world import DATA, RUN, Call, Process, Shim, World, is_whole, unread

TRASH_DEPTH = 3


def of(world: World) -> str:
    """The key of the host as it is once the daemon, if one lives, has died."""
    return renamed(raw(world))


def raw(world: World) -> str:
    """The same before renaming: equal texts have equal keys, and many texts come again."""
    disk, storage = world.disk, world.storage
    walked = disk.everything()
    shim_pids = {one.pid for one in world.shims.values()}
    # Of runs that are over, and will never be told about again, only what they left can matter.
    rows = {(row.id, row.run) for row in storage.containers.values()}
    runs = rows | {(intent.id, intent.run) for intent in storage.intents.values()}
    everything = (
        [_file(path, disk, disk.inodes[number]) for path, number in walked if _matters(path)],
        _lost(disk),
        [(path, world.locks[number]) for path, number in walked if world.locks.get(number)],
        [_process(p) for p in world.processes.values() if p.alive or _unreaped(p, shim_pids)],
        [_shim(world, one) for one in world.shims.values()],
        [_call(call) for call in world.calls.values()],
        sorted(world.hung),
        sorted(world.mounts),
        sorted(world.cgroups),
        [_container(row) for row in storage.containers.values()],
        [_intent(intent) for intent in storage.intents.values()],
        sorted(storage.names.items()),
        sorted(storage.answers),
        [(run, code) for run, code in sorted(world.exits.items()) if run in runs],
        sorted((run, boot == world.boot) for run, boot in world.started if run in runs),
        sorted(world.unknowable & runs),
        (world.boot_id, world.boot > 1),
    )
    return repr(everything)


# ---- the parts ---------------------------------------------------------------------------------


def _file(path: str, disk: Disk, inode: Inode) -> tuple[str, ...]:
    """Its two sides. What lies in RUN has one only: a cut takes all of it."""
    if inode.is_settled or path.startswith(f"{RUN}/"):
        return (path, _look(path, inode.data))
    durable = disk.durable_path(inode)
    return (path, _look(path, inode.data), durable, _look(durable, inode.synced) if durable else "")


def _lost(disk: Disk) -> list[tuple[str, str]]:
    """What is unlinked, and what a cut could bring back."""
    unlinked = [inode for inode in disk.inodes.values() if inode.visible is None]
    places = [(disk.durable_path(inode), inode.synced) for inode in unlinked]
    return sorted((path, _look(path, data)) for path, data in places if path and _matters(path))


def _matters(path: str) -> bool:
    return not is_trash(path) and not _is_dead_weight(path)


def is_trash(path: str) -> bool:
    """Inside a directory that is being deleted: that it is there counts, not what is left in it."""
    return path.startswith(f"{DATA}/trash/") and path.count("/") > TRASH_DEPTH


def _is_dead_weight(path: str) -> bool:
    """A log and an overlay's work directory: no step ever looks at them."""
    name = path.rpartition("/")[2]
    return name == "log" or name.startswith("work-")


def _look(path: str, data: bytes | None) -> str:
    """What of a content can matter.

    Of a config.json, whether it is whole (every run rewrites it); of a temporary file nothing.
    """
    if not data or path.endswith(".tmp"):
        return ""
    if path.endswith(".json") and not is_whole(data):
        return "torn"
    return "whole" if path.endswith("/config.json") else repr(data)


def _process(p: Process) -> tuple[object, ...]:
    waits = any(mark.startswith("_LIBCONTAINER") for mark in p.marks)
    return (p.pid, p.parent, p.kind, p.cgroup, p.image, p.alive, p.stopped, p.code, waits)


def _unreaped(process: Process, shim_pids: set[int]) -> bool:
    return process.kind == "init" and process.parent in shim_pids


def _shim(world: World, one: Shim) -> tuple[object, ...]:
    state = one.state
    connection = world.connections.get(one.directory)
    inbox = one.inbox if connection is None else unread(one.inbox, connection)
    known = (state.phase.value, state.call, state.ended, state.recorded, state.failed)
    return (one.directory, one.pid, one.bound, known, one.actions, inbox)


def _call(call: Call) -> tuple[object, ...]:
    steps = None if call.steps is None else tuple((s.name, s.index) for s in call.steps)
    kind = type(call.command).__name__
    return (call.pid, call.parent, kind, call.state_directory, steps, call.answer.code, call.init)


def _container(row: Container) -> tuple[object, ...]:
    init = None if row.init is None else (row.init.process.boot_id, row.init.process.pid)
    return (row.id, row.name, row.state.value, row.run, init, row.exit_code, row.reason)


def _intent(intent: Intent) -> tuple[object, ...]:
    init = None if intent.init is None else (intent.init.process.boot_id, intent.init.process.pid)
    what = (intent.operation.value, intent.run, intent.prepares, intent.signal, intent.force)
    return (intent.id, what, intent.boot_id, intent.request_id, init)


# ---- renaming ----------------------------------------------------------------------------------

_CHANCE = re.compile(
    r"(?P<wire>(?:connection|seq)=\d+|asking=\([^)]*\))"
    r"|(?P<name>\b(?:1\d{4}|[0-9a-f]{32}|boot-\d+)\b)"
    r"|(?P<clock>\b\d{15,}\b)"
)


def renamed(text: str) -> str:
    """Chance's names by the order in which they appear."""
    names: dict[str, str] = {}

    def rename(found: re.Match[str]) -> str:
        if found.lastgroup == "name":
            return names.setdefault(found[0], f"#{len(names)}")
        return "T" if found.lastgroup == "clock" else ""

    return _CHANCE.sub(rename, text)
