"""The grammar of faults, in the manner of fail(9): what happens where, how often, and what after that.

    term     PLACE=CLAUSE{->CLAUSE}          terms are separated by commas or lines
    place    COMMAND[@STEP[#K]]              the K-th step of that name, from 1; without: at the beginning
    clause   [P%][N*]ACTION                  with a chance of P per cent, at the most N times
    action   kill | hang | off | delay(TIME) | error(ERRNO) | lie(CODE)

Pure. It must never let pass what it does not understand: UnknownFault names it, and what would be right.
"""

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fakerunc.model import STEPS
from fakerunc.options import seconds

BEGIN, ANSWER = "begin", "answer"
_CLAUSE = re.compile(r"(?:(\d+(?:\.\d+)?)%)?(?:(\d+)\*)?([a-z]+)(?:\(([^()]*)\))?")
_ACTIONS = ("kill", "hang", "off", "delay(TIME)", "error(ERRNO)", "lie(CODE)")


class UnknownFault(Exception):
    """A term that says nothing; str() names it, and what would be right."""


@dataclass(frozen=True, slots=True)
class Clause:
    """`times` None: for ever. `action` with its `value`: seconds, an errno, an exit code."""

    action: str
    value: float = 0
    percent: float = 100
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """`text` is its name in the log, and in the count of its clauses."""

    text: str
    command: str
    step: str
    nth: int
    clauses: tuple[Clause, ...]


def terms(text: str) -> Iterator[Term]:
    for term in filter(None, (word.strip() for word in re.split(r"[,\n]", text))):
        place, equals, actions = term.partition("=")
        command, at, where = place.partition("@")
        step, counted, nth = where.partition("#")
        if command not in STEPS:
            raise _unknown(term, "command", command, tuple(STEPS))
        steps = (BEGIN, *STEPS[command].split(), ANSWER)
        if at and step not in steps:
            raise _unknown(term, f"step of {command}", step, steps)
        if counted and not re.fullmatch("0*[1-9][0-9]*", nth):
            raise UnknownFault(f"faults: {term}: #{nth} is no number from 1 on")
        clauses = tuple(_clause(term, clause) for clause in actions.split("->")) if equals else ()
        if not clauses:
            raise _unknown(term, "action", "", _ACTIONS)
        yield Term(term, command, step or BEGIN, int(nth or 1), clauses)


def _clause(term: str, text: str) -> Clause:
    match = _CLAUSE.fullmatch(text)
    value = _value(match[3], match[4]) if match else None
    if match is None or value is None:
        raise _unknown(term, "action", text, _ACTIONS)
    percent, times = match[1], match[2]
    return Clause(
        match[3], value, float(percent) if percent else 100, int(times) if times else None
    )


def _value(action: str, inside: str | None) -> float | None:
    """None where the two do not fit."""
    match action, inside:
        case (("kill" | "hang" | "off"), None):
            return 0
        case "delay", str():
            return None if inside.startswith("-") else seconds(inside)
        case "error", str():
            number: int | None = getattr(errno, inside, None) if inside.isidentifier() else None
            return number if isinstance(number, int) else None
        case "lie", str():
            return int(inside) if inside.isdecimal() and int(inside) < 256 else None
        case _:
            return None


def _unknown(term: str, kind: str, word: str, right: tuple[str, ...]) -> UnknownFault:
    return UnknownFault(
        f'faults: {term}: no {kind} is called "{word}"; there are {", ".join(right)}'
    )
