"""The simulated Linux host: everything that outlives the daemon, as data.

Files with a durable and a visible side, processes, locks, mounts, cgroups, boots, clocks, the store; and
the actors that go on when the daemon is dead (`actors`). It performs the recipes' primitives
(`performing`) and holds no decision of conman's. A clone is cheap; `keys` tells two
worlds apart but for the names that chance gave.
"""

from dataclasses import replace
from functools import cache

from conman.core.events import Numbered
from conman.core.layout import Layout
from conman.primitives.steps import ProcessId
from conman.shim import machine as shim
from fakerunc import model, signals
from scenarios.control_groups import FREEZING, FROZEN, NEW, THAWED, ControlGroup
from scenarios.disk import Disk
from scenarios.exec_ghosts import ExecGhosts, exec_of
from scenarios.kept import Kept
from scenarios.processes import Call, Process
from scenarios.programs import OBEYS_TERM
from scenarios.rootfs import furnish
from scenarios.shims import Shim, left_alone
from scenarios.storage import Storage

SECOND = 1_000_000_000
DATA, RUN, ROOTFS = "/data", "/run", "/images/rootfs"
INSTANCE = "0123abcd"
DAEMON = 1
#: Names that chance gives are numbers like no others, so that `keys` can tell them.
#: conman sends it only where a client asks it to.
USR1 = signals.NUMBERS["USR1"]

FIRST_PID, FIRST_CONNECTION, FIRST_CALL = 4_100_001, 4_300_001, 4_400_001

_DICTS = (
    *("processes", "control_groups", "locks", "shims", "calls", "ended_calls", "connections"),
    *("shim_answers", "watched", "exits", "terminal", "restarts", "asked_to_end"),
)


