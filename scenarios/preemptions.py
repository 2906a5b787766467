"""Every order of what several clients ask, with at most so many preemptions; and a death at each instant.

Without a preemption whoever runs goes on. Each run goes through one more of the places at which another
could have gone first; one that comes to where another has been, with as much left to preempt, stops there,
for the rest is judged. At each instant of all these runs at which the world has changed the daemon also
dies, and the next one, which is not disturbed, must bring all to rest. A coroutine cannot be copied: the
beginning of a run is lived again, by its plan.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic, process_time

from scenarios import keys, oracle
from scenarios.befalling import befall
from scenarios.choices import Recorded
from scenarios.clients import Client
from scenarios.coverage.measured import is_position
from scenarios.coverage.seen import Passed
from scenarios.crowd import Crowd, Member
from scenarios.explore import Explorer, Report
from scenarios.interleaving import CLIENT, Interleaved, Plan, Preemption, Turn
from scenarios.nodes import passing
from scenarios.replay_ids import CRASH
from scenarios.schedule import Schedule
from scenarios.simulator import Simulator, no_line
from scenarios.story import AnyStory, SeveralClients, Story
from scenarios.swarm import judged
from scenarios.tally import taken
from scenarios.verdict import close
from scenarios.violation import Violation
from scenarios.world import World


@dataclass(slots=True)
class Start:
    """A host without a daemon, and its clients. `is_first`: nobody has died here yet."""

    world: World
    crowd: Crowd
    path: tuple[str, ...]
    is_first: bool = True

    def clone(self) -> "Start":
        return Start(self.world.clone(), self.crowd.clone(), self.path, self.is_first)


def start_of(story: SeveralClients) -> Start:
    """The story's host, after what is given."""
    world = World()
    given = Client(story.given)
    if story.given:
        Simulator(world, given, Schedule()).run()
        world.daemon_dies()
    for what in story.befalls:
        befall(world, what)
    names = [f"{CLIENT}-{number}" for number, _ in enumerate(story.clients, 1)]
    one = names[0] if story.one_request else ""
    members = (Member(who, asks, one) for who, asks in zip(names, story.clients, strict=True))
    crowd = Crowd(Recorded(()), tuple(members))
    crowd.remember((*given.history, *(what.told() for what in story.befalls)))
    return Start(world, crowd, (story.name,))


def undisturbed(story: SeveralClients) -> SeveralClients:
    """As the next daemon has it: what hung or failed was for the dead one."""
    return replace(story, hangs="", record_fails=False, prompt=())


def _nothing(_report: Report) -> None:
    pass


class _Judged(Exception):
    """Another life has been here."""


class Life:
    """One life of a daemon from a start, which it changes. The handlers hear of it once its plan is done.

    `passed`: where it puts what it comes to, for coverage.
    """

    def __init__(
        self, start: Start, story: SeveralClients, plan: Plan, passed: set[Passed]
    ) -> None:
        self.start, self.plan = start, plan
        self.path = (*start.path, *(one.name() for one in plan))
        self.on_turns: Callable[[Turn], None]
        self.on_rest: Callable[[], None]
        self.on_instant: Callable[[str], None]
        self._passed = Counter[str]()
        if not start.is_first:
            story = undisturbed(story)
        is_over = start.crowd.is_over()
        innocent = oracle.innocents(start.world) if is_over else ()
        self._terms = (start.is_first, is_over, innocent)
        self._life = Interleaved(
            start.world,
            start.crowd,
            story,
            plan,
            on_turns=self._on_turns,
            on_line=no_line,
            passed=passed,
        )
        self._life.on_point, self._life.on_turn = self._on_point, self._on_turn

    def to_its_verdict(self) -> None:
        """Raises Violation."""
        try:
            judged(self._life)
        finally:
            close(self._life)

    def position(self) -> bytes:
        return self._life.position(self._terms)

    def here(self) -> set[Passed]:
        """The instant of an effect at which it is."""
        here = self._life.seen.here
        return set() if here is None else {here}

    def dead(self, point: str) -> Start:
        """The host as this daemon's death would leave it now."""
        path = (*self.path, f"{CRASH}@{passing(point, self._passed[point])}")
        dead = replace(self.start.clone(), path=path, is_first=False)
        dead.world.daemon_dies()
        dead.crowd.daemon_dies()
        return dead

    def _on_point(self, point: str, changed: bool) -> None:  # noqa: FBT001 - a callback
        self._passed[point] += 1
        if changed and self._life.is_on_its_own:
            self.on_instant(point)

    def _on_turns(self, turn: Turn) -> None:
        self.on_turns(turn)

    def _on_turn(self, moment: str) -> None:
        if moment == "rest":
            self.on_rest()


