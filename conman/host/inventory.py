"""Lists everything on this host that bears our instance, by name or by lying in our directories.

It only reads names. A directory that cannot be listed is a failure, never an empty list; a name that is
no id is told as unreadable, and nothing is made of it. Mounts need no list of their own: each lies in a
container's directory, which cannot be removed below it.
"""

import os
import re
from dataclasses import dataclass, field

from conman.core.layout import Layout
from conman.primitives.failure import failed
from conman.primitives.steps import Failed, Inventory

_ID = re.compile(r"[0-9a-f]{32}")
_RUN = re.compile(r"([0-9a-f]{32})-([1-9][0-9]*)")
_CALL = re.compile(r"([0-9a-f]{32})-([1-9][0-9]*)\.[a-z]+")

#: Where the daemon's shims live, beside the runs' own cgroups.
_SHIMS_CGROUP = "shims"


def list_host(layout: Layout, cgroups: frozenset[str]) -> Inventory | Failed:
    """`cgroups`: the names below this instance's own cgroup, in any hierarchy."""
    found = _Found()
    try:
        found.add_ids(layout.containers(), found.directories)
        found.add_ids(layout.trash(), found.trash)
        found.add_runs(_RUN, f"{layout.run}/shims", _names(f"{layout.run}/shims"))
        found.add_runs(_RUN, layout.runtime_root(), _names(layout.runtime_root()))
        found.add_runs(_CALL, f"{layout.run}/calls", _names(f"{layout.run}/calls"))
        # fakerunc keeps the names of its cgroups in its root.
        theirs = f"{layout.runtime_root()}/.cgroups/conman-{layout.instance}"
        found.add_runs(_RUN, theirs, _names(theirs))
    except OSError as error:
        return failed(error)
    found.add_runs(_RUN, f"cgroup /conman-{layout.instance}", sorted(cgroups - {_SHIMS_CGROUP}))
    return found.inventory()


@dataclass(frozen=True, slots=True)
class _Found:
    """What was seen so far."""

    directories: set[str] = field(default_factory=set[str])
    trash: set[str] = field(default_factory=set[str])
    runs: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    unreadable: set[str] = field(default_factory=set[str])

    def add_ids(self, directory: str, ids: set[str]) -> None:
        for name in _names(directory):
            if _ID.fullmatch(name):
                ids.add(name)
            else:
                self.unreadable.add(f"{directory}/{name}")

    def add_runs(self, pattern: re.Pattern[str], where: str, names: list[str]) -> None:
        for name in names:
            if matched := pattern.fullmatch(name):
                self.runs.add((matched[1], int(matched[2])))
            else:
                self.unreadable.add(f"{where}/{name}")

    def inventory(self) -> Inventory:
        return Inventory(
            tuple(sorted(self.directories)),
            tuple(sorted(self.runs)),
            tuple(sorted(self.trash)),
            tuple(sorted(self.unreadable)),
        )


def _names(directory: str) -> list[str]:
    """All but hidden names: a runtime may keep such, ids never begin with a dot."""
    try:
        return sorted(name for name in os.listdir(directory) if not name.startswith("."))
    except FileNotFoundError:
        return []
