"""When two hosts are the same: a key without the names that chance gave.

Pids, container ids, boot ids, connection numbers and clock readings are renamed by the order in which
they appear; dead history is dropped. What could make a difference must be in the key: a key that merges
two worlds in which different things can happen would make an exploration a lie. So everything that the
world and the store hold is in it but for what is named here, each with its reason (decision 19); an
attribute that nobody told this module about is in it.
"""

from collections.abc import Iterator
from dataclasses import fields
from functools import cache

from conman.core.model import Container, State
from conman.core.restart import HEALTHY, LONGEST_DELAY, NEVER
from conman.shim import machine as shim
from scenarios.disk import Disk, Inode, is_whole
from scenarios.pieces import Piece, joined, key, piece, shown
from scenarios.rendering import rendered
from scenarios.shims import Shim, left_alone
from scenarios.storage import Storage
from scenarios.world import DATA, RUN, Process, World

TRASH_DEPTH = 3
_LIVE = (State.RUNNING, State.PAUSED)

#: Attributes of the world that are rendered by a function below, or left out for a reason.
_APART = frozenset(
    {
        # Rendered apart.
        *("disk", "storage", "processes", "locks", "shims", "mounts", "cgroups"),
        *("started", "exits", "out_of_memory", "kept", "terminal", "boot"),
        # They give the next name that chance gives, and every name is renamed.
        *("next_pid", "next_connection", "next_id"),
        # Time passes only to the next deadline, and every daemon computes its own anew.
        "monotonic",
        # How long the client has been waiting is.
        "asked_at",
        # Only what several clients were told is compared with it, and their history has it.
        "by_itself",
        # They end with the daemon; `positions` has them while it lives.
        *("connections", "shim_answers", "watched", "endings", "ended_calls"),
        # A follower lags just after a commit, and the explorer comes there first: who merges has heard all.
        "followed",
        # A strike to come is of a life, not of the host.
        "record_fails_in",
        # Not a part of the state, but how much it is forgiven; see Explorer.
        "disturbed",
    }
)


def of(world: World, told: object = None) -> bytes:
    """The key of the host as it is once the daemon, if one lives, has died. `told`: by whoever asks."""
    return key((*pieces(world), piece(repr(told))))


def pieces(world: World) -> list[Piece]:
    """What the key is made of."""
    made = [piece(files(world.disk)), *_processes(world), piece(_locks(world))]
    for one in world.shims.values():
        made += _shim(world, one)
    made.append(piece(f"{sorted(world.mounts.items())}{sorted(world.cgroups)}{world.boot_id}"))
    made.append(_store(world.storage))
    made.append(piece(_ghosts(world)))
    for name, value in vars(world).items():
        if name not in _APART:
            made += (piece(name), *rendered(value))
    return made


# ---- files -------------------------------------------------------------------------------------


def files(disk: Disk) -> str:
    """Every file that some step looks at, remembered until the disk changes."""
    if disk.text is None:
        texts = [
            _file(path, disk, disk.inodes[number])
            for path, number in disk.everything()
            if _matters(path)
        ]
        disk.text = "\n".join((*texts, *_lost(disk)))
    return disk.text


def _file(path: str, disk: Disk, inode: Inode) -> str:
    """Its two sides. What lies in RUN has one only: a cut takes all of it."""
    seen = f"{inode.kind} {path} {look(path, inode.data)}"
    if inode.is_settled or path.startswith(f"{RUN}/"):
        return seen
    durable = disk.durable_path(inode)
    where = f"{durable} {look(durable or path, inode.synced)}"
    is_torn = inode.kind == "file" and inode.data != inode.synced and look(path, inode.data) != ""
    return f"{seen} {where} {is_torn}"


def _lost(disk: Disk) -> list[str]:
    """What is unlinked, and what a cut could bring back."""
    unlinked = [inode for inode in disk.inodes.values() if inode.visible is None]
    places = [(disk.former_path(inode), inode) for inode in unlinked]
    return sorted(
        f"lost {inode.kind} {path} {look(path, inode.synced)}"
        for path, inode in places
        if path and _matters(path)
    )


def _matters(path: str) -> bool:
    return not is_trash(path) and not is_dead_weight(path)


