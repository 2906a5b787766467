"""Swarm: runs in which a seed draws everything, the host, the clients, the order of events, the faults.

Where `explore` tries all that may befall one client, this tries some of what may befall several at once. Daemons live and
die; then the faults stop, the last one must bring all to rest, and is judged: the whole oracle, one order of all calls
(`linearizability`), the probe. The same seed gives the same run, byte for byte. It must never decide anything of conman's, nor forgive what the oracle does not.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, NotCommitted, Unknown
from conman.core.model import State
from conman.core.outputs import Output, Ready
from conman.core.requests import ContainerList, ListContainers, Reply
from conman.primitives import steps as s
from scenarios import exec_orders, full_disk, linearizability, oracle, told_events, verdict
from scenarios.actors import act, enabled
from scenarios.choices import Choices
from scenarios.clients import Client, Told
from scenarios.coverage.seen import Passed, Seen
from scenarios.coverage.sites import Site
from scenarios.crowd import Crowd, Member
from scenarios.drawing import crowd, host
from scenarios.faults import (
    CRASH,
    FAILS_AFTER,
    NOT_COMMITTED,
    SLOW,
    STAYS_SHUT,
    STEP_HANGS,
    UNKNOWN_KEPT,
    Faults,
    between_lives,
)
from scenarios.job import Job
from scenarios.looks import Look
from scenarios.performing import Pending, perform, poll
from scenarios.schedule import Schedule
from scenarios.simulator import LineHandler, Simulator, no_line
from scenarios.tally import met
from scenarios.violation import Violation
from scenarios.world import World

#: A daemon dies at most so many times in a run, and at one of so many instants.
DEATHS_AT_MOST, INSTANTS = 3, 200


class _Death(Exception):
    """The daemon dies here."""


@dataclass(slots=True)
class Result:
    """What one seed came to. `violation`: the invariant and what is wrong with it; None: nothing."""

    seed: int
    lives: int = 0
    events: int = 0
    calls: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])
    violation: tuple[str, str] | None = None
    made: tuple[tuple[str, int], ...] = ()
    #: What lives with faults passed, and the last one; at which instants of effects a daemon died.
    passed: set[Passed] = field(default_factory=set[Passed])
    passed_last: set[Passed] = field(default_factory=set[Passed])
    died_at: set[Passed] = field(default_factory=set[Passed])
    #: Of a way: where a fault could have struck at an event.
    near: set[Site] = field(default_factory=set[Site])


class Swarm(Simulator):
    """One life of a daemon with several clients. What moves next is drawn from all that can."""

    def __init__(
        self,
        world: World,
        members: Crowd,
        faults: Faults | None,
        on_line: LineHandler,
        passed: set[Passed] | None = None,
    ) -> None:
        super().__init__(
            world,
            Client(()),
            Schedule(),
            on_line=on_line,
            seen=Seen(set() if passed is None else passed),
        )
        self.crowd, self._faults, self._choices = members, faults, members.choices
        if faults:
            faults.seen = self.seen
        self._is_calm = False
        self._tokens = 0
        self._shut: set[str] = set()

    def rest(self) -> None:
        """Faults are over, and so is chance: the probe's requests go in one order."""
        self.calm()
        self._is_calm = True

    # ---- one event

    def _one(self) -> bool:
        if self._is_calm:
            return super()._one()
        self._strike_now()
        self.crowd.see(self.world)
        movers = self._movers()
        while movers:
            if movers.pop(self._choices.below("next", len(movers)))():
                return True
        return self._time_passes()

    def _movers(self) -> list[Callable[[], bool]]:
        movers: list[Callable[[], bool]] = [self._mover(job) for job in self.jobs]
        if self.world.endings or self.world.kept.has_endings():
            movers.append(self._observe)
        if self.is_ready:
            movers += [self._asker(one) for one in self.crowd.members if one.can_ask()]
        return [*movers, *(self._actor_of(one) for one in enabled(self.world))]

    def _mover(self, job: Job) -> Callable[[], bool]:
        return lambda: self._moved(job)

    def _moved(self, job: Job) -> bool:
        if job.pending is None:
            self._step(job)
            return True
        result = poll(self.world, job.pending)
        if result is None:
            return False
        job.pending = None
        self._stepped(job, result)
        return True

    def _actor_of(self, actor: tuple[str, str]) -> Callable[[], bool]:
        def move() -> bool:
            self._dirty = True
            self._on_line(actor[0], act(self.world, actor), "")
            self._point(f"while/{actor[0]}")
            return True

        return move

    def _time_passes(self) -> bool:
        """To the next deadline; whoever is in the dark asks again, then or when there is none."""
        moved = self._alarm()
        if not moved:
            full_disk.time_passes(self.world)
        waited = any(member.waits for member in self.crowd.members)
        self.crowd.time_passes()
        return moved or waited or full_disk.empty(self.world) or self._go_away()

    def _go_away(self) -> bool:
        """At rest: whoever waits, waits for what still may end. Raises Violation."""
        calls = self.crowd.go_away()
        if calls and all(
            row.state is State.EXITED for row in self.world.storage.containers.values()
        ):
            raise Violation("I5", "all have ended, and a wait is not answered")
        for call in calls:
            del self._outstanding[call]
        return bool(calls)

    def _strike_now(self) -> None:
        struck = self._faults.at_event(self.world) if self._faults else ""
        if struck:
            self._dirty = True
            self._on_line("world", struck, "")
        if struck == SLOW:
            self._nobody_says_how_it_ended()
            self._alarm()

    def _nobody_says_how_it_ended(self) -> None:
        """A shim that is silent for all of its time is ended, and with it goes what it has not written."""
        for job in self.jobs:
            if isinstance(effect := job.perform.effect, v.AwaitExitRecord):
                self.world.kept.unknowable.add((effect.container_id, effect.run))

    def _observe(self) -> bool:
        """Of two ends that wait the one of a shim is seen first."""
        seen = [] if self.world.kept.has_endings() else self.world.endings[:1]
        for run in seen:
            self.crowd.observed(self.world, run)
        return super()._observe()

    # ---- clients

    def _asker(self, member: Member) -> Callable[[], bool]:
        def ask() -> bool:
            self._calls += 1
            entropy = self.world.draw_id()
            self._on_line(member.who, f"{member.ask().verb} {member.ask().name}", "asked")
            request = self.crowd.asks(member, self._calls, entropy)
            self._outstanding[self._calls] = member.position
            self._take(self.machine.submit(self._calls, request, self._now(), entropy))
            return True

        return ask

    def _sent(self, call: int, reply: Reply) -> None:
        if call not in self._outstanding:
            self._replies[call] = reply
            return
        del self._outstanding[call]
        self.crowd.see(self.world)
        self._dirty = True
        member, told = self.crowd.is_told(call, reply)
        self._on_line(member.who, told.answer if told else "learns nothing", "told")
        if told:
            self._must_be_true(told)

    def _must_be_true(self, told: Told) -> None:
        """What a client was told just now, of the host as it is now. Raises Violation."""
        is_status = told.ask.verb in {"status", "exec-status", "wait-exec"}
        if is_status or told.answer == "NotRunning":
            oracle.answered(self.world, told)

    def _out(self, output: Output) -> None:
        if isinstance(output, Ready):
            self.crowd.is_ready(self.world)
        super()._out(output)

    # ---- faults

    def _performed(self, job: Job, step: s.Step) -> s.Result | Pending:
        kind = self._faults.at_step(step, self.world) if self._faults else ""
        if not kind or self._faults is None:
            return super()._performed(job, step)
        self.world.disturbed = True
        self._on_line("world", kind, type(step).__name__)
        if kind in {FAILS_AFTER, STEP_HANGS} and not isinstance(step, s.EndMembers):
            perform(self.world, step)
        self._dirty = True
        # A look that fails must not be taken for "there is none", nor must a write that fails hurt.
        met("I15" if isinstance(step, Look) else "I12")
        return self._faults.failure(kind, step)

    def _store(self, job: Job, effect: v.Commit | v.ReopenStore) -> None:
        self._at(job, "before")
        if isinstance(effect, v.ReopenStore) and self._stays_shut(effect.token):
            self._complete(job, Unknown(effect.token))
            return
        if isinstance(effect, v.ReopenStore):
            kept = self._unsure.pop(effect.token)
            self._complete(job, Committed() if kept else NotCommitted("it was not there"))
            return
        self.commits += 1
        kind = self._faults.at_commit() if self._faults else ""
        if kind:
            self.world.disturbed = True
            self._on_line("world", kind, "")
        if kind == STAYS_SHUT:
            self._shut.add(f"token-{self._tokens + 1}")
        if kind == NOT_COMMITTED:
            self._complete(job, NotCommitted("the disk is full"))
        elif kind:
            self._tokens += 1
            token = f"token-{self._tokens}"
            kept = kind == UNKNOWN_KEPT and isinstance(self._committed(job, effect), Committed)
            self._unsure[token] = kept
            self._complete(job, Unknown(token))
        else:
            self._complete(job, self._committed(job, effect))

    def _stays_shut(self, token: str) -> bool:
        if token in self._shut:
            self._shut.remove(token)
            return True
        return self._faults is not None and self._faults.at_reopening()


