"""Cgroups as plain directories, so that a leak of them can be seen without root.

    <root>/.cgroups/<cgroupsPath>/<k>                  k = 1 to n hierarchies
    <root>/.cgroups/<cgroupsPath>/1/freezer.state      FROZEN or THAWED; not there: never frozen

They limit nothing, and freeze nobody: who is frozen is stopped (process.py). Removing `<root>/.cgroups/<cgroupsPath>` with all below it is
always right once the container is gone. It must never touch /sys/fs/cgroup.
"""

import os

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
        with open(_freezer(root, cgroup), encoding="ascii") as file:
            return file.read() == "FROZEN\n"
    except FileNotFoundError:
        return False


def freeze(root: str, cgroup: str, *, thaw: bool = False) -> None:
    """Says so, and no more. A container without cgroups cannot be frozen: FileNotFoundError."""
    with open(_freezer(root, cgroup), "w", encoding="ascii") as file:
        file.write("THAWED\n" if thaw else "FROZEN\n")


def _freezer(root: str, cgroup: str) -> str:
    return os.path.join(path(root, cgroup), "1", "freezer.state")


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