def is_trash(path: str) -> bool:
    """Inside a directory that is being deleted: that it is there counts, not what is left in it."""
    return path.startswith(f"{DATA}/trash/") and path.count("/") > TRASH_DEPTH


def is_dead_weight(path: str) -> bool:
    """A log, also one that was moved away, and an overlay's work directory: no step ever looks at them."""
    name = path.rpartition("/")[2]
    return name in {"log", "log-moved"} or name.startswith("work-")


@cache
def look(path: str, data: bytes | None) -> str:
    """What of a file's content some reader can tell apart."""
    if not data or path.endswith(".tmp"):
        return ""
    if path.endswith(".json") and not is_whole(data):
        return "torn"
    # A bundle's is written anew before each create: only the oracle reads an old one.
    return "whole" if path.endswith("/config.json") else repr(data)


# ---- the other parts ---------------------------------------------------------------------------


def _locks(world: World) -> str:
    held = {number: pids for number, pids in world.locks.items() if pids}
    return repr([(p, held[n]) for p, n in world.disk.everything() if n in held] if held else [])


def _processes(world: World) -> Iterator[Piece]:
    """The dead only while a shim has yet to reap them: else nobody can tell that they were."""
    shims = {one.pid for one in world.shims.values()}
    return (shown(p) for p in world.processes.values() if p.alive or _is_unreaped(p, shims))


def _is_unreaped(process: Process, shim_pids: set[int]) -> bool:
    return process.kind in {"init", "exec"} and process.parent in shim_pids


def _shim(world: World, one: Shim) -> Iterator[Piece]:
    """As the daemon's death leaves it.

    Of connections it only compares numbers: whether what it reads is of the one that it serves.
    """
    left = left_alone(one, world.connections.get(one.directory))
    now = [_is_present(event, left.state.connection) for event in left.inbox]
    yield piece(f"{now} {len(left.actions)}")
    for part in fields(left):
        if part.name != "inbox":
            yield from rendered(getattr(left, part.name))
    yield from map(shown, left.inbox)


def _is_present(event: shim.Input, present: int) -> bool:
    connected = isinstance(event, shim.Requested | shim.Disconnected)
    return connected and event.connection == present


def _kept(world: World) -> tuple[set[tuple[str, int]], ...]:
    """Of what the daemon kept, what its death leaves; with it go `told`, `held` and what it watched."""
    kept, output = world.kept, world.kept_output()
    unknowable = kept.unknowable | kept.forgotten()
    return (unknowable, world.orphans(), output, kept.drained, kept.dropped, kept.recorded)


def _store(storage: Storage) -> Piece:
    """All of it, remembered until it changes."""
    if storage.piece is None:
        storage.piece = joined(rendered(storage, frozenset({"Storage.piece"})))
    return storage.piece


def _ghosts(world: World) -> str:
    """What the oracle remembers of runs, as far as they can be told about again."""
    runs = world.storage.runs_again()
    owners = {owner for owner, _ in runs}
    # An undone run's number is used again: on one boot it must not begin twice even so.
    began = [
        (run, boot == world.boot)
        for run, boot in world.started
        if run in runs or (run[0] in owners and boot == world.boot)
    ]
    ghosts = (
        sorted(set(began)),
        len(set(world.started)) == len(world.started),
        [(run, code) for run, code in sorted(world.exits.items()) if run in runs],
        sorted(world.out_of_memory & runs),
        *(sorted(one & runs) for one in _kept(world)),
        (world.kept.kernel_tells, world.kept.has_lost_run),
        [(run, how) for run, how in sorted(world.terminal.items()) if run in runs],
        world.boot > 1,
        _waited(world),
        [_restart(world, row) for row in world.storage.containers.values()],
    )
    return repr(ghosts)


def _restart(world: World, row: Container) -> tuple[int, bool]:
    """Of clock readings that are else as good as any other: when it is due, and whether it was healthy."""
    left = min(max(row.next_restart_at - world.wall, 0), LONGEST_DELAY)
    lasted = world.wall - row.started_at if row.state in _LIVE else 0
    return left, row.spec.restart != NEVER and lasted >= HEALTHY


def _waited(world: World) -> int:
    """How long the client has, in ns, where that is judged: of a disturbed world it is not."""
    is_judged = world.asked_at and not world.disturbed
    return world.monotonic - world.asked_at if is_judged else 0
