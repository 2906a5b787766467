"""What strikes a life of a daemon on a real host: how it is armed, whether it came, and who dies with the daemon.

Everything that is killed by name or by number is found by the census. It must never leave anything armed for the
next life, nor take for struck what nothing came of.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

from scenarios.stages.census import daemons
from scenarios.stages.daemon import Daemon
from scenarios.stages.deaths import By, Death, With
from scenarios.stages.faulty_runtime import Faulty, faulty
from scenarios.stages.loop_disk import LoopDisk
from scenarios.stages.own_group import OwnGroup
from scenarios.stages.real_host import RealHost, kill
from scenarios.stages.small_disk import SmallDisk
from scenarios.syscalls import preload
from scenarios.violation import Violation

#: How long a disk is full at most; conman tries again more often.
_FULL_S = 2.0
#: Who is to outlive a service that is killed, as the census names them.
_NOT_IN_IT = ("shim", "run")


class Striking:
    """`deaths`: all that is to come, for which it makes what they need: a disk, a control group, a runtime."""

    def __init__(
        self, daemon: Daemon, host: RealHost, runtime: str, deaths: Sequence[Death]
    ) -> None:
        self._daemon, self._host = daemon, host
        self.disk: LoopDisk | None = None
        self._full_since = 0.0
        #: Is there when a system call of this life was struck.
        self._once = daemon.top / "never"
        self._group: OwnGroup | None = None
        self.runtime: Faulty | None = None
        with ExitStack() as closing:
            self._build(closing, runtime, deaths)
            self._closing = closing.pop_all()

    def _build(self, closing: ExitStack, runtime: str, deaths: Sequence[Death]) -> None:
        """`closing`: whatever there is by now goes, whichever of these fails."""
        daemon = self._daemon
        disks = {how.what for how in deaths if how.by is By.FULL}
        if "ext4" in disks or any(how.company is With.CUT for how in deaths):
            self.disk = LoopDisk(daemon.top)
            closing.callback(self.disk.close)
            daemon.data = self.disk.place / "d"
        elif "tmpfs" in disks:
            small = SmallDisk(daemon.top)
            closing.callback(small.close)
            daemon.data = small.place / "d"
        if any(how.company is With.GROUP for how in deaths):
            self._group = OwnGroup(daemon.top.name)
            closing.callback(self._group.close)
            daemon.before = self._group.enter
        if any(how.by is By.RUNTIME for how in deaths):
            self.runtime = faulty(daemon.top, daemon.run, runtime)
            closing.callback(self.runtime.close)
            daemon.options = ("--runtime", str(self.runtime.path))

    @property
    def _ballast(self) -> Path:
        """What fills the disk up."""
        return self._daemon.data.parent / "ballast"

    @property
    def outside(self) -> tuple[str, ...]:
        """Where a daemon, its zygote and its shims change anything."""
        return (str(self._daemon.data), str(self._daemon.run), "/sys/fs/cgroup")

    def armed(self, how: Death) -> dict[str, str]:
        """The environment of the daemon that it is to befall."""
        match how.by:
            case By.POINT:
                return {"CONMAN_CRASH_AT": how.point, "CONMAN_CRASH_DISARM": str(self._marker())}
            case By.CALL:
                return self._counting(how)
            case By.ERROR:
                return self._counting(how, error=how.what)
            case By.FULL:
                return self._counting(how, fill=str(self._ballast))
            case By.RUNTIME:
                assert self.runtime is not None, "its runtime cannot be killed"
                self.runtime.arm(how.point)
                return {}

    def _marker(self) -> Path:
        """A directory of its own for each life: one may die where the last one did."""
        return Path(tempfile.mkdtemp(prefix="marker-", dir=self._daemon.top))

    def _counting(self, how: Death, *, error: str = "", fill: str = "") -> dict[str, str]:
        life = self._marker()
        self._once, self._full_since = life / "has-struck", 0.0
        return preload.environ(
            self.outside,
            strike=how.point,
            error=error,
            fill=fill,
            once=str(self._once),
            processes=str(life),
        )

    def counted(self, log: Path) -> dict[str, str]:
        """The environment of a daemon that nothing befalls: its calls are written down."""
        return preload.environ(self.outside, log=str(log), processes=str(self._marker()))

    @property
    def is_full(self) -> bool:
        """The disk, at this instant."""
        return self._ballast.exists()

    def time_passes(self) -> None:
        """Nobody waits for ever for space."""
        if not self._full_since and self.is_full:
            self._full_since = monotonic()
        if self._full_since and monotonic() > self._full_since + _FULL_S:
            self.relent()

    def relent(self) -> None:
        """Somebody has been answered, or has waited: there is space again."""
        self._ballast.unlink(missing_ok=True)

    def has_struck(self, how: Death) -> bool:
        """With its daemon dead, which did not die of it; nothing is armed from here on."""
        if how.by is By.RUNTIME:
            assert self.runtime is not None, "its runtime cannot be killed"
            return self.runtime.disarm()
        self.relent()
        return self._once.exists()

    def and_with_it(self, how: Death) -> None:
        """The daemon has just died: whoever else is to."""
        if how.company is With.CUT:
            self._host.reboot(self.disk)
        elif how.company is With.GROUP:
            self._kill_group()
        elif how.company is With.ALL:
            self._kill_all()

    def _kill_group(self) -> None:
        """Neither shims nor programs are in it, whoever kills it. Raises Violation."""
        assert self._group is not None, "it has no control group of its own"
        members = self._group.members()
        things = self._host.things() if self._host.has_been_used else []
        self._group.kill()
        for one in things:
            if one.kind in _NOT_IN_IT and int(one.what) in members:
                raise Violation("I18", f"{one.kind} {one.owner} is in conmand's own control group")

    def _kill_all(self) -> None:
        """Shims, and the zygote where both are in a control group; elsewhere that one sees its daemon's end."""
        if not self._host.has_been_used:
            return
        shims = {int(one.what) for one in self._host.things() if one.kind == "shim"}
        for group in daemons(self._daemon.place):
            members = Path(group, "shims/cgroup.procs")
            shims |= {*map(int, members.read_text().split())} if members.exists() else set()
        for pid in shims:
            kill(pid)

    def close(self) -> None:
        """With nobody left alive. Each is closed, whichever of them fails."""
        self._closing.close()
