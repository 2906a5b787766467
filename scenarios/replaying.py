"""One path of an exploration again, recorded: who did what, and the host around each death.

It must never decide what a run means: it makes the choices of a path, one by one, and says where one
cannot be made.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from shlex import quote

from conman.core.requests import MutatingRequest, Reply, Request
from scenarios import actors, oracle, trace
from scenarios.cut_names import short
from scenarios.nodes import Node, initial, moves, passing, without_daemon
from scenarios.replay_ids import BETWEEN, CRASH, GOES_ON, POWER_CUT, kind_of, write
from scenarios.schedule import Schedule
from scenarios.simulator import LineHandler, Simulator
from scenarios.story import AnyStory, Story
from scenarios.trace import Event
from scenarios.verdict import close, judged, terms
from scenarios.violation import Violation
from scenarios.world import World


@dataclass(frozen=True, slots=True)
class Moment:
    """The host before and after a choice; `number` is the event that marks it."""

    number: int
    before: World
    after: World


@dataclass(slots=True)
class Recording:
    """`diverged`: the choice that could not be made, and why; "" where all were."""

    story: AnyStory
    path: tuple[str, ...]
    events: list[Event] = field(default_factory=list[Event])
    moments: list[Moment] = field(default_factory=list[Moment])
    violation: Violation | None = None
    diverged: str = ""
    last: World = field(default_factory=World)
    #: As `last`, before the probe; None: it did not come to rest.
    at_rest: World | None = None
    #: What repeats it, where it is no path of a story.
    again: str = ""

    @property
    def invariant(self) -> str:
        return self.violation.invariant if self.violation else ""


def command(recording: Recording, plant: str) -> str:
    """What repeats it. `plant`: the file of the bug that was in place, or ""."""
    if recording.again:
        return recording.again
    name = write(recording.path, recording.invariant)
    return f"python -m scenarios replay '{name}'" + (f" --plant {quote(plant)}" if plant else "")


class Diverged(Exception):
    """A choice of the path cannot be made here."""


class Dead(Exception):
    """The daemon has come to where it dies."""


EventHandler = Callable[[Event], None]


def no_event(_event: Event) -> None:
    pass


def replay(story: Story, path: tuple[str, ...], on_event: EventHandler = no_event) -> Recording:
    """Repeat one path: to its violation, its end, or where it cannot go on."""
    return _Replay(story, Recording(story, path), on_event).run()


class Recorder:
    """What happens on `world`, line by line."""

    def __init__(self, recording: Recording, world: World, on_event: EventHandler) -> None:
        self._made, self._world, self._on_event = recording, world, on_event

    @property
    def _number(self) -> int:
        return len(self._made.events) + 1

    def _line(self, actor: str, what: str, outcome: str) -> None:
        lane, said = trace.in_lane(actor, what)
        world = self._world
        self._add(Event(self._number, world.boot, world.monotonic, lane, said, outcome))

    def _mark(self, mark: str, what: str) -> None:
        world = self._world
        self._add(Event(self._number, world.boot, world.monotonic, "", what, mark=mark))

    def _add(self, event: Event) -> None:
        self._made.events.append(event)
        self._on_event(event)


class _Replay(Recorder):
    def __init__(self, story: Story, recording: Recording, on_event: EventHandler) -> None:
        self._node = initial(story)
        super().__init__(recording, self._node.world, on_event)

    def run(self) -> Recording:
        try:
            for index, choice in enumerate(self._made.path[1:], 2):
                self._choose(choice, self._made.path[index : index + 1])
        except Violation as violation:
            self._made.violation = violation
        except Diverged as diverged:
            self._made.diverged = str(diverged)
        self._made.last = self._world
        return self._made

    def _choose(self, choice: str, following: tuple[str, ...]) -> None:
        if kind_of(choice) == CRASH:
            return
        if kind_of(choice) in BETWEEN:
            self._without_daemon(choice)
        else:
            self._live(
                choice, [one.partition("@")[2] for one in following if one.startswith(CRASH)]
            )

    # ---- without a daemon

    def _without_daemon(self, choice: str) -> None:
        for child in without_daemon(self._node):
            if child.path[-1] == choice:
                self._moved(choice, child)
                return
        raise Diverged(f"{choice} cannot happen here")

    def _moved(self, choice: str, child: Node) -> None:
        before = self._world
        if kind_of(choice) == GOES_ON:
            actor = next(actor for name, actor in moves(before) if name == choice)
            self._line(actor[0], actors.act(before.clone(), actor), "no daemon lives")
        else:
            self._mark(trace.CUT if kind_of(choice) == POWER_CUT else trace.STRIKE, choice)
            self._made.moments.append(Moment(self._number - 1, before, child.world))
        self._node, self._world = child, child.world
        oracle.always(child.world)

    # ---- with one

    def _live(self, schedule: str, wanted: list[str]) -> None:
        """One life of a daemon, until the point at which it dies, if it does."""
        agreed = terms(self._node)
        self._world = self._node.world.clone()
        client, passed = self._node.client.clone(), Counter[str]()

        def on_point(point: str, _changed: bool) -> None:  # noqa: FBT001 - a callback
            passed[point] += 1
            oracle.always(self._world)
            if passing(point, passed[point]) in wanted:
                raise Dead
            if point == "rest":
                self._made.at_rest = self._world.clone()
                self._mark(trace.REST, "rest")

        self._mark(trace.LIFE, schedule)
        simulator = Heard(
            self._world, client, _schedule(schedule), on_point=on_point, on_line=self._line
        )
        simulator.say = self._line
        try:
            judged(simulator, agreed)
        except Dead:
            self._die(wanted[0], Node(self._world.clone(), client, ()))
        else:
            if wanted:
                raise Diverged(f"{CRASH}@{wanted[0]} was not passed")
        finally:
            close(simulator)

    def _die(self, point: str, dead: Node) -> None:
        dead.world.daemon_dies()
        self._mark(trace.CRASH, f"{CRASH}@{point}")
        self._made.moments.append(Moment(self._number - 1, self._world, dead.world))
        self._node, self._world = dead, dead.world


class Heard(Simulator):
    """A life of which the probe's questions have lines, too."""

    say: LineHandler

    def ask(self, request: Request) -> Reply:
        said = short(request.digest) if isinstance(request, MutatingRequest) else "list"
        self.say("client", said, "asked")
        reply = super().ask(request)
        self.say("client", said, f"is told {type(reply).__name__}")
        return reply


def _schedule(name: str) -> Schedule:
    base, _, strike = name.partition(",")
    kind, _, event = strike.partition("@")
    return Schedule(base == "eager", int(event) if event else -1, kind)
