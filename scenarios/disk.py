"""The simulated disk: every inode has a visible and a durable side, and never a log of operations.

What a process sees is the visible side. A power cut may keep, for each inode whose sides differ, either
(`power.cuts`). SyncFile makes content durable, SyncDirectory makes names durable; a rename may be lost
but is never half done. Stricter than ext4 on purpose. Nothing here decides anything of conman's.
"""

import json
from dataclasses import dataclass, replace
from functools import cache

from conman.primitives.steps import Absent, Content, Done, Failed, Result

Place = tuple[int, str]
ROOT = 1


@dataclass(frozen=True, slots=True)
class Inode:
    """`visible` and `durable`: (parent inode, name), None = unlinked there. `synced` None: no content."""

    kind: str
    visible: Place | None
    durable: Place | None
    data: bytes = b""
    synced: bytes | None = None

    @property
    def is_settled(self) -> bool:
        return self.visible == self.durable and (self.kind != "file" or self.data == self.synced)


class Disk:
    """One file system tree. Inode numbers rise and are never used again."""

    def __init__(self) -> None:
        self.inodes: dict[int, Inode] = {ROOT: Inode("dir", (0, "/"), (0, "/"))}
        self.names: dict[Place, int] = {}
        self.next = ROOT + 1
        self.walked: list[tuple[str, int]] | None = None
        #: What `keys` made of it, until something changes.
        self.text: str | None = None

    def clone(self) -> "Disk":
        other = Disk.__new__(Disk)
        other.inodes, other.names, other.next = dict(self.inodes), dict(self.names), self.next
        other.walked, other.text = self.walked, self.text
        return other

    # ---- looking

    def find(self, path: str) -> int | None:
        number: int | None = ROOT
        for name in path.split("/"):
            if name and number is not None:
                number = self.names.get((number, name))
        return number

    def read(self, path: str) -> bytes | None:
        number = self.find(path)
        return None if number is None else self.inodes[number].data

    def children(self, number: int) -> list[tuple[str, int]]:
        return sorted(
            (name, child) for (parent, name), child in self.names.items() if parent == number
        )

    def everything(self) -> list[tuple[str, int]]:
        """`walk` of the whole disk, remembered until a name changes."""
        if self.walked is None:
            self.walked = self.walk()
        return self.walked

    def forget_walk(self) -> None:
        self.walked = self.text = None

    def walk(self, path: str = "") -> list[tuple[str, int]]:
        """(path, inode) of everything below `path`, parents first, in the order of names."""
        below: dict[int, list[tuple[str, int]]] = {}
        for (parent, name), child in self.names.items():
            below.setdefault(parent, []).append((name, child))
        found: list[tuple[str, int]] = []
        start = self.find(path)
        stack = [] if start is None else [(path, start)]
        while stack:
            above, number = stack.pop()
            inside = sorted(below.get(number, ()), reverse=True)
            stack += [(f"{above}/{name}", child) for name, child in inside]
            found.append((above, number))
        return found[1:]

    def tree(self, path: str) -> list[str]:
        """All paths below `path`, parents first."""
        return [below for below, _ in self.walk(path)]

    def durable_path(self, inode: Inode) -> str:
        """Where a power cut that loses everything undecided would leave it; "" = nowhere."""
        names: list[str] = []
        place = inode.durable
        while place is not None and place[0] != 0:
            names.append(place[1])
            above = self.inodes.get(place[0])
            place = above.durable if above else None
        return "/" + "/".join(reversed(names)) if place is not None else ""

    def former_path(self, inode: Inode) -> str:
        """Where a power cut could bring an unlinked inode back; "" = nowhere, its directory is gone.

        A directory above, with a name that is not durable, may survive all the same.
        """
        names: list[str] = []
        place = inode.durable
        while place is not None and place[0] != 0:
            names.append(place[1])
            above = self.inodes.get(place[0])
            place = (above.durable or above.visible) if above else None
        return "/" + "/".join(reversed(names)) if place is not None else ""

    # ---- changing

    def make(self, path: str, kind: str, data: bytes = b"", *, durable: bool = False) -> Result:
        existing = self.find(path)
        if existing is not None:
            return Done() if self.inodes[existing].kind == kind else _failed("EEXIST", path)
        place = self._place(path)
        if isinstance(place, Failed):
            return place
        synced = data if durable else None
        self.inodes[self.next] = Inode(kind, place, place if durable else None, data, synced)
        self.names[place] = self.next
        self.forget_walk()
        self.next += 1
        return Done()

    def write(self, path: str, data: bytes) -> Result:
        if self._is_directory(path):
            return _failed("EISDIR", path)
        made = self.make(path, "file")
        number = self.find(path)
        if not isinstance(made, Done) or number is None:
            return made
        self.inodes[number] = replace(self.inodes[number], data=data)
        self.text = None
        return Done()

    def content(self, path: str) -> Result:
        if self._is_directory(path):
            return _failed("EISDIR", path)
        data = self.read(path)
        return Absent() if data is None else Content(data)

    def sync(self, path: str) -> Result:
        number = self.find(path)
        if number is None:
            return _failed("ENOENT", path)
        self.inodes[number] = replace(self.inodes[number], synced=self.inodes[number].data)
        self.text = None
        return Done()

    def sync_directory(self, path: str) -> Result:
        number = self.find(path)
        if number is None:
            return _failed("ENOENT", path)
        if not self._is_directory(path):
            return _failed("ENOTDIR", path)
        for child, inode in list(self.inodes.items()):
            if number in {_parent(inode.visible), _parent(inode.durable)}:
                self._keep(child, replace(inode, durable=inode.visible))
        return Done()

    def sync_all(self, path: str) -> Result:
        if self.find(path) is None:
            return _failed("ENOENT", path)
        for number, inode in list(self.inodes.items()):
            self._keep(number, replace(inode, durable=inode.visible, synced=inode.data))
        return Done()

    def rename(self, source: str, target: str) -> Result:
        number, place = self.find(source), self._place(target)
        if number is None:
            return Absent()
        if isinstance(place, Failed):
            return place
        replaced = self.names.get(place)
        if replaced is not None and self.children(replaced):
            return _failed("ENOTEMPTY", target)
        if replaced is not None:
            self._unname(replaced)
        self._unname(number)
        self.inodes[number] = replace(self.inodes[number], visible=place)
        self.names[place] = number
        self.forget_walk()
        return Done()

    def unlink(self, path: str) -> Result:
        """A file's name; of a directory only `remove` may."""
        return _failed("EISDIR", path) if self._is_directory(path) else self.remove(path)

    def remove(self, path: str) -> Result:
        """The name of a file or of an empty directory."""
        number = self.find(path)
        if number is not None:
            self._unname(number)
            self._keep(number, self.inodes[number])
        return Done()

    # ---- inside

    def _place(self, path: str) -> Place | Failed:
        parent, _, name = path.rpartition("/")
        number = self.find(parent)
        if number is None:
            return _failed("ENOENT", path)
        return (number, name) if self._is_directory(parent) else _failed("ENOTDIR", path)

    def _is_directory(self, path: str) -> bool:
        number = self.find(path)
        return number is not None and self.inodes[number].kind == "dir"

    def _unname(self, number: int) -> None:
        inode = self.inodes[number]
        if inode.visible is not None:
            del self.names[inode.visible]
            self.forget_walk()
            self.inodes[number] = replace(inode, visible=None)

    def _keep(self, number: int, inode: Inode) -> None:
        """Forget an inode that has no name on either side."""
        self.text = None
        if inode.visible is None and inode.durable is None:
            self.inodes.pop(number, None)
        else:
            self.inodes[number] = inode


_TEXTS = {
    "EEXIST": "File exists",
    "EISDIR": "Is a directory",
    "ENOENT": "No such file or directory",
    "ENOTDIR": "Not a directory",
    "ENOTEMPTY": "Directory not empty",
}


def _failed(error: str, path: str) -> Failed:
    return Failed(error, f"{path}: {_TEXTS[error]}")


def _parent(place: Place | None) -> int:
    return 0 if place is None else place[0]


@cache
def is_whole(data: bytes) -> bool:
    """Whether these bytes are one JSON object, as a bundle's config.json must be."""
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False
