"""What a real host has of one conmand, in the words of the oracle: its census, its processes, its store.

It looks, and does what befalls a host; it never judges. Of conman it believes the rows, which are what the
oracle holds the host to.
"""

import fcntl
import os
import select
import shutil
import signal
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from conman.core.model import Container, Stored
from conman.host.database import look
from conman.primitives.steps import ProcessId
from scenarios.control_groups import FREEZING, FROZEN, THAWED
from scenarios.stages import litter
from scenarios.stages.census import Place, Thing, census
from scenarios.stages.clearing import begun_by, clear
from scenarios.stages.daemon import BIN, PATIENCE_S, Daemon
from scenarios.stages.loop_disk import LoopDisk
from scenarios.story import Befalls
from scenarios.violation import Violation

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: Before its program runs, an init bears nothing but its cgroup.
_MEMBERS = ("run", "member")
_ALIVE = (*_MEMBERS, "shim", "call")
#: What a zygote calls itself.
ZYGOTE = "conman-zygote"
#: How often a thing is looked at that nobody tells of.
LOOK_S = 0.02
#: What ends by itself when its daemon has.
_UNDER_WAY = ("runtime call", "zygote")
_WORDS = {
    "containers": "directory",
    "trash": "trash",
    "mount": "mount",
    "cgroup": "cgroup",
    "names": "cgroup",
    "runtime": "runtime",
    "shims": "shim directory",
    "exec": "exec",
    "exec directory": "exec directory",
    "shim": "shim",
    "call": "runtime call",
}


@dataclass(frozen=True, slots=True)
class Process:
    """Of /proc: `caught` has bit n - 1 for each signal n that it handles."""

    pid: int
    parent: int
    state: str
    start_time: int
    comm: str
    caught: int

    def catches(self, number: int) -> bool:
        return bool(self.caught >> (number - 1) & 1)


