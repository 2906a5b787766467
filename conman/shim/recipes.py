"""The shim's recipes: what it does to files, step by step, over the same primitives as the core's.

The exit record is durable, content and name, before anybody is told; that order is the point of it.
"""

from conman.primitives.shared_steps import (
    Fence,
    MakeDirectory,
    MakeFifo,
    ReadOom,
    Rename,
    Shared,
    SyncDirectory,
    SyncFile,
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


def complete_log(path: str) -> tuple[Shared, ...]:
    """Content and name of the log survive a power cut."""
    return (SyncFile(path), SyncDirectory(path.rpartition("/")[0]))
