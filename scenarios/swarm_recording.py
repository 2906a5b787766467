"""A swarm run recorded as a replay is: its lines, and the host around each death, for a trace and a page.

It must never change what it records: the same choices give the same run, recorded or not.
"""

from shlex import quote

from scenarios import swarm, trace
from scenarios.choices import Choices
from scenarios.crowd import Member
from scenarios.drawing import crowd, host
from scenarios.edits import Edited, Edits, write
from scenarios.replaying import EventHandler, Moment, Recording
from scenarios.story import Story
from scenarios.trace import Event
from scenarios.violation import Violation

_MARKS = {"a daemon boots": trace.LIFE, "crash@": trace.CRASH, "rest": trace.REST}


def recorded(seed: int, edits: Edits, on_event: EventHandler) -> Recording:
    """This seed with these edits, to its verdict."""
    choices = Edited(swarm.run(seed).made, edits) if edits else Choices(seed)
    trial = _Recorded(seed, edits, choices, on_event)
    try:
        trial.run()
    except Violation as violation:
        trial.made.violation = violation
    trial.close()
    return trial.made


def command(seed: int, edits: Edits) -> str:
    """What repeats it."""
    but = f" --but {quote(write(edits))}" if edits else ""
    return f"python -m scenarios swarm --seed {seed}{but}"


def _wishes(member: Member) -> str:
    return f"{member.who}: {', '.join(f'{ask.verb} {ask.name}'.rstrip() for ask in member.asks)}"


def _said(actor: str, what: str, outcome: str) -> tuple[str, str, str]:
    """Lane, what, outcome. All clients share a lane; who goes on between two daemons has its own."""
    if actor.startswith("client-"):
        return (
            ("client", actor, f"is told {what}")
            if outcome == "told"
            else ("client", f"{actor} {what}", outcome)
        )
    first = what.partition(" ")[0]
    return (
        *trace.in_lane(first if actor == "world" and first in trace.ACTORS else actor, what),
        outcome,
    )


class _Recorded(swarm.Trial):
    """A trial whose lines are events."""

    def __init__(self, seed: int, edits: Edits, choices: Choices, on_event: EventHandler) -> None:
        self._on_event = on_event
        world, members = host(choices), crowd(choices)
        story = Story(f"seed {seed}", "", "; ".join(map(_wishes, members.members)), ())
        self.made = Recording(story, (), last=world, again=command(seed, edits))
        super().__init__(world, members, swarm.Result(seed), self._line)

    def _between(self) -> None:
        self._before = self._world.clone()
        super()._between()

    def _line(self, actor: str, what: str, outcome: str) -> None:
        if actor == "CHOICE":
            self._choice(what)
        elif what.startswith("the power is cut"):
            self._moment(Moment(self._number, self._before, self._world.clone()))
            self._add(Event(*self._now(), "", what.partition(", ")[2], mark=trace.CUT))
        else:
            self._add(Event(*self._now(), *_said(actor, what, outcome)))

    def _choice(self, what: str) -> None:
        mark = next(mark for begin, mark in _MARKS.items() if what.startswith(begin))
        if mark == trace.CRASH:
            dead = self._world.clone()
            dead.daemon_dies()
            self._moment(Moment(self._number, self._world.clone(), dead))
        if mark == trace.REST:
            self.made.at_rest = self._world.clone()
        if mark == trace.LIFE:
            what = "without faults" if "over" in what else "with faults"
        self._add(Event(*self._now(), "", what, mark=mark))

    @property
    def _number(self) -> int:
        return len(self.made.events) + 1

    def _now(self) -> tuple[int, int, int]:
        return self._number, self._world.boot, self._world.monotonic

    def _moment(self, moment: Moment) -> None:
        self.made.moments.append(moment)

    def _add(self, event: Event) -> None:
        self.made.events.append(event)
        self._on_event(event)