def process(pid: int) -> Process | None:
    """None: it has ended, though perhaps nobody has waited for it yet."""
    try:
        comm, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(") ")
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    fields = rest.split()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    if fields[0] in "ZX":
        return None
    return Process(pid, int(fields[1]), fields[0], int(fields[19]), comm, int(caught, 16))


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """And, of KILL, wait for its end."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            end(handle, number)
        finally:
            os.close(handle)


def end(handle: int, number: int = signal.SIGKILL) -> None:
    """As `kill`, by its pidfd."""
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, number)
        if number == signal.SIGKILL:
            assert select.select([handle], [], [], PATIENCE_S)[0], "who was killed does not die"


def _await_burial(pid: int) -> None:
    ends = monotonic() + PATIENCE_S
    while Path(f"/proc/{pid}").exists():
        assert monotonic() < ends, f"nobody waits for {pid}, who is dead"
        threading.Event().wait(LOOK_S)


def _is_held(lock: Path) -> bool:
    try:
        file = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _kill_shims(place: Place) -> None:
    for one in census(place):
        if one.kind == "shim":
            kill(int(one.what))


def _stop_shims(place: Place) -> None:
    for one in census(place):
        if one.kind == "shim":
            os.kill(int(one.what), signal.SIGSTOP)


def _inits(things: list[Thing]) -> list[tuple[str, Process]]:
    """As `RealHost.programs`; who has ended since is left out."""
    members = {int(one.what): one.owner for one in things if one.kind in _MEMBERS}
    execs = {int(one.what) for one in things if one.kind == "exec"}
    found = [(owner, process(pid)) for pid, owner in sorted(members.items())]
    return [
        (run, one)
        for run, one in found
        if one and one.parent not in members and one.pid not in execs
    ]


class RealHost:
    """This machine, as far as it is one daemon's."""

    def __init__(self, daemon: Daemon, runtime: str) -> None:
        self._daemon, self._runtime = daemon, runtime
        #: Files whose removal a power cut has undone.
        self._back = set[Path]()
        self._boot = daemon.top / "boot"
        self._reboots = 0
        self._boot.write_text(BOOT_ID.read_text())
        daemon.environ["CONMAN_BOOT_ID_FILE"] = str(self._boot)

    @property
    def boot_id(self) -> str:
        """Of the boot that conmand believes to be in."""
        return self._boot.read_text().strip()

    @property
    def has_been_used(self) -> bool:
        """A daemon came so far that there may be anything."""
        return self._daemon.has_been_used

    def things(self) -> list[Thing]:
        return census(self._daemon.place)

    def stored(self) -> Stored:
        """What the store holds; a daemon may be at work on it."""
        return look(f"{self._daemon.data}/conman.db").stored

    def is_alive(self, who: ProcessId) -> bool:
        found = process(who.pid)
        return (
            found is not None and found.start_time == who.start_time and who.boot_id == self.boot_id
        )

    def programs(self, things: list[Thing] | None = None) -> list[tuple[str, Process]]:
        """(run, init) of all that live: bears a run's mark or is in its cgroup, and its parent does not.

        But for execs, which have a mark of their own. `things`: of one look; none, and it looks anew.
        """
        return _inits(self.things() if things is None else things)

    def found(self, rows: tuple[Container, ...], things: list[Thing] | None = None) -> list[str]:
        """As `scenarios.census` names it; a thing that lies in several hierarchies is one. `things`: as above."""
        things = self.things() if things is None else things
        words = {f"{_WORDS[one.kind]} {one.owner}" for one in things if one.kind in _WORDS}
        prepared = {f"{row.id}-{row.run}" for row in rows if row.is_prepared(self.boot_id)}
        locks = {one.owner for one in things if one.kind == "calls"} - prepared
        words |= {f"call lock of {run}" for run in locks}
        first = dict[str, int]()
        for run, one in _inits(things):
            is_first = first.setdefault(run, one.pid) == one.pid
            words.add(f"init {run}" if is_first else f"stray process {one.pid}")
        words |= {f"zygote {pid}" for pid in self._strange_zygotes()}
        return sorted([*words, *self._litter(rows)])

    def _strange_zygotes(self) -> list[int]:
        """But for one, which is a child of the daemon that lives: conman's own marks name no instance there."""
        found = [one for one in map(process, self._begun()) if one and one.comm == ZYGOTE]
        alive = self._daemon_pid()
        own = [one.pid for one in found if one.parent == alive][:1]
        return [one.pid for one in found if one.pid not in own]

    def _begun(self) -> Iterator[int]:
        """Whom its daemons may have started."""
        return begun_by(self._daemon)

    def _daemon_pid(self) -> int | None:
        """None: none lives."""
        return self._daemon.process.pid if self._daemon.process else None

    def _litter(self, rows: tuple[Container, ...]) -> Iterator[str]:
        data, run = self._daemon.data, self._daemon.run
        yield from (f"temporary file {path}" for path in litter.halves(data, run))
        yield from (f"stray file {path}" for path in litter.strays(data, run))
        for row in rows:
            directory, is_prepared = data / "containers" / row.id, row.is_prepared(self.boot_id)
            left = litter.of_no_run(directory, row.run, is_prepared=is_prepared, back=self._back)
            yield from (f"stray file {path}" for path in left)

    def has_shim_directory(self, row: Container) -> bool:
        return (self._daemon.run / f"shims/{row.id}-{row.run}").exists()

    def config(self, row: Container) -> bytes:
        path = self._daemon.data / f"containers/{row.id}/bundle/config.json"
        return path.read_bytes() if path.exists() else b""

    def freezer(self, row: Container, things: list[Thing]) -> str:
        """The cgroup's own word; without a cgroup, whether all members are stopped."""
        own = [one for one in things if one.owner == f"{row.id}-{row.run}"]
        for one in own:
            if one.kind == "cgroup":
                for name, words in (
                    ("freezer.state", {}),
                    ("cgroup.freeze", {"1": FROZEN, "0": THAWED}),
                ):
                    with suppress(FileNotFoundError):
                        said = Path(one.what, name).read_text().strip()
                        return words.get(said, said)
        members = [process(int(one.what)) for one in own if one.kind in _MEMBERS]
        stopped = {one.state == "T" for one in members if one}
        return FREEZING if len(stopped) == 2 else FROZEN if stopped == {True} else THAWED

    def come_to_rest(self) -> list[str]:
        """Without a daemon: what is there when no runtime is at work any more, as `found`.

        Who ended is buried then: until somebody has waited for an orphan, the kernel tells even a stranger how
        it ended, and no simulated orphan is kept waiting. Raises Violation when that takes longer than patience lasts.
        """
        if not self.has_been_used:
            return []
        rows = self.stored().containers
        ends, before, now = monotonic() + PATIENCE_S, None, self.found(rows)
        while before != now or self._is_under_way(now):
            if monotonic() > ends:
                raise Violation("I5", f"no rest without a daemon: {', '.join(now)}")
            threading.Event().wait(LOOK_S)
            before, now = now, self.found(rows)
        for pid in (row.init.process.pid for row in rows if row.init is not None):
            if process(pid) is None:
                _await_burial(pid)
        return now

    def _is_under_way(self, things: list[str]) -> bool:
        """Whether somebody is who ends by himself, or will be somebody."""
        return any(one.startswith(_UNDER_WAY) for one in things) or self._unborn(things)

    def _unborn(self, things: list[str]) -> bool:
        """Whether a shim is on its way: its lock is held, and there is no process yet."""
        locks = sorted((self._daemon.run / "shims").glob("*/alive"))
        return any(f"shim {one.parent.name}" not in things and _is_held(one) for one in locks)

    # ---- what befalls it

    def befall(self, what: Befalls) -> None:
        """Raises KeyError for what no real stage can do."""
        {
            Befalls.SHIM_KILLED: lambda: _kill_shims(self._daemon.place),
            Befalls.SHIM_HANGS: lambda: _stop_shims(self._daemon.place),
            Befalls.PROGRAM_KILLED: self._kill_programs,
            Befalls.RUN_REMOVED: lambda: shutil.rmtree(self._daemon.run),
            Befalls.RUNTIME_DELETED: self._delete,
            Befalls.UNMOUNTED: self._unmount,
            Befalls.LOG_MOVED: self._move_logs,
            Befalls.REBOOT: self.reboot,
            # By itself: a conmand takes longer to come up than a first back-off.
            Befalls.TIME_PASSES: lambda: None,
        }[what]()

    def _move_logs(self) -> None:
        """Where nobody looks for a log, as logrotate does with `dateext`."""
        for log in (self._daemon.data / "containers").glob("*/log"):
            log.rename(f"{log}-moved")

    def reboot(self, disk: LoopDisk | None = None) -> None:
        """As far as one conmand can tell: nobody lives, nothing is mounted, RUN is empty, the boot another.

        `disk`: its power is cut at once.
        """
        place = self._daemon.place if self.has_been_used else None
        works = set[Path]()
        if disk is not None:
            works = litter.works(self._daemon.data)
            disk.shut()
        if place is not None:
            # First: one that sees its program end before it dies itself would record how.
            _kill_shims(place)
        clear(self._daemon)
        if disk is not None:
            disk.boot()
            self._back |= litter.works(self._daemon.data) - works
        shutil.rmtree(self._daemon.run, ignore_errors=not self._daemon.run.exists())
        self._reboots += 1
        self._boot.write_text(str(uuid.UUID(int=self._reboots)))

    def _kill_programs(self) -> None:
        """Until somebody has waited for each: before, the kernel tells even a stranger how it ended."""
        for _, one in self.programs():
            kill(one.pid)
            _await_burial(one.pid)

    def _unmount(self) -> None:
        for one in self.things():
            if one.kind == "mount":
                subprocess.run(["umount", one.what], check=True)

    def _delete(self) -> None:
        runtime = f"{BIN}/fakerunc" if self._runtime == "fakerunc" else self._runtime
        root = str(self._daemon.run / "runtime")
        for run, _ in self.programs():
            subprocess.run([runtime, "--root", root, "delete", "--force", run], check=True)
