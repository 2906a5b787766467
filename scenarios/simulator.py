"""The second driver: turns the crank of the real core on a simulated host, one thing at a time.

Deterministic: the same world, clients and schedule give the same run. It announces every instant at
which the daemon could die (`on_point`); the explorer decides what to make of that. It never looks into
the core: it hands over inputs, and performs what comes out.
"""

from collections.abc import Callable, Sequence

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, DeadlinePassed, NotCommitted, Outcome, Unknown
from conman.core.effects.recipes import recipe
from conman.core.machine import Machine
from conman.core.model import RootfsMode
from conman.core.outputs import (
    Alarm,
    ExecEnded,
    InitEnded,
    Marked,
    Output,
    Perform,
    Ready,
    SagaBegan,
    SagaEnded,
    Send,
)
from conman.core.requests import Reply, Request
from conman.primitives import steps as s
from scenarios import committing, full_disk, oracle, removing, restarting, told_events
from scenarios.actors import Actor, act, enabled
from scenarios.clients import Client
from scenarios.coverage.seen import Seen
from scenarios.halves import by_halves
from scenarios.job import Job
from scenarios.looks import Look
from scenarios.performing import Pending, perform, poll
from scenarios.reaching import begun
from scenarios.schedule import (
    CALL_HANGS,
    DISK_FULL,
    RECORD_FAILS,
    SHIM_DIES,
    UNKNOWN_KEPT,
    UNKNOWNS,
    Schedule,
)
from scenarios.violation import Violation
from scenarios.world import FIRST_CALL, World

EVENTS_AT_MOST = 3_000

#: The point's name, and whether the world may have changed since the last one.
PointHandler = Callable[[str, bool], None]
TurnHandler = Callable[[str], None]
LineHandler = Callable[[str, str, str], None]


def _nothing(_name: str, _changed: bool) -> None:  # noqa: FBT001 - a callback
    pass


def no_line(_actor: str, _what: str, _outcome: str) -> None:
    """Nobody reads along."""


