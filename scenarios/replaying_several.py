"""One run of several clients again, recorded: who came before whom, and the host around each death.

It must never decide what a run means: it makes the preemptions of a path, dies where the path says, and
says where one of these cannot be.
"""

from collections import Counter
from collections.abc import Iterator

from scenarios import interleaving, oracle, trace
from scenarios.crowd import Crowd
from scenarios.interleaving import Interleaved, Plan, Preemption
from scenarios.nodes import passing
from scenarios.preemptions import start_of, undisturbed
from scenarios.replay_ids import CRASH, kind_of
from scenarios.replaying import (
    Dead,
    Diverged,
    EventHandler,
    Heard,
    Moment,
    Recorder,
    Recording,
    no_event,
    replay,
)
from scenarios.story import AnyStory, SeveralClients, Story
from scenarios.swarm import judged
from scenarios.violation import Violation
from scenarios.world import World


def replay_several(
    story: SeveralClients, path: tuple[str, ...], on_event: EventHandler = no_event
) -> Recording:
    """Repeat one path: to its violation, its end, or where it cannot go on."""
    return _Several(story, Recording(story, path), on_event).run()


def replay_any(
    story: AnyStory, path: tuple[str, ...], on_event: EventHandler = no_event
) -> Recording:
    """One path, of one client or of several."""
    if isinstance(story, Story):
        return replay(story, path, on_event)
    return replay_several(story, path, on_event)


class _HeardInterleaved(Heard, Interleaved):
    """A life of which the probe's questions have lines, too."""


class _Several(Recorder):
    def __init__(self, story: SeveralClients, recording: Recording, on_event: EventHandler) -> None:
        start = start_of(story)
        super().__init__(recording, start.world, on_event)
        self._crowd, self._story = start.crowd, story

    def run(self) -> Recording:
        try:
            for plan, death in _lives(self._made.path[1:]):
                self._live(plan, death)
        except Violation as violation:
            self._made.violation = violation
        except (Diverged, interleaving.Diverged) as diverged:
            self._made.diverged = str(diverged)
        self._made.last = self._world
        return self._made

    def _live(self, plan: Plan, death: str) -> None:
        """One life of a daemon. `death`: the instant of it; "": it comes to rest."""
        self._mark(trace.LIFE, f"{len(plan)} preemptions")
        life = _HeardInterleaved(
            self._world, self._crowd, self._story, plan, on_line=self._line_or_mark
        )
        life.say, passed = self._line_or_mark, Counter[str]()

        def on_point(point: str, _changed: bool) -> None:  # noqa: FBT001 - a callback
            passed[point] += 1
            oracle.always(self._world)
            if passing(point, passed[point]) == death and life.is_on_its_own:
                raise Dead
            if point == "rest":
                self._made.at_rest = self._world.clone()
                self._mark(trace.REST, "rest")

        life.on_point = on_point
        try:
            judged(life)
        except Dead:
            self._die(death)
            return
        self._ends(life, death)

    def _ends(self, life: Interleaved, death: str) -> None:
        if not life.is_on_its_own:
            raise Diverged("not every preemption came to pass")
        if death:
            raise Diverged(f"{CRASH}@{death} was not passed")

    def _die(self, point: str) -> None:
        world, crowd = self._world.clone(), self._crowd.clone()
        world.daemon_dies()
        crowd.daemon_dies()
        self._mark(trace.CRASH, f"{CRASH}@{point}")
        self._made.moments.append(Moment(self._number - 1, self._world, world))
        self._resume(world, crowd)

    def _resume(self, world: World, crowd: Crowd) -> None:
        self._world, self._crowd = world, crowd
        self._story = undisturbed(self._story)

    def _line_or_mark(self, actor: str, what: str, outcome: str) -> None:
        if actor == "CHOICE":
            self._mark(trace.PREEMPTED, what)
        else:
            self._line(actor, what, outcome)


def _lives(choices: tuple[str, ...]) -> Iterator[tuple[Plan, str]]:
    """Each daemon's preemptions, and the instant of its death; the last one has none."""
    plan: list[Preemption] = []
    for choice in choices:
        if kind_of(choice) == CRASH:
            yield tuple(plan), choice.partition("@")[2]
            plan = []
        else:
            move, _, by = choice.partition("@")[2].partition(",by=")
            plan.append(Preemption(move, by))
    yield tuple(plan), ""
