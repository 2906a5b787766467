"""The daemon of a soak on this machine, with all that can be killed of it, and its disk.

Whoever is killed here is noted before. Nothing is waited for by sleeping but the random instants themselves.
It must never end a process that is not its daemon's, and leaves nothing, whatever happens.
"""

import os
import select
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random

from scenarios.soak.lives import Ends, Kills, Life
from scenarios.stages.clearing import clear
from scenarios.stages.daemon import Daemon, first_line
from scenarios.stages.loop_disk import LoopDisk
from scenarios.stages.over_grpc import Names
from scenarios.stages.programs import make_rootfs
from scenarios.stages.real_host import ZYGOTE, RealHost, end, process
from scenarios.syscalls import preload
from scenarios.violation import Violation

#: Is there when a system call was struck.
_STRUCK = "has-struck"


class Host:
    """`note` hears of each start and each kill. Its directories are its own."""

    def __init__(self, runtime: str, note: Callable[[str], None]) -> None:
        self.top = Path(tempfile.mkdtemp(prefix="ck", dir="/tmp"))
        self.daemon = Daemon(self.top, "--runtime", runtime)
        self.real = RealHost(self.daemon, runtime)
        self.disk: LoopDisk | None = None
        self._note = note
        #: Of the life that was armed last: where its points leave their marks.
        self._arms: Path | None = None
        # Of a daemon that dies grpc would tell in its own words.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")

    def furnish(self, *, has_disk: bool) -> None:
        """What containers and power cuts need. A ^C waits: what is half mounted nobody could take away."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            make_rootfs(self.daemon.rootfs)
            if has_disk:
                self.disk = LoopDisk(self.top)
                self.daemon.data = self.disk.place / "d"
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @property
    def socket(self) -> str:
        return f"{self.daemon.run}/conmand.sock"

    def names(self) -> Names:
        """What clients call things here."""
        return Names(lambda path: path.replace("/images", str(self.top), 1), lambda name: name)

    # ---- lives

    def begin(self, life: Life | None) -> None:
        """Start a daemon, and do not wait. None: nothing is to befall it."""
        armed = self.armed(life) if life is not None else {}
        self.daemon.process = self.daemon.begin(stdin=None, **armed)
        self._note(f"conmand {self.daemon.process.pid} begins, and {life or 'lives'}")

    def is_ready(self) -> bool:
        """Once it says so; False: it has died instead. Raises Violation when it does neither."""
        assert self.daemon.process is not None
        try:
            return bool(first_line(self.daemon.process))
        except AssertionError as error:
            raise Violation("I5", f"conmand does not become ready: {error}") from error

    def must_be_ready(self) -> None:
        """Where nothing is to befall it. Raises Violation."""
        if not self.is_ready():
            raise Violation("I1", "conmand ends before it is ready")

    def is_dead(self) -> bool:
        return self.daemon.process is None or self.daemon.process.poll() is not None

    def buried(self) -> None:
        """It has died by itself: of what it was armed with. Raises Violation otherwise."""
        code = self.daemon.died()
        self._note(f"conmand is dead: {code}")
        if code != -signal.SIGKILL:
            raise Violation("I1", f"conmand ended by itself, with {code}")

    def kill(self) -> None:
        """Raises Violation, when it has ended by itself."""
        self._note("conmand is killed")
        assert self.daemon.process is not None
        self.daemon.process.send_signal(signal.SIGKILL)
        self.buried()

    def armed(self, life: Life) -> dict[str, str]:
        """The environment of the daemon that it is to befall."""
        assert self._arms is None, "what was armed last is armed still"
        if not life.point:
            return {}
        self._arms = Path(tempfile.mkdtemp(prefix="arms-", dir=self.top))
        if life.ends is Ends.CRASH_POINT:
            return {"CONMAN_CRASH_AT": life.point, "CONMAN_CRASH_DISARM": str(self._arms)}
        places = (str(self.daemon.data), str(self.daemon.run), "/sys/fs/cgroup")
        return preload.environ(places, strike=life.point, once=str(self._arms / _STRUCK))

    def disarm(self) -> bool:
        """Zygotes and shims live on with what their daemon was armed with: from here on none dies of it.

        True: somebody has died before a system call since this was asked last.
        """
        if self._arms is None:
            return False
        has_struck = (self._arms / _STRUCK).exists()
        (self._arms / _STRUCK).touch()
        self._arms = None
        return has_struck

    # ---- who is killed besides

    def strike(self, whom: Kills, chance: Random) -> bool:
        """One of them; False: there is none at this instant."""
        with self._held(whom) as found:
            if not found:
                return False
            pid = chance.choice(sorted(found))
            if _has_ended(found[pid]):
                return False
            self._note(f"{whom} {pid} is killed")
            # Who stands still in a freezer dies when it is thawed: nobody can wait for that here.
            signal.pidfd_send_signal(found[pid], signal.SIGKILL)
            return True

    def strike_all(self) -> None:
        """The daemon first, and nobody in between has time to notice. Raises Violation, when it has ended by itself."""
        with self._held(Kills.ZYGOTE, Kills.SHIM) as others:
            self._note(f"conmand and {list(others)} are killed")
            assert self.daemon.process is not None
            self.daemon.process.send_signal(signal.SIGKILL)
            for handle in others.values():
                end(handle)
            self.buried()

    @contextmanager
    def _held(self, *whom: Kills) -> Generator[dict[int, int]]:
        """Their pidfds, by pid: of those who are found again once these are open, so no stranger got a pid meanwhile."""
        with ExitStack() as closing:
            handles = dict[int, int]()
            for pid in (pid for one in whom for pid in self._pids(one)):
                with suppress(ProcessLookupError):
                    handles[pid] = os.pidfd_open(pid)
                    closing.callback(os.close, handles[pid])
            again = {pid for one in whom for pid in self._pids(one)}
            yield {pid: handle for pid, handle in handles.items() if pid in again}

    def cut(self) -> None:
        """The power, with no daemon alive."""
        assert self.disk is not None, "only a disk of its own is cut off"
        self._note("the power is cut")
        self.real.reboot(self.disk)

    def _pids(self, whom: Kills) -> Iterator[int]:
        if whom is Kills.ZYGOTE:
            yield from self._zygotes()
        elif not self.real.has_been_used:
            return
        elif whom is Kills.PROGRAM:
            yield from (one.pid for _, one in self.real.programs())
        else:
            kind = "shim" if whom is Kills.SHIM else "call"
            yield from (int(one.what) for one in self.real.things() if one.kind == kind)

    def _zygotes(self) -> Iterator[int]:
        if self.daemon.process is None:
            return
        for file in Path(f"/proc/{self.daemon.process.pid}/task").glob("*/children"):
            for pid in children(file):
                found = process(pid)
                if found is not None and found.comm == ZYGOTE:
                    yield pid

    # ---- the end

    def forget(self) -> None:
        """What was recorded and logged, and was as told."""
        for file in (self.daemon.record, self.daemon.errors):
            os.truncate(file, 0)

    def end_daemon(self) -> None:
        """Without a word."""
        if self.daemon.process is not None:
            self.daemon.kill()

    def close(self) -> None:
        """Nothing of it stays, whichever of these fails."""
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self.top)
            if self.disk is not None:
                stack.callback(self.disk.close)
            stack.callback(clear, self.daemon)
            self.end_daemon()


def children(file: Path) -> list[int]:
    """None of a thread that has ended, or that ends while it is read."""
    try:
        return [*map(int, file.read_text().split())]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _has_ended(handle: int) -> bool:
    """And nobody has to have waited for it."""
    return bool(select.select([handle], [], [], 0)[0])
