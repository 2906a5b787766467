"""A stretch of events as swim lanes: time downward, one column per actor, a block per event.

It places blocks and bands in a grid; colours and sizes are the style's. It must never drop an event.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from scenarios.trace import ACTORS, SECOND, Event

LANES = tuple(ACTORS)
#: Columns before the lanes: the number and the time.
BEFORE = 2
_BAD = ("Failed", "TimedOut", "Remaining", "NotCommitted", "Unknown", "Refusal")
#: What begins a band in its lane, and what ends it.
_BANDS = {
    "client": ((" asked",), (" is told ",)),
    "runtime": ((" looks",), (" answers ",)),
}


@dataclass(frozen=True, slots=True)
class Band:
    """Rows from `first` to `last` in a lane, both from 1."""

    lane: str
    first: int
    last: int


def header() -> str:
    cells = "".join(f'<div class="lane {lane}" data-lane="{lane}">{lane}</div>' for lane in LANES)
    return f'<div class="heads"><div>event</div><div>time</div>{cells}</div>'


def stretch(events: Sequence[Event], near: set[int], *, daemon: bool) -> str:
    """Events without a mark among them. `near`: those just before a violation; `daemon`: whether one lives."""
    lines = [_lifeline(lane, len(events)) for lane in LANES]
    bands = [_band(band) for band in _bands(events, daemon=daemon)]
    rows = [_row(row, event, event.number in near) for row, event in enumerate(events, 1)]
    return f'<div class="stretch">{"".join((*lines, *bands, *rows))}</div>'


def _column(lane: str) -> int:
    return BEFORE + 1 + LANES.index(lane)


def _lifeline(lane: str, rows: int) -> str:
    return f'<i class="line {lane}" style="grid-column:{_column(lane)};grid-row:1/span {rows}"></i>'


def _band(band: Band) -> str:
    place = f"grid-column:{_column(band.lane)};grid-row:{band.first}/{band.last + 1}"
    return f'<i class="band {band.lane}" style="{place}"></i>'


def _bands(events: Sequence[Event], *, daemon: bool) -> Iterator[Band]:
    if daemon:
        yield Band("daemon", 1, len(events))
    for lane, (begins, ends) in _BANDS.items():
        first = 0
        for row, event in enumerate(events, 1):
            words = f"{event.what} {event.outcome} "
            if event.actor == lane and any(word in words for word in begins):
                first = row
            if event.actor == lane and first and any(word in words for word in ends):
                yield Band(lane, first, row)
                first = 0
        if first:
            yield Band(lane, first, len(events))


def _row(row: int, event: Event, is_near: bool) -> str:  # noqa: FBT001 - a flag of one block
    when = f"{event.at / SECOND:.3f} s"
    near = " near" if is_near else ""
    return (
        f'<span class="number" style="grid-row:{row}">{event.number}</span>'
        f'<time style="grid-row:{row}">{when}</time>'
        f'<div class="block {event.actor}{near}" id="e{event.number}" data-saga="{_saga(event)}" '
        f'title="{escape(title(event))}" style="grid-row:{row};grid-column:{_column(event.actor)}">'
        f"{_words(event)}</div>"
    )


def title(event: Event) -> str:
    return f"{event.number}: {event.actor}, {event.what} {event.outcome}".rstrip()


def _saga(event: Event) -> str:
    saga, slash, _ = event.what.partition("/")
    return escape(saga if slash and event.actor == "daemon" else "")


def _words(event: Event) -> str:
    saga, slash, effect = event.what.partition("/")
    told = event.outcome.removeprefix("is told ")
    arrow = "\u2190 " if told != event.outcome else "\u2192 " if event.outcome == "asked" else ""
    bad = " bad" if event.outcome.startswith(_BAD) or told.startswith(_BAD) else ""
    outcome = f'<em class="outcome{bad}">{arrow}{escape(told)}</em>' if told else ""
    if slash and event.actor == "daemon":
        return f"<b>{escape(effect)}</b><small>{escape(saga)}</small>{outcome}"
    return f"<b>{escape(event.what)}</b>{outcome}"
