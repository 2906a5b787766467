"""A life of a daemon with several clients, in one order: whoever runs goes on, but for what a plan says.

Who can move is a strand: an object's saga with its effect, the store, a client, what the daemon sees end,
a runtime call, a shim, a program, and the time for which conman waits by itself. An effect is begun, has happened, and is told, each apart; commits that
wait together are durable together. A plan names preemptions: at this move of one strand another goes
first. Nothing is drawn, and nothing of conman's is decided here.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Outcome
from conman.core.outputs import Alarm, Output
from scenarios import positions
from scenarios.actors import enabled
from scenarios.clients import Told
from scenarios.coverage.seen import Passed
from scenarios.crowd import Crowd, Member
from scenarios.job import Job
from scenarios.linearizability import NEVER
from scenarios.performing import is_over
from scenarios.simulator import LineHandler
from scenarios.story import SeveralClients
from scenarios.swarm import Swarm
from scenarios.violation import Violation
from scenarios.world import World

#: A kind, and whose: an object's id, a client, a pid, a shim's directory.
Strand = tuple[str, str]
DAEMON, STORE, NOTICE, CLIENT, PROGRAM = "daemon", "store", "notice", "client", "program"
#: What conman is to do by itself comes due, before whatever else could happen.
DUE = "due"
_LAST = (PROGRAM, DUE)


@dataclass(frozen=True, slots=True)
class Preemption:
    """At this move, passed so many times, `by` goes first."""

    move: str
    by: str

    def name(self) -> str:
        return f"preempted@{self.move},by={self.by}"


@dataclass(slots=True)
class Turn:
    """More than one can move. `move`: what is next without a preemption; `others`: who could be first."""

    move: str
    others: tuple[str, ...]
    is_of_store: bool


Plan = tuple[Preemption, ...]
TurnsHandler = Callable[[Turn], None]


def _no_turn(_turn: Turn) -> None:
    pass


class Diverged(LookupError):
    """The plan is of another version: what it names did not come, or could not move."""


@dataclass(slots=True)
class _Line:
    """Who goes on: the last that moved, then whom it made able to, then the others. Programs come last, then time."""

    strands: list[Strand] = field(default_factory=list[Strand])

    def update(self, able: Sequence[Strand]) -> None:
        waiting = [one for one in self.strands if one in able]
        fresh = [one for one in able if one not in self.strands]
        goes_on = waiting[:1] if self.strands[:1] == waiting[:1] else []
        rest = [*goes_on, *fresh, *waiting[len(goes_on) :]]
        self.strands = sorted(rest, key=lambda one: one[0] in _LAST and _LAST.index(one[0]) + 1)

    def moves(self, strand: Strand) -> None:
        self.strands.remove(strand)
        self.strands.insert(0, strand)


#: Attributes that no position has: what tells of the run, what its clients' key says, and the machine's memory.
_APART = frozenset(
    f"Interleaved.{name}"
    for name in ("crowd", "_choices", "_plan", "_own", "_passed", "_names", "_counts", "_on_turns")
)


class Interleaved(Swarm):
    """`plan`: the preemptions in their order. `on_turns` is called wherever there could be one more."""

    def __init__(
        self,
        world: World,
        members: Crowd,
        story: SeveralClients,
        plan: Plan,
        *,
        on_turns: TurnsHandler = _no_turn,
        on_line: LineHandler,
        passed: set[Passed] | None = None,
    ) -> None:
        super().__init__(world, members, None, on_line, passed)
        self._story, self._on_turns = story, on_turns
        self._plan = list(plan)
        self._line = _Line()
        self._has_hung = False
        world.record_fails_in = int(story.record_fails)
        #: Alarms of what conman is to do by itself; sagas wait for the others.
        self._own = set[int]()
        self._passed = Counter[str]()
        self._names: dict[Strand, str] = {}
        self._counts = Counter[str]()

    @property
    def is_on_its_own(self) -> bool:
        """Nothing of the plan is left: from here on the run is like no other."""
        return not self._plan

    def position(self, *judged_by: object) -> bytes:
        """The key of where this life stands, with all that clients were told."""
        told = (self.crowd.key(), self.world.disturbed, judged_by)
        return positions.of(self, *told, leave_out=_APART)

    # ---- one event

    def _one(self) -> bool:
        if self._is_calm:
            return super()._one()
        self.crowd.see(self.world)
        self._hang()
        self._line.update(self._able())
        for strand in self._line.strands:
            self._name(strand)
        if not self._line.strands:
            return self._time_passes()
        self._move(self._chosen())
        return True

    def _chosen(self) -> Strand:
        first, *others = self._line.strands
        move = self._passing(self._move_of(first))
        if self._plan and self._plan[0].move == move:
            return self._preempting(self._plan.pop(0), others)
        if others and not self._plan:
            names = tuple(self._name(one) for one in others)
            self._on_turns(Turn(move, names, is_of_store=first[0] == STORE))
        return first

    def _preempting(self, preemption: Preemption, others: Sequence[Strand]) -> Strand:
        for one in others:
            if self._name(one) == preemption.by:
                self._on_line("CHOICE", preemption.name(), "")
                return one
        raise Diverged(f"{preemption.by} cannot move at {preemption.move}")

    def _passing(self, move: str) -> str:
        self._passed[move] += 1
        count = self._passed[move]
        return move if count == 1 else f"{move}~{count}"

    def _hang(self) -> None:
        """The first call of the story's container makes no progress, from its beginning."""
        mine = self.world.storage.names.get(self._story.hangs, "")
        calls = [call for call in self.world.calls.values() if mine and mine in call.bundle]
        if calls and not self.world.hung and not self._has_hung:
            self._on_line("world", "the runtime call hangs", "")
            self.world.hung.add(calls[0].pid)
            self._has_hung = self.world.disturbed = self._dirty = True

    def _time_passes(self) -> bool:
        for member in self.crowd.members:
            if member.who in self._story.prompt and self._is_kept_waiting(member):
                raise Violation("I5", f"{member.who} waits for what it has not asked for")
        return super()._time_passes()

    def _is_kept_waiting(self, member: Member) -> bool:
        return member.is_asking if self._story.record_fails else not member.is_over()

    # ---- who can move

    def _able(self) -> list[Strand]:
        able = [(DAEMON, job.perform.object_id) for job in (*self._to_tell(), *self._to_perform())]
        if self._commits():
            able.append((STORE, ""))
        if self.world.endings or self.world.kept.has_endings():
            able.append((NOTICE, ""))
        if self.is_ready:
            able += [(CLIENT, one.who) for one in self.crowd.members if one.can_ask()]
        return [*able, *enabled(self.world), *([(DUE, "")] if self._is_due_next() else [])]

    def _is_due_next(self) -> bool:
        """Of all deadlines one that is no saga's comes first: no time-out of an effect comes too early."""
        mine = [at for ticket, at in self.alarms.items() if at and ticket in self._own]
        others = [at for ticket, at in self.alarms.items() if at and ticket not in self._own]
        others += [job.pending.deadline for job in self.jobs if job.pending]
        return bool(mine) and min(mine) < min(others, default=NEVER)

    def _out(self, output: Output) -> None:
        if isinstance(output, Alarm) and output.ticket not in self.waiting():
            self._own.add(output.ticket)
        super()._out(output)

    def _to_tell(self) -> list[Job]:
        """What has happened. The store's one thread tells in its order."""
        happened = [job for job in self.jobs if job.outcome is not None]
        stored = [job for job in happened if not job.steps]
        return [job for job in happened if job not in stored[1:]]

    def _to_perform(self) -> list[Job]:
        """Those that have a worker, and something to do."""
        begun = [job for job in self.jobs if job.outcome is None and job.steps]
        return [job for job in begun[: self._story.workers] if self._can_go_on(job)]

    def _can_go_on(self, job: Job) -> bool:
        return job.pending is None or is_over(self.world, job.pending)

    def _commits(self) -> list[tuple[Job, v.Commit]]:
        """Those that wait for the store. It always knows what it did, so nobody reopens it."""
        return [
            (job, job.perform.effect)
            for job in self.jobs
            if job.outcome is None and isinstance(job.perform.effect, v.Commit)
        ]

    def _job_of(self, strand: Strand) -> Job:
        return next(job for job in self.jobs if job.perform.object_id == strand[1])

    # ---- their moves

    def _move(self, strand: Strand) -> None:
        kind, whose = strand
        self._line.moves(strand)
        if kind == DAEMON:
            self._daemon_moves(self._job_of(strand))
        elif kind == STORE:
            self._store_moves()
        elif kind == NOTICE:
            self._observe()
        elif kind == DUE:
            self._alarm()
        elif kind == CLIENT:
            self._asker(next(one for one in self.crowd.members if one.who == whose))()
        else:
            self._actor_moves(strand)

    def _daemon_moves(self, job: Job) -> None:
        """It is told, or it happens: at one go, as far as nobody else is waited for."""
        if job.outcome is not None:
            self._tell(job, job.outcome)
            return
        self._moved(job)
        while not self._story.fine and job.pending is None and job.outcome is None:
            self._moved(job)

    def _actor_moves(self, actor: Strand) -> None:
        """One thing, or at one go what it can; the daemon may die between any two of these."""
        self._actor_of(actor)()
        while not self._story.fine and actor in enabled(self.world):
            self._actor_of(actor)()

    def _store_moves(self) -> None:
        """All that waits becomes durable together: no death comes between two of a batch."""
        batch = self._commits()
        for job, _ in batch:
            self._point(f"{job.perform.point}/before")
        outcomes = [self._written(effect) for _, effect in batch]
        self._sync(batch[0][0])
        for (job, _), outcome in zip(batch, outcomes, strict=True):
            self._complete(job, outcome)

    def _complete(self, job: Job, outcome: Outcome) -> None:
        """It has happened. To be told is a move of its own."""
        if self._is_calm:
            super()._complete(job, outcome)
            return
        self._on_line("daemon", job.perform.point, type(outcome).__name__)
        job.outcome = outcome
        self._point(f"{job.perform.point}/after")

    def _must_be_true(self, told: Told) -> None:
        """Of a container of which the store has more than the daemon was told no state is."""
        if told.ask.verb != "status" or not self._has_news_of(told.ask.name):
            super()._must_be_true(told)

    def _has_news_of(self, name: str) -> bool:
        one = self.world.storage.names.get(name)
        stored = [job for job in self.jobs if job.outcome is not None and not job.steps]
        return any(job.perform.object_id == one for job in stored)

    # ---- names

    def _name(self, strand: Strand) -> str:
        """For a plan: clients have names, of others it is which of its kind."""
        known = self._names.get(strand)
        if known is None:
            kind, whose = strand
            self._counts[kind] += 1
            known = whose if kind == CLIENT else f"{kind}#{self._counts[kind]}"
            self._names[strand] = known
        return known

    def _move_of(self, strand: Strand) -> str:
        """What it would do now."""
        if strand[0] == STORE:
            return f"{self._commits()[0][0].perform.point}/before"
        if strand[0] != DAEMON:
            return self._name(strand)
        job = self._job_of(strand)
        if job.outcome is not None:
            return f"{job.perform.point}/after"
        position = f"during:{job.index}" if job.index or job.pending else "before"
        return f"{job.perform.point}/{position}"
