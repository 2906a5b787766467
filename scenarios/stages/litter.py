"""Files of one conmand that no record owns, where its things are to lie: names that it does not have, halves that are
never renamed, what runs left in their container.

It knows the names that docs/host.md promises, and imports none of conman's. It must never look into what is not
conman's own: a runtime's state, a shim's log.
"""

import os
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path

#: What a start has tried overlays with stays, where the disk fails, for the next start to remove.
_DATA = {
    *("lock", "instance", "conman.db", "conman.db-wal", "conman.db-shm"),
    *("containers", "trash", "probe"),
}
#: The last is fakerunc's, where a stage has it fail.
_RUN = {
    *("lock", "stamp", "conmand.sock", "runtime", "calls", "shims"),
    "runtime.faults",
}
_HALF = ".tmp"
_WORK = "work-"
#: What a conmand that was to die at a point leaves, so that the next one does not.
_STRUCK = "crashed-"


def strays(data: Path, run: Path) -> list[Path]:
    """What lies there under a name of nobody's."""
    every = ((data, _DATA), (run, _RUN))
    return [
        path
        for top, known in every
        for path in _within(top)
        if path.name not in known and path.suffix != _HALF and not path.name.startswith(_STRUCK)
    ]


def halves(data: Path, run: Path) -> Iterator[str]:
    """What was to be renamed. Directories may go while it looks."""
    for directory, below, names in chain(os.walk(data), os.walk(run)):
        if Path(directory) == run and "runtime" in below:
            below.remove("runtime")
        yield from (f"{directory}/{name}" for name in (*below, *names) if name.endswith(_HALF))


def of_no_run(
    container: Path, run: int, *, is_prepared: bool, back: Collection[Path] = ()
) -> list[Path]:
    """What a container has of runs that its row does not own. `run`: its latest.

    `back`: work directories that a power cut has brought back; they go with their container.
    """
    records, works = _numbered(container / "runs", ""), _numbered(container, _WORK)
    own = run if is_prepared else None
    over = [path for number, path in works.items() if number != own and path not in back]
    return [*(path for number, path in records.items() if number != run), *over]


def works(data: Path) -> set[Path]:
    """The work directories of all runs' overlays. Nothing, of a disk that has no power."""
    return {path for one in _within(data / "containers") for path in _numbered(one, _WORK).values()}


def _numbered(directory: Path, before: str) -> dict[int, Path]:
    """In the order of their numbers."""
    found = {path.name.removeprefix(before): path for path in _within(directory)}
    return {int(name): found[name] for name in sorted(filter(str.isdecimal, found), key=int)}


def _within(directory: Path) -> list[Path]:
    """Nothing, where it has gone meanwhile, or cannot be asked: whoever lists it otherwise says so."""
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []
