"""A real host as a folder, before it is cleared away: all that somebody needs who was not there.

    what            what is not as told, and the command that repeats it
    notes           what was asked and told, or who was killed when
    before, after   the census at the last rest before, and now
    processes       what the kernel says of each
    rows            what the store holds
    conmand.log     of its daemons; `record`: what went into them and came out
    DATA, RUN       their files, the store and the logs of shims among them

It must never lose what is wrong because something cannot be copied: what is missing is said in `what`.
"""

import shutil
import stat
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from conman.core.model import Container
from scenarios.stages.census import Thing
from scenarios.stages.daemon import Daemon
from scenarios.stages.real_host import RealHost

_LARGEST = 16 << 20


@dataclass(frozen=True, slots=True)
class Report:
    """`what`: a sentence, and `again`, the command. `before`: as a census names things."""

    what: str
    again: str
    notes: Iterable[str]
    before: Iterable[str]

    def write(self, folder: Path, daemon: Daemon, host: RealHost) -> None:
        """Into a new folder."""
        folder.mkdir(parents=True)
        _lines(folder / "notes", self.notes)
        _lines(folder / "before", self.before)
        missing = [*_now(folder, host), *_files(folder, daemon)]
        told = [self.what, f"again: {self.again}", *(f"not copied: {one}" for one in missing)]
        _lines(folder / "what", told)


def _now(folder: Path, host: RealHost) -> list[str]:
    """What is there; what could not be asked."""
    if not host.has_been_used:
        return []
    rows, missing = tuple[Container, ...](), list[str]()
    with _noted(missing, "the rows"):
        stored = host.stored()
        rows = stored.containers
        _lines(folder / "rows", map(str, (*rows, *stored.intents)))
    with _noted(missing, "the census"):
        _lines(folder / "after", host.found(rows))
        _lines(folder / "processes", _processes(host.things()))
    return missing


@contextmanager
def _noted(missing: list[str], what: str) -> Generator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a host that is reported may be in any state
        missing.append(f"{what}: {error!r}")


def _files(folder: Path, daemon: Daemon) -> list[str]:
    return [
        *_copied(daemon.data, folder / "DATA"),
        *_copied(daemon.run, folder / "RUN"),
        *_one(daemon.errors, folder / "conmand.log"),
        *_one(daemon.record, folder / "record"),
    ]


def _lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _processes(things: list[Thing]) -> Iterator[str]:
    """Each with its state and where in the kernel it waits; each cgroup with its freezer."""
    for one in things:
        files = ("stat", "wchan") if one.what.isdecimal() else ("freezer.state", "cgroup.procs")
        top = Path("/proc", one.what)
        if one.what.isdecimal() or one.kind == "cgroup":
            with suppress(OSError):
                said = [(top / file).read_text().strip() for file in files]
                yield f"{one.kind} {one.owner} {one.what}: {'; '.join(said)}"


def _copied(source: Path, target: Path) -> list[str]:
    """But for root file systems, sockets and FIFOs; what could not be copied."""
    missing = list[str]()
    with _noted(missing, str(source)):
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
