"""The recipes of a daemon's start: its own directories and files, before there is any saga.

Like all recipes these decide nothing. What they make must be durable before anything is put there that
would be garbage, or somebody else's, without it.
"""

from conman.core.layout import Layout
from conman.primitives import steps as s

Recipe = tuple[s.Step, ...]
_Publishing = s.WriteFile | s.SyncFile | s.Rename | s.SyncDirectory

_Aside = s.MakeDirectory | _Publishing

_RUN_PARTS = ("runtime", "calls", "shims")


def publish(directory: str, name: str, data: bytes) -> tuple[_Publishing, ...]:
    """One file, whole or not at all, content and name durable."""
    path = f"{directory}/{name}"
    return (
        s.WriteFile(f"{path}.tmp", data),
        s.SyncFile(f"{path}.tmp"),
        s.Rename(f"{path}.tmp", path),
        s.SyncDirectory(directory),
    )


def put_aside(data: str, name: str, content: bytes) -> tuple[_Aside, ...]:
    """A record that is about to be removed."""
    directory = salvaged(data)
    return (
        s.MakeDirectory(directory),
        s.SyncDirectory(data),
        *publish(directory, name, content),
    )


def salvaged(data: str) -> str:
    """Where records lie that were put aside."""
    return f"{data}/salvaged"


def forget_run(layout: Layout) -> Recipe:
    """What an earlier boot left in RUN."""
    return tuple(s.RemoveTree(path) for path in run_parts(layout))


def make_places(layout: Layout) -> Recipe:
    """The directories of DATA and RUN in which everything else is made."""
    return (
        *(s.MakeDirectory(path) for path in run_parts(layout)),
        s.MakeDirectory(layout.containers()),
        s.MakeDirectory(layout.trash()),
        s.SyncDirectory(layout.data),
    )


def run_parts(layout: Layout) -> tuple[str, ...]:
    return tuple(f"{layout.run}/{name}" for name in _RUN_PARTS)


def probe_overlay(data: str) -> Recipe:
    """One real overlay on DATA, and a write through it."""
    top = f"{data}/probe"
    lower, upper, work, target = (f"{top}/{name}" for name in ("lower", "upper", "work", "merged"))
    return (
        *forget_probe(data),
        *(s.MakeDirectory(path) for path in (top, lower, upper, work, target)),
        s.MountOverlay(lower, upper, work, target),
        s.WriteFile(f"{target}/file", b""),
    )


def forget_probe(data: str) -> Recipe:
    return (s.Unmount(f"{data}/probe"), s.RemoveTree(f"{data}/probe"))
