"""A run as a person reads it: one line per event, aligned, the violation last.

It renders what a replay recorded, and must never leave anything out: a reader who misses a line here
would believe that it did not happen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scenarios.cut_names import short
from scenarios.violation import SENTENCES, Violation

#: The lanes, in the order of who asks whom.
ACTORS = {
    "client": "asks, and is told",
    "daemon": "conmand: an effect of a saga, and its outcome",
    "shim": "one per run; it outlives the daemon",
    "runtime": "one call of the OCI runtime, step by step",
    "program": "what the user runs",
    "kernel": "what befalls processes from outside",
}
#: What the simulator calls them where it is another word.
_LANES = {"call": "runtime", "world": "kernel"}
SECOND = 1_000_000_000
WINDOW = 8

#: What a mark is: a choice of the explorer, or a turn of the run.
LIFE, CRASH, CUT, STRIKE, REST = "life", "crash", "power-cut", "strike", "rest"
PREEMPTED = "preempted"
#: How a mark is drawn, and what it means.
MARKS = {
    LIFE: ("----", "a daemon boots"),
    CRASH: ("####", "the daemon is killed"),
    CUT: ("####", "the power is cut"),
    STRIKE: ("----", "a shim is killed"),
    PREEMPTED: ("----", "another goes first"),
    REST: ("----", "nothing is left to do: the oracle looks, then the probe removes all"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line. `at`: ns since this boot of the host. A mark has no actor, but a `mark`."""

    number: int
    boot: int
    at: int
    actor: str
    what: str
    outcome: str = ""
    mark: str = ""


def in_lane(actor: str, what: str) -> tuple[str, str]:
    """Who, and what, as a trace says it: who it was is not said twice. Clients share a lane."""
    if actor.startswith("client-"):
        return "client", f"{actor.removeprefix('client-')}: {what}"
    lane = _LANES.get(actor, actor)
    return lane, what.removeprefix(f"{lane} ")


def legend() -> Iterator[str]:
    yield "number, boot of the host, virtual time since then, who, what, and its outcome:"
    yield from (f"  {actor:8} {tells}" for actor, tells in ACTORS.items())
    yield f"  {MARKS[LIFE][0]} a choice of the explorer; {MARKS[CRASH][0]} a death or a power cut"


def line(event: Event) -> str:
    when = f"{event.number:5}  b{event.boot} {event.at / SECOND:8.3f} s"
    if event.mark:
        rule, meaning = MARKS[event.mark]
        return f"{when}  {rule} {event.what}: {meaning}"
    return f"{when}  {event.actor:8} {event.what:46} {event.outcome}".rstrip()


def window(events: Sequence[Event]) -> Sequence[Event]:
    """The last events before the end, and the last choice before them."""
    last = [event for event in events if not event.mark][-WINDOW:]
    first = last[0].number if last else 0
    return [event for event in events if event.number >= first - 1]


def accusation(violation: Violation, events: Sequence[Event]) -> Iterator[str]:
    """What does not hold, how that shows, and what came just before."""
    yield f"VIOLATION {violation.invariant}: {SENTENCES.get(violation.invariant, '')}"
    yield f"  here: {short(violation.what)}"
    yield "  just before:"
    yield from (f"  {line(event)}" for event in window(events))
