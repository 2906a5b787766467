"""What a power cut kept, by the files' names: they survive a change of the code, places in a list do not.

A path means that its new side survived; `path:empty`, `:half`, `:zeros`, `:old` what became of its content;
`-path` that it stayed removed; `commit` that what the store had written, and not synced, survived. What is not
named is as it was on the disk before. `/data/` is not written, nor the zeros of an id.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from scenarios.disk import Disk, Inode, Place

_ID = re.compile(r"\b([0-9a-f]{8})0{24}\b")


def kept(disk: Disk, chosen: Mapping[int, tuple[Place | None, bytes]]) -> list[str]:
    """One name for each inode that has not its durable side."""
    names, counts = list[str](), Counter[str]()
    for number, choice in chosen.items():
        for name in _kept(disk, disk.inodes[number], choice):
            counts[name] += 1
            names.append(name if counts[name] == 1 else f"{name}#{counts[name]}")
    return sorted(names)


def with_commit(name: str) -> str:
    """Of a cut, with the store's last commit."""
    return name.replace("{", "{commit,", 1).replace(",}", "}")


def _kept(disk: Disk, inode: Inode, choice: tuple[Place | None, bytes]) -> Iterator[str]:
    place, data = choice
    if (place, data) == (inode.durable, inode.synced or b""):
        return
    if place is None:
        yield f"-{short(disk.former_path(inode))}"
    else:
        yield short(_path(disk, place)) + _torn(inode, data)


def _torn(inode: Inode, data: bytes) -> str:
    if inode.kind != "file" or data == inode.data:
        return ""
    if data == inode.synced:
        return ":old"
    if not data:
        return ":empty"
    return ":half" if inode.data.startswith(data) else ":zeros"


def _path(disk: Disk, place: Place) -> str:
    """Where a process sees it; of what lies in a removed directory, where it was."""
    names: list[str] = []
    above: Place | None = place
    while above is not None and above[0] != 0:
        names.append(above[1])
        parent = disk.inodes.get(above[0])
        above = (parent.visible or parent.durable) if parent else None
    return "/" + "/".join(reversed(names))


def short(path: str) -> str:
    """Without /data/, and of an id its number."""
    return _ID.sub(_number, path.removeprefix("/data/"))


def _number(found: re.Match[str]) -> str:
    """The n-th id is the n-th: `World.draw_id` turned round."""
    return f"{int.from_bytes(bytes.fromhex(found[1]), 'little'):x}"
