"""Lists everything on this host that bears our instance, by name or by lying in our directories.

It only reads names. A directory that cannot be listed is a failure, never an empty list; a name that is
no id is told as unreadable, and nothing is made of it. Mounts need no list of their own: each lies in a
container's directory, which cannot be removed below it.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import field

from conman.core.layout import Layout
from conman.frozen import frozen
from conman.primitives.failure import failed
from conman.primitives.steps import Failed, Inventory

_ID = re.compile(r"[0-9a-f]{32}")
_RUN = re.compile(r"([0-9a-f]{32})-([1-9][0-9]*)")
_CALL = re.compile(r"([0-9a-f]{32})-([1-9][0-9]*)\.[a-z]+")

#: Where the daemon's shims live, beside the runs' own cgroups.
_SHIMS_CGROUP = "shims"


@frozen
class Traces:
    """As an Inventory; `runs`: what there is of each, in words."""

    directories: tuple[str, ...]
    trash: tuple[str, ...]
    runs: Mapping[tuple[str, int], tuple[str, ...]]
    unreadable: tuple[str, ...]


def list_host(layout: Layout, cgroups: frozenset[str]) -> Inventory | Failed:
    """`cgroups`: the names below this instance's own cgroup, in any hierarchy."""
    found = list_traces(layout, cgroups)
    if isinstance(found, Failed):
        return found
    return Inventory(found.directories, tuple(sorted(found.runs)), found.trash, found.unreadable)


def list_traces(layout: Layout, cgroups: frozenset[str]) -> Traces | Failed:
    """The same in more detail, for people."""
    found = _Found()
    ours = f"conman-{layout.instance}"
    # fakerunc keeps the names of its cgroups in its root.
    places = (
        (_RUN, f"{layout.run}/shims", "shim"),
        (_RUN, layout.runtime_root(), "runtime state"),
        (_CALL, f"{layout.run}/calls", "call lock"),
        (_RUN, f"{layout.runtime_root()}/.cgroups/{ours}", "cgroup's name"),
    )
    try:
        found.add_ids(layout.containers(), found.directories)
        found.add_ids(layout.trash(), found.trash)
        for pattern, directory, kind in places:
            found.add_runs(pattern, directory, _names(directory), kind)
    except OSError as error:
        return failed(error)
    found.add_runs(_RUN, f"cgroup /{ours}", sorted(cgroups - {_SHIMS_CGROUP}), "cgroup")
    return found.traces()


@frozen
class _Found:
    """What was seen so far."""

    directories: set[str] = field(default_factory=set[str])
    trash: set[str] = field(default_factory=set[str])
    runs: dict[tuple[str, int], list[str]] = field(default_factory=dict[tuple[str, int], list[str]])
    unreadable: set[str] = field(default_factory=set[str])

    def add_ids(self, directory: str, ids: set[str]) -> None:
        for name in _names(directory):
            if _ID.fullmatch(name):
                ids.add(name)
            else:
                self.unreadable.add(f"{directory}/{name}")

    def add_runs(self, pattern: re.Pattern[str], where: str, names: list[str], kind: str) -> None:
        for name in names:
            if matched := pattern.fullmatch(name):
                kinds = self.runs.setdefault((matched[1], int(matched[2])), [])
                if kind not in kinds:
                    kinds.append(kind)
            else:
                self.unreadable.add(f"{where}/{name}")

    def traces(self) -> Traces:
        return Traces(
            tuple(sorted(self.directories)),
            tuple(sorted(self.trash)),
            {run: tuple(kinds) for run, kinds in sorted(self.runs.items())},
            tuple(sorted(self.unreadable)),
        )


def _names(directory: str) -> list[str]:
    """All but hidden names: a runtime may keep such, ids never begin with a dot."""
    try:
        return sorted(name for name in os.listdir(directory) if not name.startswith("."))
    except FileNotFoundError:
        return []
