"""What a power cut may leave of a disk: every combination of what had not reached it.

Per inode that differs: its old or its new name; of its content the old, the new, nothing, a prefix, or
zeros. Up to `EXHAUSTIVE` combinations all are tried; beyond that none, all, each alone,
and all but each. Nothing else may survive, and what was synced always does.
"""

from collections.abc import Callable, Iterator
from itertools import product
from math import prod

from scenarios.cut_names import kept
from scenarios.disk import ROOT, Disk, Inode, Place
from scenarios.keys import is_dead_weight, is_trash, look

EXHAUSTIVE = 256

Choice = tuple[Place | None, bytes]


def cuts(disk: Disk, volatile: str) -> Iterator[tuple[str, Disk]]:
    """(name, disk) for each outcome. What lies below `volatile` (a tmpfs) never survives."""
    base, undecided, options = _open(disk, volatile)
    for picks in _picks([len(o) for o in options]):
        chosen = {n: o[p] for n, o, p in zip(undecided, options, picks, strict=True)}
        after = _rebuild(base, chosen)
        if after is not None:
            yield f"keep={{{','.join(kept(base, chosen))}}}", after


def one_cut(disk: Disk, volatile: str, pick: Callable[[int], int]) -> tuple[str, Disk] | None:
    """One of them: `pick` gives a number below its argument for each. None: it cannot be."""
    base, undecided, options = _open(disk, volatile)
    picks = [pick(len(o)) for o in options]
    chosen = {n: o[p] for n, o, p in zip(undecided, options, picks, strict=True)}
    after = _rebuild(base, chosen)
    return after and (f"keep={{{','.join(kept(base, chosen))}}}", after)


def _open(disk: Disk, volatile: str) -> tuple[Disk, list[int], list[list[Choice]]]:
    """The disk without what goes for certain, the inodes that are undecided, and what each may be."""
    base = disk.clone()
    for path in reversed(base.tree(volatile)):
        base.remove(path)
    # A sync of everything has reached these too, and keeps nothing of a tmpfs.
    for number in [n for n, i in base.inodes.items() if _below(base, i, volatile)]:
        del base.inodes[number]
    lost = {n for n, i in base.inodes.items() if is_trash(base.durable_path(i))}
    lost |= {n for n, i in base.inodes.items() if not (i.visible or base.former_path(i))}
    undecided = [n for n, i in sorted(base.inodes.items()) if not i.is_settled and n not in lost]
    undecided = [n for n in undecided if not _is_dead_weight(base.inodes[n])]
    return base, undecided, [_options(base.inodes[number]) for number in undecided]


def _picks(sizes: list[int]) -> Iterator[tuple[int, ...]]:
    """0 is old, 1 is new, further ones are torn contents."""
    if prod(sizes) <= EXHAUSTIVE:
        yield from product(*(range(size) for size in sizes))
        return
    for base in (0, 1):
        whole = tuple(min(base, size - 1) for size in sizes)
        yield whole
        for index, size in enumerate(sizes):
            for other in range(size):
                if other != whole[index]:
                    yield (*whole[:index], other, *whole[index + 1 :])


def _options(inode: Inode) -> list[Choice]:
    """One of each that somebody can tell apart (`keys.look`)."""
    old = (inode.durable, inode.synced if inode.synced is not None else b"")
    options: list[Choice] = [old, (inode.visible, inode.data)]
    if inode.kind == "file" and inode.visible is not None and inode.data != inode.synced:
        options += [(inode.visible, torn) for torn in _torn(inode)]
    apart = {
        (place, look(f"/{place[1]}", data) if place else ""): n
        for n, (place, data) in reversed(list(enumerate(options)))
    }
    return [options[n] for n in sorted(apart.values())]


def _torn(inode: Inode) -> list[bytes]:
    half = inode.data[: len(inode.data) // 2]
    old = [] if inode.synced is None else [inode.synced]
    return [torn for torn in (b"", half, bytes(len(inode.data)), *old) if torn != inode.data]


def _rebuild(base: Disk, chosen: dict[int, Choice]) -> Disk | None:
    """The disk after the cut, everything on it durable; None: two inodes claim one name."""
    after = Disk()
    after.next = base.next
    places: set[Place] = set()
    for number, inode in sorted(base.inodes.items()):
        place, data = chosen.get(number, (inode.durable, inode.synced or b""))
        if number == ROOT or place is None:
            continue
        if place in places:
            return None
        places.add(place)
        after.inodes[number] = Inode(inode.kind, place, place, data, data)
    _drop_orphans(after)
    after.name_all()
    return after


def _drop_orphans(disk: Disk) -> None:
    """A name needs its parent directory."""
    lost = True
    while lost:
        lost = [
            n
            for n, i in disk.inodes.items()
            if n != ROOT and i.visible and i.visible[0] not in disk.inodes
        ]
        for number in lost:
            del disk.inodes[number]


def _is_dead_weight(inode: Inode) -> bool:
    """Whatever a cut makes of it, nobody looks."""
    return all(
        place is None or is_dead_weight(place[1]) for place in (inode.visible, inode.durable)
    )


def _below(disk: Disk, inode: Inode, path: str) -> bool:
    top = disk.find(path)
    parent = inode.durable[0] if inode.durable else 0
    while parent not in {0, ROOT, top}:
        above = disk.inodes[parent].durable if parent in disk.inodes else None
        parent = above[0] if above else 0
    return parent == top
