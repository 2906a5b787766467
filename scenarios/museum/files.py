"""Exhibits G: files that a power cut leaves torn, empty, or without a name."""

from conman.core.effects import vocabulary as v
from conman.primitives import steps as s
from scenarios.museum.exhibit import Exhibit, Recipe, without

EXHIBITS = (
    Exhibit(
        "zero-bytes-after-a-power-cut",
        "G",
        "a file has its name, and nothing in it",
        "moby#23985",
        "core",
        ("I9",),
        "create",
        (Recipe(v.PrepareBundle, without(s.SyncFile)),),
    ),
    Exhibit(
        "file-missing-after-a-power-cut",
        "G",
        "a file's content is synced, its name is not",
        "containerd#11295",
        "core",
        ("I9",),
        "create",
        (Recipe(v.PrepareBundle, without(s.SyncDirectory, "/bundle")),),
    ),
    Exhibit(
        "directory-missing-after-a-power-cut",
        "G",
        "a container's directory is synced, its name is not",
        "moby#32458",
        "core",
        ("I9",),
        "create",
        (Recipe(v.PrepareBundle, without(s.SyncDirectory, "/containers")),),
    ),
    Exhibit(
        "nothing-is-synced",
        "G",
        "a state file is renamed into place without a single fsync",
        "the first conman",
        "core",
        ("I9",),
        "create",
        (
            Recipe(v.PrepareBundle, without(s.SyncFile)),
            Recipe(v.PrepareBundle, without(s.SyncDirectory)),
        ),
    ),
)
