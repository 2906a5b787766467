"""A recorded run as one page that stands alone: no file beside it, nothing from a network.

Time goes down, a lane per actor; deaths and cuts are lines across all of them, with the host before and
after. It is a picture of a recording, and must never judge one: what is said of a violation are the
oracle's words.
"""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from scenarios import trace
from scenarios.cut_names import short
from scenarios.replaying import Moment, Recording, command
from scenarios.report import hosts, lanes
from scenarios.trace import Event
from scenarios.violation import SENTENCES

_HERE = Path(__file__).parent
_COLUMNS = (
    (hosts.FILES,),
    (hosts.RUNTIME_FILES,),
    (hosts.PROCESSES, hosts.MOUNTS, hosts.CGROUPS),
    (hosts.STORE,),
)
_EMPTY = '<li class="none">nothing</li>'


def page(recording: Recording, plant: str = "") -> str:
    """The whole document."""
    style, script = ((_HERE / name).read_text() for name in ("page.css", "page.js"))
    name = escape(recording.story.name)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}: {escape(_verdict(recording))}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n{_head(recording, command(recording, plant))}\n<main>\n{lanes.header()}\n{_run(recording)}\n</main>\n"
        f"{_end(recording)}\n<script>\n{script}</script>\n</body>\n</html>\n"
    )


def _verdict(recording: Recording) -> str:
    if recording.violation is not None:
        return f"{recording.invariant} does not hold"
    return "diverged" if recording.diverged else "no violation"


# ---- the top -------------------------------------------------------------------------------------


def _head(recording: Recording, again: str) -> str:
    kind = "broken" if recording.violation else "diverged" if recording.diverged else "clean"
    return (
        f'<header class="{kind}"><p class="kicker">conman, a run in the simulator</p>'
        f"<h1>{escape(recording.story.name)}</h1>"
        f'<p class="tells">{escape(recording.story.tells)}</p>'
        f'<p class="verdict">{escape(_verdict(recording))}</p>{_facts(recording)}{_path(recording)}'
        f'<pre class="again">{escape(again, quote=False)}</pre>'
        f"{_accusation(recording)}</header>"
    )


def _facts(recording: Recording) -> str:
    marks = [event.mark for event in recording.events]
    counts = {
        "events": sum(not mark for mark in marks),
        "daemons": marks.count(trace.LIFE),
        "crashes": marks.count(trace.CRASH),
        "power cuts": marks.count(trace.CUT),
    }
    cells = "".join(f"<div><dd>{n}</dd><dt>{escape(name)}</dt></div>" for name, n in counts.items())
    return f'<dl class="facts">{cells}</dl>'


def _path(recording: Recording) -> str:
    marks = [event for event in recording.events if event.mark]
    steps = [
        f'<li class="{e.mark}"><a href="#e{e.number}">{escape(e.what)}</a></li>' for e in marks
    ]
    if recording.violation is not None:
        steps.append(f'<li class="crash"><a href="#violation">{recording.invariant}</a></li>')
    return f'<ol class="path">{"".join(steps)}</ol>'


def _accusation(recording: Recording) -> str:
    if recording.violation is None:
        return f"<p>{escape(recording.diverged)}</p>" if recording.diverged else ""
    name = recording.invariant
    return (
        f'<div class="accusation"><strong>{name}</strong><div>'
        f'<p class="sentence">{escape(SENTENCES.get(name, ""))}</p>'
        f"<p>Here: {escape(short(recording.violation.what))}.</p></div></div>"
    )


# ---- the run -------------------------------------------------------------------------------------


def _run(recording: Recording) -> str:
    moments = {moment.number: moment for moment in recording.moments}
    is_probed = any(event.mark == trace.REST for event in recording.events[:-1])
    near = _near(recording)
    parts, probe = list[str](), list[str]()
    daemon, into = False, parts
    for is_mark, group in groupby(recording.events, key=lambda event: bool(event.mark)):
        events = list(group)
        for mark in events if is_mark else ():
            daemon = mark.mark in {trace.LIFE, trace.REST}
            into.append(_mark(mark, moments.get(mark.number)))
            into = probe if mark.mark == trace.REST and is_probed else parts
        if not is_mark:
            into.append(lanes.stretch(events, near, daemon=daemon))
    return "\n".join((*parts, _probe(probe, is_open=bool(near) and bool(probe))))