class Simulator:
    """One life of a daemon on `world`, with its clients."""

    def __init__(
        self,
        world: World,
        client: Client,
        schedule: Schedule,
        *,
        on_point: PointHandler = _nothing,
        on_turn: TurnHandler = lambda _moment: None,
        on_line: LineHandler = no_line,
        seen: Seen | None = None,
    ) -> None:
        self.world, self.client, self.schedule = world, client, schedule
        mode = RootfsMode.OVERLAY if world.overlays else RootfsMode.COPY
        self.machine = Machine(Setting(world.layout(), "runc", mode))
        self.events = self.commits = 0
        #: How often both the daemon and an actor could have moved: only there schedules differ.
        self.choices = 0
        self.turned = False
        self.lived = (0, 0)
        self.is_ready = False
        self.jobs: list[Job] = []
        self._dirty = True
        self.alarms: dict[int, int] = {}
        self._calls = FIRST_CALL
        self._patient = False
        self._outstanding: dict[int, int] = {}
        self._replies: dict[int, Reply] = {}
        self.on_point, self.on_turn, self._on_line = on_point, on_turn, on_line
        self.seen = seen or Seen(set())
        self._unsure: dict[str, bool] = {}
        if schedule.kind == RECORD_FAILS:
            world.record_fails_in = schedule.strike + 1

    # ---- running

    def run(self) -> None:
        """Boot, serve the clients, come to rest. Raises Violation."""
        self._point("boot")
        self._open()
        told_events.follow(self.world)
        self._take(self.machine.boot(self.world.storage.read(), self._now()))
        while self._one():
            self._count()
            self._turn()
        self._point("rest")
        self.on_turn("rest")

    def _open(self) -> None:
        """What is seen of the store is made durable before it is believed (host.md, Starting)."""
        committing.make_durable(self.world)

    def calm(self) -> None:
        """No more strikes and no more points: what follows is the probe's, in one order."""
        self.lived = (self.events, self.commits)
        self.schedule = Schedule()
        self.world.record_fails_in = self.world.full = 0
        self.on_point = _nothing
        self.seen = Seen(set())

    def ask(self, request: Request) -> Reply:
        """One more request at rest, run to its answer: the probe's. Raises Violation."""
        self._calls += 1
        call = self._calls
        self._take(self.machine.submit(call, request, self._now(), self.world.draw_id()))
        while call not in self._replies:
            if not self._one():
                raise Violation("I5", "the run does not come to rest")
            self._count()
        while self._one():
            self._count()
        return self._replies.pop(call)

    def _count(self) -> None:
        self.events += 1
        if self.events > EVENTS_AT_MOST:
            raise Violation("I5", "the run does not come to rest")

    def has_strike_ahead(self) -> bool:
        if self.schedule.kind == RECORD_FAILS:
            return self.world.record_fails_in > 0
        by_commits = self.schedule.kind in UNKNOWNS
        return (self.commits if by_commits else self.events) <= self.schedule.strike

    def waiting(self) -> dict[int, object]:
        """What the core waits for, by ticket. For keys: nothing that happens depends on it."""
        return vars(self.machine)["_waiting"]

    def _turn(self) -> None:
        """The core has been told something: is this where another life has been?"""
        if self.turned and not self.has_strike_ahead():
            self.turned = False
            self.on_turn("turn")

    def _one(self) -> bool:
        """One event; False: all is at rest."""
        self._strike()
        actors = enabled(self.world)
        if self.schedule.eager:
            moved = self._actor(actors) or self._daemon()
        else:
            moved = self._daemon()
            self.choices += moved and bool(actors)
            moved = moved or self._actor(actors)
        return moved or self._alarm() or self._retry() or full_disk.empty(self.world)

    def _daemon(self) -> bool:
        is_asked = self.schedule.prompt and self._request()
        return is_asked or self._job() or self._observe() or self._request()

    def _strike(self) -> None:
        if self.events != self.schedule.strike:
            return
        self._dirty = True
        if self.schedule.kind == SHIM_DIES:
            for directory in list(self.world.shims)[:1]:
                self._on_line("world", "the shim is killed", "")
                self.seen.kills(self.world.shims[directory])
                self.world.shim_killed(directory)
        elif self.schedule.kind == CALL_HANGS and self.world.calls:
            self._on_line("world", "the runtime call hangs", "")
            self.world.hung |= set(self.world.calls)
            self.world.disturbed = True
        elif self.schedule.kind == DISK_FULL:
            self._on_line("world", "the disk is full", "")
            full_disk.fill(self.world)

    def _point(self, name: str) -> None:
        self._dirty, changed = False, self._dirty
        self.on_point(name, changed)

    def _at(self, job: Job, position: str) -> None:
        """An instant of an effect."""
        self.seen.at(job.perform.ticket, position)
        self._point(f"{job.perform.point}/{position}")
        self.seen.leaves()

    # ---- one kind of event each

    def _job(self) -> bool:
        """The first step that can go on does."""
        for job in self.jobs:
            if job.pending is None:
                self._step(job)
                return True
            result = poll(self.world, job.pending)
            if result is not None:
                job.pending = None
                self._stepped(job, result)
                return True
        return False

    def _observe(self) -> bool:
        waits = self.schedule.inits_first and self.world.endings
        if not waits and (ended := self.world.kept.next_ending()) is not None:
            whose = "an exec of " if isinstance(ended, ExecEnded) else "the shim of "
        elif self.world.endings:
            whose, ended = "", InitEnded(*self.world.endings.pop(0))
        else:
            return False
        self._on_line("daemon", f"sees the end of {whose}run {ended.run}", "")
        outputs = self.machine.observe(ended, self._now())
        if isinstance(ended, InitEnded):
            self.seen.ended(self.waiting(), self.alarms)
        self._take(outputs)
        return True

    def _retry(self) -> bool:
        """A client that was left in the dark asks again, once time has passed."""
        self._patient, was_patient = False, self._patient
        full_disk.time_passes(self.world)
        return was_patient and self._request()

    def _request(self) -> bool:
        free = self.is_ready and not self._outstanding and not self._patient
        request = self.client.next_request() if free else None
        if request is None:
            return False
        self._calls += 1
        self._outstanding[self._calls] = self.client.position
        self.world.asked_at = self.world.asked_at or self.world.monotonic
        self._on_line("client", self.client.describe(), "asked")
        entropy = self.world.draw_id()
        self._take(self.machine.submit(self._calls, request, self._now(), entropy))
        return True

    def _actor(self, actors: list[Actor]) -> bool:
        if not actors:
            return False
        self._dirty = True
        self._on_line(actors[0][0], act(self.world, actors[0]), "")
        self._point(f"while/{actors[0][0]}")
        return True

    def _alarm(self) -> bool:
        """Nothing else can happen: time passes, to the next deadline."""
        deadlines = [at for at in self.alarms.values() if at]
        deadlines += [job.pending.deadline for job in self.jobs if job.pending]
        if not deadlines:
            return False
        full_disk.time_passes(self.world)
        self.world.monotonic = max(self.world.monotonic, min(deadlines))
        due = [t for t, at in sorted(self.alarms.items()) if at and at <= self.world.monotonic]
        for ticket in due[:1]:
            del self.alarms[ticket]
            self.seen.passes(ticket)
            self._take(self.machine.complete(ticket, DeadlinePassed(), self._now()))
        return True

    # ---- effects

    def _step(self, job: Job) -> None:
        effect = job.perform.effect
        if isinstance(effect, v.Commit | v.ReopenStore):
            self._store(job, effect)
            return
        position = "before" if job.index == 0 else f"during:{job.index}"
        self._at(job, position)
        step = job.steps[job.index]
        result = self._performed(job, step)
        if isinstance(result, Pending):
            job.pending = result
        else:
            self._stepped(job, result)

    def _performed(self, job: Job, step: s.Step) -> s.Result | Pending:
        """Also by halves: those instants are points too."""
        begun(self.world, step)
        self._dirty = not isinstance(step, Look)
        for part in by_halves(self.world, step):
            self._point(f"{job.perform.point}/during:{job.index}:{part}")
            self._dirty = True
        result = perform(self.world, step)
        while isinstance(step, s.WatchShim) and self.world.kept.shim_endings:
            self._observe()  # That it is dead is said before this effect has its outcome.
        return result

    def _stepped(self, job: Job, result: s.Result) -> None:
        job.index += 1
        stopped = isinstance(result, s.Failed | s.TimedOut | s.Remaining)
        if stopped or job.index == len(job.steps):
            self._complete(job, result)

    def _store(self, job: Job, effect: v.Commit | v.ReopenStore) -> None:
        self._at(job, "before")
        if isinstance(effect, v.ReopenStore):
            kept = self._unsure.pop(effect.token)
            self._complete(job, Committed() if kept else NotCommitted("it was not there"))
            return
        if self._is_struck():
            kept = self.schedule.kind == UNKNOWN_KEPT
            self._unsure["token"] = kept and isinstance(self._committed(job, effect), Committed)
            self._complete(job, Unknown("token"))
            return
        self._complete(job, self._committed(job, effect))

    def _is_struck(self) -> bool:
        self.commits += 1
        struck = self.schedule.kind in UNKNOWNS and self.commits == self.schedule.strike + 1
        self.world.disturbed |= struck
        return struck

    def _committed(self, job: Job, effect: v.Commit) -> Outcome:
        outcome = self._written(effect)
        self._sync(job)
        return outcome

    def _written(self, effect: v.Commit) -> Outcome:
        if self.world.full:
            return NotCommitted("database or disk is full")
        self._dirty = True
        return self.world.storage.write(effect.changes)

    def _sync(self, job: Job) -> None:
        """Until then what this job has written can be seen, and be lost."""
        if self.world.storage.unsynced:
            self._point(f"{job.perform.point}/before:visible")
            committing.make_durable(self.world)
            self._dirty = True

    def _complete(self, job: Job, outcome: Outcome) -> None:
        """It has happened; nothing comes between that and the core's being told."""
        self._on_line("daemon", job.perform.point, type(outcome).__name__)
        self._at(job, "after")
        self._tell(job, outcome)

    def _tell(self, job: Job, outcome: Outcome) -> None:
        self.jobs.remove(job)
        self.seen.ends(job.perform.ticket, outcome)
        told_events.follow(self.world)
        self._take(self.machine.complete(job.perform.ticket, outcome, self._now()))

    # ---- outputs

    def _take(self, outputs: Sequence[Output]) -> None:
        self.turned = True
        for output in outputs:
            if isinstance(output, Perform | Alarm):
                self.seen.begins(self.machine, output.ticket)
            self._out(output)

    def _out(self, output: Output) -> None:
        match output:
            case Perform(_, effect, _):
                host = isinstance(effect, v.HostEffect)
                steps = recipe(effect, self.world.layout()) if host else ()
                self.jobs.append(Job(output, steps))
            case Alarm(ticket, at):
                self.alarms[ticket] = at
            case Ready():
                self.is_ready = True
            case SagaBegan() | SagaEnded() | Marked():
                pass
            case Send(call, reply):
                self._sent(call, reply)

    def _sent(self, call: int, reply: Reply) -> None:
        if call not in self._outstanding:
            self._replies[call] = reply
            return
        del self._outstanding[call]
        self._on_line("client", self.client.describe(), f"is told {type(reply).__name__}")
        self._dirty = True
        self._patient = not self.client.told(reply)
        if not self._patient:
            for judge in (oracle, restarting, removing):
                judge.answered(self.world, self.client.history[-1])
            oracle.in_time(self.world, self.client.history[-1])
            self.world.asked_at = 0

    def _now(self) -> Now:
        return Now(self.world.wall, self.world.monotonic)
