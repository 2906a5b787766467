"""What a daemon keeps open of its runs, and the ghosts of what became of their exits and their output.

A FIFO's content goes with the last of its ends, and an orphan's exit is told only to whoever had a pidfd
of it: so both depend on who lives when. Nothing here knows what conman wants.
"""

from dataclasses import dataclass, field, replace

from conman.core.outputs import ExecEnded, ShimEnded
from conman.shim.machine import Phase, State

Run = tuple[str, int]
_Runs = set[Run]
ExecRun = tuple[str, int, str]


@dataclass(slots=True)
class Kept:
    """`living`, where it is asked for: whether a process of that run lives."""

    #: Shims by pid, and the ends of shims that the daemon has yet to see.
    watched_shims: dict[int, Run] = field(default_factory=dict[int, Run])
    shim_endings: list[Run] = field(default_factory=list[Run])
    #: The same of execs, whose id comes last.
    watched_execs: dict[int, ExecRun] = field(default_factory=dict[int, ExecRun])
    exec_endings: list[ExecRun] = field(default_factory=list[ExecRun])
    #: Whether the kernel tells how an orphan ended; and what the daemon's pidfds can tell it.
    kernel_tells: bool = True
    told: dict[Run, tuple[int, int]] = field(default_factory=dict[Run, tuple[int, int]])
    #: RUN was removed in this boot.
    has_lost_run: bool = False
    #: Runs of whose FIFOs the daemon holds an end.
    held: _Runs = field(default_factory=_Runs)
    #: Runs with output that was written for a shim that had died, and that nobody has read yet.
    unread: _Runs = field(default_factory=_Runs)
    #: Ghosts. Runs whose output was logged to its end; whose own shim the environment has killed.
    drained: _Runs = field(default_factory=_Runs)
    orphaned: _Runs = field(default_factory=_Runs)
    #: Ghosts. Runs whose program began, and whose exit nobody could record: nobody was there, or the
    #: power was cut.
    unknowable: _Runs = field(default_factory=_Runs)
    #: Ghosts. Runs whose exit their shim has made durable, and that were not told of yet.
    recorded: _Runs = field(default_factory=_Runs)
    #: Ghosts. Runs whose output the daemon held, and threw away unread.
    dropped: _Runs = field(default_factory=_Runs)

    def clone(self) -> "Kept":
        return replace(
            self,
            watched_shims=dict(self.watched_shims),
            shim_endings=list(self.shim_endings),
            watched_execs=dict(self.watched_execs),
            exec_endings=list(self.exec_endings),
            told=dict(self.told),
            held=set(self.held),
            unread=set(self.unread),
            drained=set(self.drained),
            orphaned=set(self.orphaned),
            unknowable=set(self.unknowable),
            recorded=set(self.recorded),
            dropped=set(self.dropped),
        )

    def begin_run(self, run: Run) -> None:
        """An undone run's number is used again: this is another run, and its exit can be known."""
        for runs in (self.unknowable, self.orphaned, self.drained, self.recorded):
            runs.discard(run)

    def init_ended(
        self, run: Run, status: tuple[int, int], *, is_watched: bool, has_run: bool
    ) -> None:
        """Who learns of it: its parent, and whoever holds a pidfd of it, where the kernel tells."""
        if is_watched and self.kernel_tells:
            self.told[run] = status
        elif has_run and run in self.orphaned:
            self.unknowable.add(run)

    def shim_killed(self, run: Run, state: State, *, living: bool, has_run: bool) -> None:
        """Its container's program may have ended already, and only this shim had waited for it."""
        if state.phase != Phase.WAITING and run not in self.drained:
            self.unread.add(run)
        if state.init is not None:
            self.orphaned.add(run)
            if has_run and not living and run not in {*self.told, *self.recorded}:
                self.unknowable.add(run)

    def drain(self, run: Run, *, living: bool) -> None:
        """Its shim has read all that there is, and all that there will be where nobody lives."""
        self.unread.discard(run)
        if not living:
            self.drained.add(run)

    def release(self, run: Run, *, has_run: bool) -> None:
        """The daemon lets go of all that it holds of a run."""
        self.watched_shims = {pid: one for pid, one in self.watched_shims.items() if one != run}
        self.watched_execs = {p: one for p, one in self.watched_execs.items() if one[:2] != run}
        self.told.pop(run, None)
        if has_run and run in self.held and run in self.unread:
            self.dropped.add(run)
        self.held.discard(run)

    def process_ended(self, pid: int) -> None:
        """Of a shim or an exec: its watcher sees it."""
        if pid in self.watched_shims:
            self.shim_endings.append(self.watched_shims.pop(pid))
        if pid in self.watched_execs:
            self.exec_endings.append(self.watched_execs.pop(pid))

    def has_endings(self) -> bool:
        return bool(self.shim_endings or self.exec_endings)

    def next_ending(self) -> ShimEnded | ExecEnded | None:
        """What the daemon sees next, of shims before execs."""
        if self.shim_endings:
            return ShimEnded(*self.shim_endings.pop(0))
        return ExecEnded(*self.exec_endings.pop(0)) if self.exec_endings else None

    def forgotten(self) -> _Runs:
        """Runs whose end only the living daemon could still learn."""
        return {run for run in self.told if run in self.orphaned - self.recorded}

    def daemon_dies(self) -> None:
        self.unknowable |= self.forgotten()
        self.watched_shims.clear()
        self.shim_endings.clear()
        self.watched_execs.clear()
        self.exec_endings.clear()
        self.told.clear()
        self.held.clear()

    def power_cut(self, runs: _Runs) -> None:
        """`runs`: all whose program ran, as far as anybody can know."""
        self.daemon_dies()
        self.recorded &= runs
        self.unknowable = runs - self.recorded
        self.orphaned.clear()
        self.drained.clear()
        self.unread.clear()
        self.has_lost_run = False