def _probe(parts: list[str], *, is_open: bool) -> str:
    if not parts:
        return ""
    state = " open" if is_open else ""
    inside = "\n".join(parts)
    return f'<details class="probe"{state}><summary>the probe: everything is removed, every name used again</summary>{inside}</details>'


def _near(recording: Recording) -> set[int]:
    if recording.violation is None:
        return set()
    return {event.number for event in trace.window(recording.events)}


def _mark(event: Event, moment: Moment | None) -> str:
    choice = f"<code>{escape(event.what)}</code>" if event.mark != trace.REST else ""
    when = f"boot {event.boot}, {event.at / trace.SECOND:.3f} s"
    rule = (
        f'<p class="rule"><strong>{trace.MARKS[event.mark][1]}</strong>{choice}<time>{when}</time></p>'
        f"{_host_around(event, moment) if moment else ''}"
    )
    return f'<section class="mark {event.mark}" id="e{event.number}">{rule}</section>'


# ---- the host ------------------------------------------------------------------------------------


def _host_around(event: Event, moment: Moment) -> str:
    before = hosts.things(moment.before, daemon=event.mark == trace.CRASH)
    after = hosts.things(moment.after, daemon=False)
    fates = list(hosts.difference(before, after))
    count = sum(fate.fate in {hosts.LOST, hosts.CHANGED} for fate in fates)
    said = f"the host before and after: {count} of {len(before)} things lost or changed"
    return f'<details class="host" open><summary>{said}</summary>{_groups(fates)}</details>'


def _groups(fates: Sequence[hosts.Fate]) -> str:
    columns = ("".join(_group(fates, group) for group in column) for column in _COLUMNS)
    return f'<div class="groups">{"".join(f"<div>{column}</div>" for column in columns)}</div>'


def _group(fates: Sequence[hosts.Fate], group: str) -> str:
    items = "".join(_fate(fate) for fate in fates if fate.thing.group == group) or _EMPTY
    return f"<h3>{group}</h3><ul>{items}</ul>"


def _fate(fate: hosts.Fate) -> str:
    thing, detail = fate.thing, escape(fate.thing.detail)
    if fate.fate == hosts.CHANGED:
        detail = f"<del>{detail or 'empty'}</del> {escape(fate.now) or 'empty'}"
    risk = f'<em class="risk">{thing.risk}</em>' if thing.risk else ""
    mark = "del" if fate.fate == hosts.LOST else "span"
    return (
        f'<li class="{fate.fate}"><{mark}>{_name(thing)}</{mark}><small>{detail}</small>{risk}</li>'
    )


def _name(thing: hosts.Thing) -> str:
    """Of a file, its directory apart."""
    head, slash, last = thing.name.rstrip("/").rpartition("/")
    if thing.group not in {hosts.FILES, hosts.RUNTIME_FILES}:
        return escape(thing.name)
    end = "/" if thing.name.endswith("/") else ""
    return f'<span class="above">{escape(head + slash)}</span>{escape(last + end)}'


# ---- the end -------------------------------------------------------------------------------------


def _end(recording: Recording) -> str:
    last = recording.last if recording.violation or recording.at_rest is None else recording.at_rest
    is_alive = recording.events[-1].mark not in {trace.CRASH, trace.CUT, trace.STRIKE}
    fates = [hosts.Fate(hosts.KEPT, one, one.detail) for one in hosts.things(last, daemon=is_alive)]
    when = "when that was seen" if recording.violation else "at rest"
    host = (
        f'<details class="host" open><summary>the host {when}</summary>{_groups(fates)}</details>'
    )
    name = ' id="violation"' if recording.violation else ""
    return f"<footer{name}>{_accusation(recording)}{host}</footer>"