# ---- a whole run ----------------------------------------------------------------------------------


def run(seed: int, choices: Choices | None = None, on_line: LineHandler = no_line) -> Result:
    """One seed, or what `choices` has, to its verdict. An exception of the core goes through: a bug."""
    drawn = choices or Choices(seed)
    result = Result(seed)
    trial = Trial(host(drawn), crowd(drawn), result, on_line)
    try:
        trial.run()
    except Violation as violation:
        result.violation = (violation.invariant, violation.what)
    trial.close()
    result.made = tuple(drawn.made)
    return result


class Trial:
    """One world and its clients, through the lives of several daemons, to the verdict."""

    def __init__(
        self, world: World, members: Crowd, result: Result, on_line: LineHandler = no_line
    ) -> None:
        self._world, self._crowd, self._result, self._on_line = world, members, result, on_line
        self._choices = members.choices
        #: Sagas of dead daemons stay where they are until all is over.
        self._lives: list[Simulator] = []

    def run(self) -> None:
        """As chance has it. Raises Violation."""
        for _ in range(self._choices.below("deaths", DEATHS_AT_MOST + 1)):
            faults = Faults(self._choices, self._result.faults)
            self.live(faults, self._choices.below("instant", INSTANTS))
            self._between()
        self.judge()

    def judge(self) -> None:
        """One more daemon, without faults."""
        life = self._life(None)
        life.on_point = self._watch
        judged(life)
        self._result.events += life.events
        self._result.calls = len(self._crowd.history)

    def _watch(self, point: str, changed: bool) -> None:  # noqa: FBT001 - a callback
        if changed:
            oracle.always(self._world)
        if point == "rest":
            self._on_line("CHOICE", point, "")

    def _life(self, faults: Faults | None) -> Swarm:
        self._result.lives += 1
        self._on_line(
            "CHOICE", "a daemon boots" + (", faults are over" if faults is None else ""), ""
        )
        passed = self._result.passed_last if faults is None else self._result.passed
        life = Swarm(self._world, self._crowd, faults, self._on_line, passed)
        self._lives.append(life)
        return life

    def close(self) -> None:
        """After the verdict."""
        verdict.close(*self._lives)

    def live(self, faults: Faults, instant: int, *, dies_at: Passed | None = None) -> None:
        """A daemon, until it dies at this instant, or once it has come to rest before it."""
        life, left = self._life(faults), instant

        def on_point(point: str, changed: bool) -> None:  # noqa: FBT001 - a callback
            nonlocal left
            if changed:
                oracle.always(self._world)
            left -= 1
            if left < 0 or (dies_at is not None and life.seen.here == dies_at):
                self._result.died_at |= {life.seen.here} if life.seen.here else set()
                self._on_line("CHOICE", f"crash@{point}", "")
                raise _Death

        life.on_point = on_point
        try:
            life.run()
        except _Death:
            self._result.faults[CRASH] += 1
        self._result.events += life.events
        self._result.died_at |= life.seen.killed
        self._world.daemon_dies()
        self._crowd.daemon_dies()

    def _between(self) -> None:
        is_cut, happened = between_lives(self._world, self._choices, self._result.faults)
        for line in happened:
            self._on_line("world", line, "")
        self._crowd.see(self._world)
        if is_cut:
            self._crowd.power_cut()
        oracle.always(self._world)


def judged(life: Swarm) -> None:
    """A daemon without faults, to its rest, then the whole oracle, then the probe. Raises Violation."""
    world, members, is_over = life.world, life.crowd, life.crowd.is_over()
    innocent = oracle.innocents(world) if is_over else ()
    life.run()
    if not life.is_ready:
        raise Violation("I1", "conmand did not become ready")
    if not members.is_over():
        raise Violation("I5", "a client was never answered")
    oracle.always(world)
    oracle.at_rest(world)
    told_events.at_rest(world)
    oracle.unharmed(world, innocent)
    _answers(life)


def _answers(life: Swarm) -> None:
    life.rest()
    listed = life.ask(ListContainers())
    if not isinstance(listed, ContainerList):
        raise Violation("I8", f"list was answered {listed}")
    members = life.crowd
    members.see(life.world)
    members.at_rest(listed)
    linearizability.check(members.history, disturbed=life.world.disturbed)
    exec_orders.check(members.history)
    names = {ask.name for member in members.members for ask in member.asks if ask.name}
    verdict.probe(life, sorted(names))