class World:
    """One host. All attributes are data; nothing refers to a daemon or a simulator."""

    def __init__(self) -> None:
        self.disk = Disk()
        self.storage = Storage()
        self.processes: dict[int, Process] = {}
        self.locks: dict[int, tuple[int, ...]] = {}
        #: Where an overlay is, and of what.
        self.mounts: dict[str, str] = {}
        self.cgroups: set[str] = set()
        #: What is not as in a new one, by the cgroup's path.
        self.control_groups: dict[str, ControlGroup] = {}
        self.shims: dict[str, Shim] = {}
        self.calls: dict[int, Call] = {}
        #: Calls that make no progress any more; only a signal ends them.
        self.hung: set[int] = set()
        self.ended_calls: dict[int, model.Answer] = {}
        self.connections: dict[str, int] = {}
        self.shim_answers: dict[tuple[str, int, int], str] = {}
        self.watched: dict[int, tuple[str, int]] = {}
        self.endings: list[tuple[str, int]] = []
        #: What the daemon keeps open of runs, and what became of their output.
        self.kept = Kept()
        self.execs = ExecGhosts()
        #: Whether its file system can hold overlays.
        self.overlays = True
        self.boot = 1
        self.monotonic = SECOND
        #: ns by which the wall clock was set.
        self.clock_error = 0
        #: Ghost: since when (monotonic ns) the client waits for its answer, over all daemons; 0: it does not.
        self.asked_at = 0
        self.next_pid = FIRST_PID
        self.next_connection = FIRST_CONNECTION
        self.next_id = 1
        #: Ghosts: what happened, for the oracle only. Each program that began, with its boot.
        self.started: tuple[tuple[tuple[str, int], int], ...] = ()
        #: How each such program ended, as the kernel told its parent.
        self.exits: dict[tuple[str, int], int] = {}
        #: Runs in which the kernel killed somebody for want of memory.
        self.out_of_memory: set[tuple[str, int]] = set()
        #: The first terminal status that was committed for each run.
        self.terminal: dict[tuple[str, int], tuple[int | None, str]] = {}
        #: How often each container was restarted since its last explicit start; the runs whose end was asked
        #: for, by the request of a kill, by the container of a stop.
        self.restarts: dict[str, int] = {}
        self.asked_to_end: dict[str, tuple[str, int]] = {}
        #: How often USR1 was sent since a client was told of one: by conman itself never.
        self.heard = 0
        #: What conman did by itself, in order: (`linearizability`'s word, container).
        self.by_itself: tuple[tuple[str, str], ...] = ()
        #: What a follower of the events was told, by all daemons together.
        self.followed: tuple[Numbered, ...] = ()
        #: Of the steps with which shims write exit records the n-th from now fails; 0: none does.
        self.record_fails_in = 0
        #: How often time passes before the disk has space again (`full_disk`); 0: it has.
        self.full = 0
        #: The next shim that looks who was killed for want of memory cannot.
        self.oom_unread = False
        #: The environment did more than let daemons die: calls may fail for that.
        self.disturbed = False
        for path in (DATA, f"{DATA}/containers", f"{DATA}/trash", RUN, "/images"):
            self.disk.make(path, "dir", durable=True)
        furnish(self.disk, ROOTFS)
        self.make_run()

    def make_run(self) -> None:
        """The directories that a starting daemon makes in RUN (`host.instance`)."""
        for path in (RUN, f"{RUN}/runtime", f"{RUN}/calls", f"{RUN}/shims"):
            self.disk.make(path, "dir", durable=True)

    # ---- copies and names

    def clone(self) -> "World":
        """A copy that shares nothing that can change."""
        other = World.__new__(World)
        other.__dict__.update(self.__dict__)
        other.disk, other.storage = self.disk.clone(), self.storage.clone()
        for name in _DICTS:
            other.__dict__[name] = dict(self.__dict__[name])
        other.mounts, other.cgroups = dict(self.mounts), set(self.cgroups)
        other.hung, other.kept = set(self.hung), self.kept.clone()
        other.execs = self.execs.clone()
        other.out_of_memory = set(self.out_of_memory)
        other.endings = list(self.endings)
        return other

    # ---- boots and clocks

    @property
    def boot_id(self) -> str:
        return f"boot-{self.boot}"

    @property
    def wall(self) -> int:
        return self.boot * 1_000_000 * SECOND + self.monotonic + self.clock_error

    def layout(self) -> Layout:
        return _layout(self.boot_id, has_lost_run=self.kept.has_lost_run)

    def draw_id(self) -> bytes:
        """Sixteen bytes that no other container got; the first of them tell it from others, as chance's do."""
        drawn = self.next_id.to_bytes(16, "little")
        self.next_id += 1
        return drawn

    # ---- processes

    def spawn(self, born: Process) -> Process:
        """A new process: as given, with a pid of its own."""
        process = replace(born, pid=self.next_pid)
        self.next_pid += 1
        self.put(process)
        return process

    def put(self, process: Process) -> None:
        self.processes[process.pid] = process

    def alive(self, process: ProcessId) -> Process | None:
        """The process of that identity, if it lives. Start times are pids here: both are unique."""
        found = self.processes.get(process.pid)
        if found is None or not found.alive or process.boot_id != self.boot_id:
            return None
        return found if process.start_time == found.pid else None

    def bearers(self, *marks: str) -> list[int]:
        return [
            p.pid for p in self.processes.values() if p.alive and any(m in p.marks for m in marks)
        ]

    def members(self, cgroup: str) -> list[int]:
        return [p.pid for p in self.processes.values() if p.alive and p.cgroup == cgroup]

    def signal(self, pid: int, number: int) -> None:
        """Signal rules of a container's init, seen from outside its pid namespace."""
        process = self.processes[pid]
        self.heard += number == USR1
        if self.control_group(process.cgroup).freezer != THAWED and number not in {0, 18}:
            # The kernel keeps each once, however often it was sent.
            once = tuple(dict.fromkeys((*process.pending, number)))
            self.put(replace(process, pending=once))
        elif number == signals.KILL:
            self.end(pid, 128 + number, number)
        elif number == signals.STOP:
            self.put(replace(self.processes[pid], stopped=True))
        elif number == 18:
            self.put(replace(self.processes[pid], stopped=False))
        elif process.kind == "init" and process.image == 1 and number in signals.ENDS_CREATED:
            self.end(pid, signals.CREATED_EXIT, 0)
        elif number == signals.TERM and process.cmdline in OBEYS_TERM:
            self.end(pid, OBEYS_TERM[process.cmdline], 0)

    def end(self, pid: int, code: int, signal: int = 0) -> None:
        """A process ends: its locks are free, its parent may reap it, its children are orphans."""
        if not self.processes[pid].alive:
            return
        if self.processes[pid].kind == "init":
            # Their pid namespace goes with it: they end first, and it only then.
            for member in self.members(self.processes[pid].cgroup):
                if self.processes[member].kind == "exec":
                    self.end(member, 137, 9)
        self.put(replace(self.processes[pid], alive=False, code=code, signal=signal))
        self.locks = {n: tuple(h for h in held if h != pid) for n, held in self.locks.items()}
        self.calls.pop(pid, None)
        self.hung.discard(pid)
        for directory, one in list(self.shims.items()):
            if one.pid == pid:
                del self.shims[directory]
                self.connections.pop(directory, None)
            elif one.pid == self.processes[pid].parent:
                self._tell_parent(one, pid)
        if self.processes[pid].kind == "init":
            self._init_ended(self.processes[pid])
        elif self.processes[pid].kind == "exec":
            self._exec_ended(self.processes[pid])
        if pid in self.watched:
            self.endings.append(self.watched.pop(pid))
        self.kept.process_ended(pid)

    def _exec_ended(self, process: Process) -> None:
        is_seen = any(one.pid == process.parent for one in self.shims.values())
        self.execs.ends(exec_of(process.marks), process.code, is_seen=is_seen)

    def _init_ended(self, init: Process) -> None:
        run = run_of(init.cgroup)
        if init.image == 2:
            self.exits[run] = init.code
        how, is_watched = (init.code, init.signal), init.pid in self.watched
        self.kept.init_ended(run, how, is_watched=is_watched, has_run=run in self.exits)
        self._discard_output(run)

    def _discard_output(self, run: tuple[str, int]) -> None:
        """A FIFO's content goes with the last of its ends."""
        if run not in self.kept.held and not self.lives(run):
            self.kept.unread.discard(run)

    def kept_output(self) -> set[tuple[str, int]]:
        """Unread output that the daemon's death does not throw away: its writers have it open."""
        return {run for run in self.kept.unread if self.lives(run)}

    def orphans(self) -> set[tuple[str, int]]:
        """Runs whose end somebody else than their shim would have to see; told ones are `forgotten`."""
        return {run for run in self.kept.orphaned if self.lives(run)}

    def lives(self, run: tuple[str, int]) -> bool:
        """Whether anything of a run does."""
        return bool(self.members(self.layout().cgroup(*run)))

    def _tell_parent(self, parent: Shim, pid: int) -> None:
        child = self.processes[pid]
        if child.kind == "call":
            return
        ended = shim.ChildEnded(pid, child.code, child.signal, self.wall)
        self.shims[parent.directory] = replace(parent, inbox=(*parent.inbox, ended))

    def shim_at(self, directory: str) -> Shim | None:
        """Who listens there. Where somebody removed the socket its shim lives on, out of reach."""
        there = self.disk.find(directory) is not None
        return self.shims.get(directory) if there else None

    def shim_killed(self, directory: str) -> None:
        """By the environment, not by conman."""
        self.disturbed = True
        self.shim_lost(directory)

    def shim_lost(self, directory: str) -> None:
        """It ends by no fault of conman's: what it would have recorded is lost."""
        one, run = self.shims[directory], run_of(directory)
        self.execs.shim_died(run)
        has_run = run in self.exits
        self.kept.shim_killed(run, one.state, living=self.lives(run), has_run=has_run)
        self.end(one.pid, 137, 9)
        self._discard_output(run)

    def release(self, run: tuple[str, int]) -> None:
        """The daemon lets go of all that it holds of a run."""
        self.watched = {pid: one for pid, one in self.watched.items() if one != run}
        self.kept.release(run, has_run=run in self.exits)
        self._discard_output(run)

    # ---- control groups

    def control_group(self, cgroup: str) -> ControlGroup:
        return self.control_groups.get(cgroup, NEW)

    def freeze(self, cgroup: str, *, wholly: bool = True) -> None:
        group = self.control_group(cgroup)
        state = FROZEN if wholly else FREEZING
        self.control_groups[cgroup] = replace(group, freezer=state)

    def thaw(self, cgroup: str) -> None:
        """The members go on, and meet what was sent to them meanwhile."""
        if cgroup in self.control_groups:
            group = self.control_groups[cgroup]
            self.control_groups[cgroup] = replace(group, freezer=THAWED)
        for pid in self.members(cgroup):
            waiting, member = self.processes[pid].pending, replace(self.processes[pid], pending=())
            self.put(member)
            for number in waiting:
                if self.processes[pid].alive:
                    self.signal(pid, number)

    def remove_cgroup(self, cgroup: str) -> None:
        self.cgroups.discard(cgroup)
        self.control_groups.pop(cgroup, None)

    def memory_runs_out(self, pid: int) -> None:
        cgroup = self.processes[pid].cgroup
        group = self.control_group(cgroup)
        self.control_groups[cgroup] = replace(group, oom_kills=group.oom_kills + 1)
        self.out_of_memory.add(run_of(cgroup))

    def forget_earlier_use_of(self, run: tuple[str, int]) -> None:
        """An undone run's number is used again, for another run: on one boot only one may begin."""
        self.kept.begin_run(run)
        self.exits.pop(run, None)
        self.started = tuple(
            begun for begun in self.started if begun[0] != run or begun[1] == self.boot
        )

    # ---- locks

    def lock(self, path: str, pid: int) -> None:
        self.disk.make(path, "file")
        number = self.disk.find(path)
        if number is not None:
            self.locks[number] = (*self.locks.get(number, ()), pid)

    def holders(self, path: str) -> tuple[int, ...]:
        number = self.disk.find(path)
        return () if number is None else self.locks.get(number, ())

    # ---- deaths

    def daemon_dies(self) -> None:
        """Its connections end, its watches are gone; whatever it began goes on."""
        self.record_fails_in = 0
        for directory, one in self.shims.items():
            self.shims[directory] = left_alone(one, self.connections.get(directory))
        self.connections.clear()
        self.shim_answers.clear()
        self.watched.clear()
        self.endings.clear()
        self.kept.daemon_dies()
        self.kept.unread = self.kept_output()
        self.kept.orphaned = self.orphans()
        self.ended_calls.clear()
        # Who had not waited yet asks as if for the first time: so keys need not tell the two apart.
        if self.asked_at == self.monotonic:
            self.asked_at = 0

    def power_cut(self, disk: Disk) -> None:
        """Another boot, on what the cut left of the disk."""
        self.daemon_dies()
        self.disk = disk
        self._forget_what_nobody_can_know()
        self.processes.clear()
        self.locks.clear()
        self.mounts.clear()
        self.cgroups.clear()
        self.control_groups.clear()
        self.shims.clear()
        self.calls.clear()
        self.hung.clear()
        self.execs.power_cut()
        self.boot += 1
        self.monotonic = SECOND
        self.asked_at = 0
        self.make_run()

    def _forget_what_nobody_can_know(self) -> None:
        """A program of which no row says that it began: its cut start is to be undone."""
        ran = self.storage.ran()
        undone = self.storage.runs() - ran
        self.started = tuple(begun for begun in self.started if begun[0] not in undone)
        self.exits = {run: code for run, code in self.exits.items() if run not in undone}
        self.out_of_memory -= undone
        self.kept.power_cut(ran)


@cache
def _layout(boot_id: str, *, has_lost_run: bool) -> Layout:
    return Layout(DATA, RUN, INSTANCE, boot_id, has_lost_run=has_lost_run)


def run_of(path: str) -> tuple[str, int]:
    """(container id, run) from a path that ends in <id>-<n>."""
    container_id, _, run = path.rpartition("/")[2].rpartition("-")
    return container_id, int(run)
