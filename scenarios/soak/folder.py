"""A violation of a soak as a folder: all that somebody needs who was not there.

    what            the violation, and the command that repeats it
    notes           who was killed when, what clients asked and were told
    before, after   the census at the last rest, and now
    processes       what the kernel says of each
    rows            what the store holds
    conmand.log     of the daemons since the last rest; `record`: what went into them and came out
    DATA, RUN       their files, the store and the logs of shims among them

It must never lose the violation because something cannot be copied: what is missing is said in `what`.
"""

import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import strftime

from scenarios.soak.soak import Soak
from scenarios.stages.census import Thing
from scenarios.violation import Violation

_LARGEST = 16 << 20


def write(parent: Path, soak: Soak, violation: Violation, again: str) -> Path:
    """The folder that was made."""
    host, seed = soak.host, soak.totals.terms["seed"]
    folder = parent / f"{strftime('%Y%m%d-%H%M%S')}-seed-{seed}"
    folder.mkdir(parents=True)
    (folder / "notes").write_text("".join(f"{line}\n" for line in soak.notes))
    (folder / "before").write_text("".join(f"{one}\n" for one in soak.rest.things))
    stored = host.real.stored() if host.real.has_been_used else None
    if stored is not None:
        things = host.real.found(stored.containers)
        (folder / "after").write_text("".join(f"{one}\n" for one in things))
        (folder / "processes").write_text("".join(_processes(host.real.things())))
        rows = (*stored.containers, *stored.intents)
        (folder / "rows").write_text("".join(f"{one}\n" for one in rows))
    missing = [
        *_copied(host.daemon.data, folder / "DATA"),
        *_copied(host.daemon.run, folder / "RUN"),
        *_one(host.daemon.errors, folder / "conmand.log"),
        *_one(host.daemon.record, folder / "record"),
    ]
    told = [str(violation), f"again: {again}", *(f"not copied: {one}" for one in missing)]
    (folder / "what").write_text("".join(f"{line}\n" for line in told))
    return folder


def _processes(things: list[Thing]) -> Iterator[str]:
    """Each with its state and where in the kernel it waits; each cgroup with its freezer."""
    for one in things:
        files = ("stat", "wchan") if one.what.isdecimal() else ("freezer.state", "cgroup.procs")
        top = Path("/proc", one.what)
        if one.what.isdecimal() or one.kind == "cgroup":
            with suppress(OSError):
                said = [(top / file).read_text().strip() for file in files]
                yield f"{one.kind} {one.owner} {one.what}: {'; '.join(said)}\n"


def _copied(source: Path, target: Path) -> list[str]:
    """But for root file systems, sockets and FIFOs; what could not be copied."""
    missing = list[str]()
    for path in sorted(source.rglob("*")):
        is_rootfs = {"rootfs", "merged", "upper", "work"} & set(path.relative_to(source).parts)
        if not is_rootfs and path.exists() and stat.S_ISREG(path.lstat().st_mode):
            missing += _one(path, target / path.relative_to(source))
    return missing


def _one(path: Path, target: Path) -> list[str]:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if path.stat().st_size > _LARGEST:
            return [f"{path}: it is large"]
        shutil.copyfile(path, target)
    except OSError as error:
        return [f"{path}: {error.strerror}"]
    return []
