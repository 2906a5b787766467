"""What a host has of one conmand's containers, asked of the host alone.

Processes by the marks in their environment and by cgroup, mounts, cgroups, and what lies in RUN and DATA.
It imports nothing of conman: what it finds must not depend on what conman believes, nor on where conman
believes that it put things. It must never count a zombie, nor a thing of another instance.
"""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

_MARKS = {"CONMAN_RUN": "run", "CONMAN_SHIM": "shim", "CONMAN_CALL": "call"}
_CGROUPS = Path("/sys/fs/cgroup")
_GONE = (errno.ENOENT, errno.ENODEV)


@dataclass(frozen=True, slots=True, order=True)
class Thing:
    """`owner`: `<id>-<n>` of what belongs to one run, `<id>` of what belongs to all of them."""

    kind: str
    owner: str
    what: str


@dataclass(frozen=True, slots=True)
class Place:
    """One conmand's directories, and the name that all its things bear."""

    data: Path
    run: Path
    instance: str


def census(place: Place) -> list[Thing]:
    """All that containers have, in order. Nothing of the daemon itself."""
    return sorted({*_processes(place), *_mounts(place), *_cgroups(place), *_files(place)})


def daemons(place: Place) -> list[str]:
    """The cgroups that a daemon makes for itself, in every hierarchy."""
    name = f"conman-{place.instance}"
    return [str(path) for path in (*_CGROUPS.glob(name), *_CGROUPS.glob(f"*/{name}"))]


def _processes(place: Place) -> Iterator[Thing]:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue  # it has ended, or is another user's: then it is none of ours
        for variable in environment.decode(errors="replace").split("\0"):
            key, _, value = variable.partition("=")
            instance, _, rest = value.partition("/")
            owner, _, exec_id = rest.partition("/")
            if key in _MARKS and instance == place.instance:
                yield Thing(_MARKS[key], owner, pid)
            elif key == "CONMAN_EXEC" and instance == place.instance:
                yield Thing("exec", exec_id, pid)


def _mounts(place: Place) -> Iterator[Thing]:
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        points = [line.split()[4] for line in file]
    for point in points:
        for top in (place.data, place.run):
            if point.startswith(f"{top}/"):
                yield Thing("mount", _owner(Path(point).relative_to(top)), point)


def _owner(path: Path) -> str:
    """Of what lies in a directory of its kind, else its own name."""
    return path.parts[:2][-1]


def _cgroups(place: Place) -> Iterator[Thing]:
    for parent in daemons(place):
        for path in _within(Path(parent)):
            if path.name == "shims" or not path.is_dir():
                continue
            try:
                members = (path / "cgroup.procs").read_text().split()
            except OSError as error:
                if error.errno not in _GONE:
                    raise
                continue  # it was removed meanwhile
            yield Thing("cgroup", path.name, str(path))
            for pid in members:
                if not _is_zombie(pid):
                    yield Thing("member", path.name, pid)


def _is_zombie(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _files(place: Place) -> Iterator[Thing]:
    for kind, top in (
        ("runtime", place.run / "runtime"),
        ("shims", place.run / "shims"),
        ("calls", place.run / "calls"),
        ("containers", place.data / "containers"),
        ("trash", place.data / "trash"),
    ):
        for path in _within(top):
            if path.name == ".cgroups":
                # Where fakerunc keeps the names of its cgroups: <parent>/<id>-<n>.
                names = chain.from_iterable(map(_within, _within(path)))
                yield from (Thing("names", each.name, str(each)) for each in names)
            else:
                yield Thing(kind, path.name.partition(".")[0], str(path))
            if kind == "shims":
                execs = _within(path / "execs")
                yield from (Thing("exec directory", each.name, str(each)) for each in execs)


def _within(directory: Path) -> list[Path]:
    """Nothing, where it has gone meanwhile, or its disk has no power any more."""
    try:
        return list(directory.iterdir())
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.EIO}:
            raise
        return []