class Preemptions:
    """One story, its least preempted runs first. `on_progress` is called after each of them.

    `ignored`: invariants that are switched off; who violates one is not judged any further.
    """

    def __init__(
        self,
        story: SeveralClients,
        *,
        deadline: float = float("inf"),
        lives: float = float("inf"),
        on_progress: Callable[[Report], None] = _nothing,
        ignored: frozenset[str] = frozenset(),
    ) -> None:
        self.story, self.deadline, self._on_progress = story, deadline, on_progress
        self._lives, self._ignored = lives, ignored
        self.report = Report(story.name)
        self._start = start_of(story)
        self._frontier: deque[Plan] = deque([()])
        #: How many preemptions were left to whoever came there with most.
        self._been: dict[bytes, int] = {}
        self._died: set[bytes] = set()
        self._passed: set[Passed] = set()

    def explore(self) -> Report:
        """Until all was tried, the deadline passes, or a violation is found."""
        began = monotonic(), process_time()
        taken()
        while self._frontier and not self.report.violations:
            if monotonic() > self.deadline or self.report.runs >= self._lives:
                break
            self._live(self._start.clone(), self._frontier.popleft())
            self._note(began)
            self._on_progress(self.report)
        self.report.fixpoint = not self._frontier
        self.report.met = taken()
        # Not at each instant that is passed does a daemon die.
        self.report.passed |= {here for here in self._passed if not is_position(here[1])}
        return self.report

    def _note(self, began: tuple[float, float]) -> None:
        self.report.frontier, self.report.states = len(self._frontier), len(self._died)
        self.report.turns, self.report.seconds = len(self._been), monotonic() - began[0]
        self.report.cpu = process_time() - began[1]

    def _live(self, start: Start, plan: Plan) -> None:
        """One life of a daemon, to its verdict, or to where another has been."""
        self.report.runs += 1
        life = Life(start, self.story, plan, self._passed)
        left = self.story.preemptions - len(plan) if start.is_first else 0
        life.on_turns = lambda turn: self._turns(life, turn, left)
        life.on_rest = lambda: self._arrive(life, 0)
        life.on_instant = lambda point: self._instant(life, point)
        try:
            life.to_its_verdict()
        except _Judged:
            pass
        except Violation as violation:
            if violation.invariant not in self._ignored:
                found = (violation.invariant, life.path, violation.what)
                self.report.violations.append(found)

    def _turns(self, life: Life, turn: Turn, left: int) -> None:
        """Where nothing is left to preempt, a look whether another has been here costs more than it saves."""
        if left or turn.is_of_store:
            self._arrive(life, left)
        if left:
            self._frontier += [(*life.plan, Preemption(turn.move, by)) for by in turn.others]

    def _arrive(self, life: Life, left: int) -> None:
        here = life.position()
        if self._been.get(here, -1) >= left:
            raise _Judged
        self._been[here] = left

    def _instant(self, life: Life, point: str) -> None:
        """The daemon dies here too, if nobody's did in a world like this. Its successor does not."""
        if not life.start.is_first:
            oracle.always(life.start.world)
            return
        self.report.points.add(point)
        self.report.passed |= life.here()
        self.report.crashes += 1
        here = keys.of(life.start.world, life.start.crowd.key_of_the_dead())
        if here not in self._died:
            self._died.add(here)
            oracle.always(life.start.world)
            self._live(life.dead(point), ())


def explorer_of(
    story: AnyStory,
    *,
    deadline: float = float("inf"),
    lives: float = float("inf"),
    on_progress: Callable[[Report], None] = _nothing,
    ignored: frozenset[str] = frozenset(),
) -> Explorer | Preemptions:
    """Of one client all crashes, of several all orders. `lives`: after so many it is enough."""
    if isinstance(story, Story):
        return Explorer(
            story, deadline=deadline, lives=lives, on_progress=on_progress, ignored=ignored
        )
    return Preemptions(
        story, deadline=deadline, lives=lives, on_progress=on_progress, ignored=ignored
    )
