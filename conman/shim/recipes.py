"""The shim's recipes: what it does to files, step by step, over the same primitives as the core's.

The exit record is durable, content and name, before anybody is told; that order is the point of it.
"""

from conman.primitives.shared_steps import (
    Fence,
    MakeDirectory,
    MakeFifo,
    ReadFile,
    ReadOom,
    Rename,
    Shared,
    SyncDirectory,
    SyncFile,
    Unlink,
    WriteFile,
)


def write_exit(directory: str, data: bytes) -> tuple[Shared, ...]:
    """`directory`/exit.json, published by rename, durable with its name."""
    record = f"{directory}/exit.json"
    return (
        MakeDirectory(directory),
        WriteFile(f"{record}.tmp", data),
        SyncFile(f"{record}.tmp"),
        Rename(f"{record}.tmp", record),
        SyncDirectory(directory),
    )


def read_oom(cgroup: str) -> tuple[Shared, ...]:
    """The cgroup's own counter, before the cgroup goes."""
    return (ReadOom(cgroup),)


def settle_in(directory: str, identity: bytes) -> tuple[Shared, ...]:
    """Who the shim is and where its container's output goes. In RUN: nothing outlives this boot."""
    return (
        WriteFile(f"{directory}/shim.pid.tmp", identity),
        Rename(f"{directory}/shim.pid.tmp", f"{directory}/shim.pid"),
        MakeFifo(f"{directory}/stdout"),
        MakeFifo(f"{directory}/stderr"),
    )


def end_call(lock: str, marker: str, state_directory: str) -> Fence:
    """No process of this runtime call lives on, nor the half-made init that it may have left.

    Shorter than a daemon waits for its hello, which is answered when this has been done.
    """
    return Fence(lock, marker, state_directory, timeout_ms=4_000)


def keep_limits(directory: str, text: str) -> tuple[Shared, ...]:
    """How large a log may be, for a successor. In RUN, like the shim itself."""
    kept = f"{directory}/log.limits"
    return (WriteFile(f"{kept}.tmp", text.encode()), Rename(f"{kept}.tmp", kept))


def kept_limits(directory: str) -> Shared:
    return ReadFile(f"{directory}/log.limits")


def keep_stdio(directory: str, text: str) -> tuple[Shared, ...]:
    """Whether a program can be typed to, for a successor."""
    kept = f"{directory}/stdio"
    return (WriteFile(f"{kept}.tmp", text.encode()), Rename(f"{kept}.tmp", kept))


def kept_stdio(directory: str) -> Shared:
    return ReadFile(f"{directory}/stdio")


#: After so many steps of `rotate_log` the log has its number; what follows is what goes.
PUT_ASIDE = 2


def rotate_log(path: str, number: int, old: tuple[int, ...]) -> tuple[Shared, ...]:
    """The log is put aside under its number, which no file of it ever had; whoever writes on makes a new one.

    Whenever this is cut short, the numbers tell the order of what is there; by a power cut, too, for no two
    renames of it are undecided at once.
    """
    return (
        SyncDirectory(path.rpartition("/")[0]),
        Rename(path, f"{path}.{number}"),
        *(Unlink(f"{path}.{each}") for each in old),
    )


def keep_moved_log(descriptor: int) -> tuple[Shared, ...]:
    """What was written to a log that somebody has moved away survives a power cut, as the rest of it will."""
    return (SyncFile(f"/proc/self/fd/{descriptor}"),)


def complete_log(path: str, numbers: tuple[int, ...] = ()) -> tuple[Shared, ...]:
    """Content and name of the log, and of what was put aside, survive a power cut."""
    return (
        *(SyncFile(f"{path}.{each}") for each in numbers),
        SyncFile(path),
        SyncDirectory(path.rpartition("/")[0]),
    )
