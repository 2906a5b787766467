"""Cgroups as plain directories, so that a leak of them can be seen without root.

    <root>/.cgroups/<cgroupsPath>/<k>                  k = 1 to n hierarchies
    <root>/.cgroups/<cgroupsPath>/1/freezer.state      FROZEN or THAWED; not there: never frozen
                                           resources.json    the limits, by state.json's names
                                           oom.count         how often an OOM was played

They limit nothing, and freeze nobody: who is frozen is stopped (process.py). Removing `<root>/.cgroups/<cgroupsPath>` with all below it is
always right once the container is gone. It must never touch /sys/fs/cgroup.
"""

import json
import os
from typing import cast

from fakerunc.trees import remove_tree

FOLDER = ".cgroups"


def path(root: str, cgroup: str) -> str:
    return os.path.join(root, FOLDER, cgroup)


def make(root: str, cgroup: str, hierarchy: int) -> None:
    while True:
        try:
            folder = os.path.join(path(root, cgroup), str(hierarchy))
            os.makedirs(folder, mode=0o755, exist_ok=True)
            return
        except FileNotFoundError:
            # Another container's `remove` has just taken an empty parent away.
            if not os.path.isdir(root):
                raise


def frozen(root: str, cgroup: str) -> bool:
    try:
        with open(_first(root, cgroup, "freezer.state"), encoding="ascii") as file:
            return file.read() == "FROZEN\n"
    except FileNotFoundError:
        return False


def freeze(root: str, cgroup: str, *, thaw: bool = False) -> None:
    """Says so, and no more. A container without cgroups cannot be frozen: FileNotFoundError."""
    with open(_first(root, cgroup, "freezer.state"), "w", encoding="ascii") as file:
        file.write("THAWED\n" if thaw else "FROZEN\n")


def _first(root: str, cgroup: str, name: str) -> str:
    return os.path.join(path(root, cgroup), "1", name)


def limits(root: str, cgroup: str) -> dict[str, object]:
    """Empty where none were ever set."""
    try:
        with open(_first(root, cgroup, "resources.json"), encoding="utf-8") as file:
            return cast("dict[str, object]", json.load(file))
    except FileNotFoundError:
        return {}


def limit(root: str, cgroup: str, asked: dict[str, object]) -> None:
    """Changes what is asked, and keeps the rest."""
    text = json.dumps(limits(root, cgroup) | asked)
    with open(_first(root, cgroup, "resources.json"), "w", encoding="utf-8") as file:
        file.write(text)


def oom_file(root: str, cgroup: str) -> str:
    """It grows by a byte with each."""
    return _first(root, cgroup, "oom.count")


def ooms(root: str, cgroup: str) -> int:
    try:
        return os.stat(oom_file(root, cgroup)).st_size
    except FileNotFoundError:
        return 0


def exist(root: str, cgroup: str) -> bool:
    return os.path.isdir(path(root, cgroup))


def remove(root: str, cgroup: str) -> None:
    """With the parents that become empty, unlike runc: here nobody else looks after those."""
    remove_tree(path(root, cgroup))
    folder = os.path.dirname(path(root, cgroup))
    while folder != root and folder.startswith(root):
        try:
            os.rmdir(folder)
        except OSError:
            return
        folder = os.path.dirname(folder)
