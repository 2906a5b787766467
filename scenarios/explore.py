"""Every crash of a story, to the fixpoint: recovery proven for any number of crashes.

The daemon's death erases the core's memory, so after it only the world and the clients' histories
matter. A node is such a state. From each: the surviving actors go on by one thing, a shim is killed, the
power is cut (every outcome), or a daemon boots and runs the story to its end, while each instant at which
it could die makes a new node. Nodes that are equal but for chance are one; a life that comes to where
another has been stops there, for the rest is judged. When no node is left, every number of crashes has
been tried.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from time import monotonic, process_time
from typing import Any

from conman.shim.recipes import write_exit
from scenarios import keys, oracle
from scenarios.clients import Client
from scenarios.coverage.seen import Passed, Seen, killed
from scenarios.lives import Known, Life, Places
from scenarios.nodes import Node, initial, without_daemon
from scenarios.outcomes import Outcome, Result
from scenarios.restarting import restarts_begun
from scenarios.schedule import (
    CALL_HANGS,
    DISK_FULL,
    RECORD_FAILS,
    SHIM_DIES,
    UNKNOWN_KEPT,
    UNKNOWN_LOST,
    Schedule,
)
from scenarios.story import Story
from scenarios.tally import met, taken
from scenarios.violation import Violation
from scenarios.world import World

#: Of an exit record, as a shim writes it: with the first nothing is there, with the last it only may be lost.
RECORD_STEPS = (0, len(write_exit("", b"")) - 1)

LAZY, EAGER = Schedule(eager=False), Schedule(eager=True)


@dataclass(slots=True)
class Report:
    """What an exploration saw. `turns`: places at which another could have gone first, of several clients."""

    story: str
    points: set[str] = field(default_factory=set[str])
    passed: set[Passed] = field(default_factory=set[Passed])
    met: Counter[str] = field(default_factory=Counter[str])
    states: int = 0
    runs: int = 0
    crashes: int = 0
    frontier: int = 0
    seconds: float = 0.0
    #: Seconds of its process, where `seconds` are the clock's.
    cpu: float = 0.0
    turns: int = 0
    fixpoint: bool = False
    violations: list[tuple[str, tuple[str, ...], str]] = field(
        default_factory=list[tuple[str, tuple[str, ...], str]]
    )


def as_result(report: Report) -> Result:
    """As an outcome holds it."""
    fields = asdict(replace(report, passed=set(), met=Counter()))
    del fields["passed"], fields["met"]
    return fields | {"points": sorted(report.points)}


def reports_of(outcome: Outcome) -> list[Report]:
    """Those that an outcome holds, in the order of what was asked."""
    order = {name: place for place, name in enumerate(outcome.terms["stories"])}
    return sorted(map(_report, outcome.results), key=lambda report: order[report.story])


def _report(result: Result) -> Report:
    fields: dict[str, Any] = {**result, "points": set(result["points"])}
    fields["violations"] = [
        (broken, tuple(path), what) for broken, path, what in result["violations"]
    ]
    return Report(**fields)


def _nothing(_report: Report) -> None:
    pass


class Explorer:
    """One story, explored breadth first. `on_progress` is called with the report of each node.

    `lives`: after so many it is enough. `ignored`: invariants that are switched off; who violates one is not judged any further.
    """

    def __init__(
        self,
        story: Story,
        *,
        deadline: float = float("inf"),
        lives: float = float("inf"),
        on_progress: Callable[[Report], None] = _nothing,
        ignored: frozenset[str] = frozenset(),
    ) -> None:
        self.story, self.deadline, self._on_progress = story, deadline, on_progress
        self._lives, self._ignored = lives, ignored
        self.report = Report(story.name)
        self._seen = Known()
        self._places = Places()
        self._frontier: deque[Node] = deque()

    def explore(self, *, stop_at_first: bool = True) -> Report:
        """Until nothing is new, the deadline passes, or (by default) a violation is found."""
        began = monotonic(), process_time()
        taken()
        start = initial(self.story)
        self._is_new(start.world, start.client)
        self._frontier.append(start)
        if not self.story.only_daemons_die:
            self._strikes(start)
        while self._frontier and not (stop_at_first and self.report.violations):
            if monotonic() > self.deadline or self.report.runs >= self._lives:
                break
            self._expand(self._frontier.popleft())
            self._note(began)
            self._on_progress(self.report)
        self._note(began)
        self.report.met = taken()
        self.report.fixpoint = not self._frontier
        return self.report

    def _note(self, began: tuple[float, float]) -> None:
        self.report.frontier, self.report.states = len(self._frontier), len(self._seen)
        self.report.seconds = monotonic() - began[0]
        self.report.cpu = process_time() - began[1]

    # ---- nodes

    def _is_new(self, world: World, client: Client) -> bool:
        """Whether nobody went on from here, or only from a world that is forgiven more."""
        self.report.crashes += 1
        if not self._is_followed(world):
            return False
        return not self._seen.has(keys.of(world, client.key()), world)

    def _is_followed(self, world: World) -> bool:
        """Whether anybody goes on from here: not once there were more restarts than the story tells of."""
        return self.story.restarts is None or restarts_begun(world) <= self.story.restarts

    def _expand(self, node: Node) -> None:
        for one in node.world.shims.values():
            self.report.passed |= killed(one)
        if not self._live(node, LAZY).covers_eager:
            self._live(node, EAGER)
        for child in without_daemon(node, undisturbed=self.story.only_daemons_die):
            if self._is_new(child.world, child.client):
                self._guarded(child.path, lambda child=child: oracle.always(child.world))
                self._frontier.append(child)

    def _strikes(self, start: Node) -> None:
        """From the first state only: what happens while a daemon lives, at each of its events."""
        events, commits = self._live(start, LAZY).lived
        strikes = {
            SHIM_DIES: range(events),
            CALL_HANGS: range(events),
            DISK_FULL: range(events if self.story.fills else 0),
            RECORD_FAILS: RECORD_STEPS,
            UNKNOWN_KEPT: range(commits),
            UNKNOWN_LOST: range(commits),
        }
        for kind, when in strikes.items():
            for index in when:
                self._live(start, Schedule(strike=index, kind=kind))

    def _live(self, node: Node, schedule: Schedule) -> Life:
        """One life of a daemon; each instant at which it could die may be a new node."""
        self.report.runs += 1
        seen = Seen(self.report.passed)
        life = Life(node, schedule, self._places, on_instant=self._on_instant, seen=seen)
        seen.counts = lambda: self._is_followed(life.world)
        self._guarded(life.path, life.live)
        if node.deaths > 1:
            met("I20")
        return life

    def _on_instant(self, life: Life, point: str, changed: bool) -> None:  # noqa: FBT001 - a callback
        self.report.points.add(point)
        if changed and self._is_new(life.world, life.client):
            oracle.always(life.world)
            self._frontier.append(life.dead(point))

    def _guarded(self, path: tuple[str, ...], action: Callable[[], object]) -> None:
        try:
            action()
        except Violation as violation:
            if violation.invariant in self._ignored:
                return
            self.report.violations.append((violation.invariant, path, violation.what))
