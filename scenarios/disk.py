"""The simulated disk: every inode has a visible and a durable side, and never a log of operations.

What a process sees is the visible side. A power cut may keep, for each inode whose sides differ, either
(`power.cuts`). SyncFile makes content durable, SyncDirectory makes names durable; a rename may be lost
but is never half done. Stricter than ext4 on purpose. Nothing here decides anything of conman's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from conman.primitives.steps import Absent, Content, Done, Failed, Result

Place = tuple[int, str]
ROOT = 1
DONE = Done()


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

    def named(self, place: Place | None) -> "Inode":
        """With another visible name, or none."""
        return Inode(self.kind, place, self.durable, self.data, self.synced)


class Disk:
    """One file system tree. Inode numbers rise and are never used again."""

    def __init__(self) -> None:
        self.inodes: dict[int, Inode] = {ROOT: Inode("dir", (0, "/"), (0, "/"))}
        #: What each directory holds, in the order of names. Those are never changed, for clones share them.
        self._inside: dict[int, dict[str, int]] = {}
        self.next = ROOT + 1
        self._walked: list[tuple[str, int]] | None = None
        #: What `keys` made of it, until something changes.
        self.text: str | None = None

    def clone(self) -> "Disk":
        other = Disk.__new__(Disk)
        other.__dict__.update(self.__dict__)
        other.__dict__ |= {"inodes": dict(self.inodes), "_inside": dict(self._inside)}
        return other

    # ---- looking

    def find(self, path: str) -> int | None:
        number: int | None = ROOT
        for name in path.split("/"):
            if name:
                number = self._inside.get(number, _EMPTY).get(name)
                if number is None:
                    return None
        return number

    def read(self, path: str) -> bytes | None:
        number = self.find(path)
        return None if number is None else self.inodes[number].data

    def inside(self, path: str) -> Mapping[str, int]:
        """The inodes in a directory by name, in the order of names; nothing where there is none."""
        number = self.find(path)
        return _EMPTY if number is None else self._inside.get(number, _EMPTY)

    def everything(self) -> list[tuple[str, int]]:
        """`walk` of the whole disk, remembered until a name changes."""
        if self._walked is None:
            self._walked = self.walk()
        return self._walked

    def walk(self, path: str = "") -> list[tuple[str, int]]:
        """(path, inode) of everything below `path`, parents first, in the order of names."""
        found: list[tuple[str, int]] = []
        start = self.find(path)
        stack = [] if start is None else [(path, start)]
        while stack:
            above, number = stack.pop()
            below = self._inside.get(number, _EMPTY)
            stack += [(f"{above}/{name}", below[name]) for name in reversed(below)]
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
            return DONE if self.inodes[existing].kind == kind else _failed("EEXIST", path)
        place = self._place(path)
        if isinstance(place, Failed):
            return place
        synced = data if durable else None
        self.inodes[self.next] = Inode(kind, place, place if durable else None, data, synced)
        self._name(place, self.next)
        self.next += 1
        return DONE

    def write(self, path: str, data: bytes) -> Result:
        if self._is_directory(path):
            return _failed("EISDIR", path)
        made = self.make(path, "file")
        number = self.find(path)
        if not isinstance(made, Done) or number is None:
            return made
        self.inodes[number] = replace(self.inodes[number], data=data)
        self.text = None
        return DONE

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
        return DONE

    def sync_directory(self, path: str) -> Result:
        number = self.find(path)
        if number is None:
            return _failed("ENOENT", path)
        if not self._is_directory(path):
            return _failed("ENOTDIR", path)
        for child, inode in list(self.inodes.items()):
            visible, durable = inode.visible, inode.durable
            if visible != durable and number in {_parent(visible), _parent(durable)}:
                self._keep(child, replace(inode, durable=visible))
        return DONE

    def sync_all(self, path: str) -> Result:
        if self.find(path) is None:
            return _failed("ENOENT", path)
        for number, inode in list(self.inodes.items()):
            self._keep(number, replace(inode, durable=inode.visible, synced=inode.data))
        return DONE

    def rename(self, source: str, target: str) -> Result:
        number, place = self.find(source), self._place(target)
        if number is None:
            return Absent()
        if isinstance(place, Failed):
            return place
        replaced = self._inside.get(place[0], _EMPTY).get(place[1])
        if replaced is not None and self._inside.get(replaced):
            return _failed("ENOTEMPTY", target)
        if replaced is not None:
            self._unname(replaced)
        self._unname(number)
        self.inodes[number] = self.inodes[number].named(place)
        self._name(place, number)
        return DONE

    def unlink(self, path: str) -> Result:
        """A file's name; of a directory only `remove` may."""
        return _failed("EISDIR", path) if self._is_directory(path) else self.remove(path)

    def remove(self, path: str) -> Result:
        """The name of a file or of an empty directory."""
        number = self.find(path)
        if number is not None:
            self._unname(number)
            self._keep(number, self.inodes[number])
        return DONE

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

    def name_all(self) -> None:
        """Every inode gets its name: those of a disk that was made from its inodes."""
        places = [(inode.visible, n) for n, inode in self.inodes.items() if n != ROOT]
        named = sorted((place, n) for place, n in places if place is not None)
        for (parent, name), number in named:
            self._inside.setdefault(parent, {})[name] = number

    def _name(self, place: Place, number: int) -> None:
        parent, name = place
        named = {**self._inside.get(parent, _EMPTY), name: number}
        self._inside[parent] = dict(sorted(named.items()))
        self._walked = self.text = None

    def _unname(self, number: int) -> None:
        inode = self.inodes[number]
        if inode.visible is not None:
            parent, name = inode.visible
            self._inside[parent] = {n: i for n, i in self._inside[parent].items() if n != name}
            self._walked = self.text = None
            self.inodes[number] = inode.named(None)

    def _keep(self, number: int, inode: Inode) -> None:
        """Forget an inode that has no name on either side."""
        self.text = None
        if inode.visible is None and inode.durable is None:
            self.inodes.pop(number, None)
        else:
            self.inodes[number] = inode


_EMPTY: dict[str, int] = {}
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
