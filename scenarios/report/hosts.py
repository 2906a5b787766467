"""What a host holds, as a person lists it, and what a death took from it.

Names here are for reading: an id is its last digits, a pid counts from 1. It must never hide a loss: what
was there before and is not afterwards is in the difference, whatever it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from scenarios.cut_names import short
from scenarios.disk import Disk, Inode
from scenarios.world import DATA, FIRST_PID, RUN, World

FILES, RUNTIME_FILES, STORE = "files on disk", "files in RUN, a tmpfs", "rows of the store"
PROCESSES, MOUNTS, CGROUPS = "processes", "mounts", "cgroups"

KEPT, LOST, CHANGED, NEW = "kept", "lost", "changed", "new"


@dataclass(frozen=True, slots=True)
class Thing:
    """`detail`: what of it can be another one; `risk`: what a cut could do to it, "" where it is safe."""

    group: str
    name: str
    detail: str = ""
    risk: str = ""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a thing: `thing` as it was, `now` as it is, if it is."""

    fate: str
    thing: Thing
    now: str = ""


def things(world: World, *, daemon: bool) -> list[Thing]:
    """`daemon`: whether one lives; it is no part of the world."""
    return [
        *_files(world.disk),
        *([Thing(PROCESSES, "conmand", "the daemon")] if daemon else []),
        *_processes(world),
        *(Thing(MOUNTS, short(path)) for path in sorted(world.mounts)),
        *_cgroups(world),
        *_store(world),
    ]


def difference(before: list[Thing], after: list[Thing]) -> Iterator[Fate]:
    """What was, in its order, then what is new."""
    left = {(thing.group, thing.name): thing for thing in after}
    for thing in before:
        now = left.pop((thing.group, thing.name), None)
        if now is None:
            yield Fate(LOST, thing)
        else:
            yield Fate(KEPT if now.detail == thing.detail else CHANGED, thing, now.detail)
    yield from (Fate(NEW, thing, thing.detail) for thing in left.values())


# ---- each group ----------------------------------------------------------------------------------


def _files(disk: Disk) -> Iterator[Thing]:
    for path, number in disk.everything():
        inode = disk.inodes[number]
        name = short(path) + ("/" if inode.kind == "dir" else "")
        if path.startswith(f"{RUN}/"):
            yield Thing(RUNTIME_FILES, name.removeprefix(f"{RUN}/"), _content(inode))
        elif path.startswith(f"{DATA}/"):
            yield Thing(FILES, name, _content(inode), _risk(disk, path, inode))


def _content(inode: Inode) -> str:
    if inode.kind != "file" or not inode.data:
        return ""
    return "zeros" if not inode.data.strip(b"\0") else f"{len(inode.data)} bytes"


def _risk(disk: Disk, path: str, inode: Inode) -> str:
    if disk.durable_path(inode) != path:
        return "name not synced"
    return "" if inode.is_settled else "content not synced"


def _processes(world: World) -> Iterator[Thing]:
    for process in world.processes.values():
        if process.alive:
            what = process.cmdline if process.kind == "init" and process.image > 1 else process.kind
            where = short(process.cgroup.rpartition("/")[2])
            detail = f"in cgroup {where}" if where else ""
            state = ", stopped" if process.stopped else ""
            yield Thing(PROCESSES, f"{process.pid - FIRST_PID + 1} {what}", detail + state)


def _cgroups(world: World) -> Iterator[Thing]:
    for cgroup in sorted(world.cgroups):
        members = [str(pid - FIRST_PID + 1) for pid in world.members(cgroup)]
        state = world.control_group(cgroup).freezer.lower()
        yield Thing(CGROUPS, short(cgroup), f"{state}, members: {' '.join(members) or 'none'}")


def _store(world: World) -> Iterator[Thing]:
    for row in world.storage.containers.values():
        code = "" if row.exit_code is None else f", exit code {row.exit_code}"
        yield Thing(STORE, f"container {row.name}", f"{row.state.value}, run {row.run}{code}")
    for intent in world.storage.intents.values():
        yield Thing(STORE, f"intent {intent.operation.value}", f"of {short(intent.id)}")
    for name, owner in sorted(world.storage.names.items()):
        yield Thing(STORE, f"name {name}", f"of {short(owner)}")
