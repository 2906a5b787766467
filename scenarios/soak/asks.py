"""What a client of a soak asks next, drawn: anything whose answer the specification knows.

A draw depends on the seed, the client and the number of its ask alone; what of it fits depends on how the
container is by then, which timing decides. It must never draw what waits for ever.
"""

from collections.abc import Mapping, Sequence
from random import Random

from scenarios.clients import Ask
from scenarios.specification import ABSENT, ALLOWED, EXITED

#: How often each is wished for.
_WISHES = {
    "create": 5,
    "start": 6,
    "stop": 3,
    "kill": 3,
    "pause": 3,
    "unpause": 4,
    "remove": 3,
    "rename": 2,
    "status": 2,
    "list": 2,
    "wait": 2,
}
_KNOWN = {(verb, before) for verb, before, _ in ALLOWED}
_PROGRAMS = ("/bin/sleep", "/bin/obey", "/bin/exit7")
#: KILL, TERM, USR1: whom which of them ends differs by program.
_SIGNALS = (9, 15, 10)


def draw(chance: Random, names: Sequence[str], states: Mapping[str, set[str]]) -> Ask:
    """`states`: in which each name may be; one that it lacks is absent."""
    name = chance.choice(names)
    ask = Ask(
        "list",
        name,
        program=chance.choice(_PROGRAMS),
        signal=chance.choice(_SIGNALS),
        force=chance.random() < 0.5,
        timeout=1,
    )
    free = [one for one in names if states.get(one, {ABSENT}) == {ABSENT}]
    to = chance.choice(free) if free else ""
    for verb in _in_some_order(chance):
        if _fits(verb, states.get(name, {ABSENT}), to):
            return _of(ask, verb, to)
    return ask


def _in_some_order(chance: Random) -> list[str]:
    wishes = [verb for verb, count in _WISHES.items() for _ in range(count)]
    chance.shuffle(wishes)
    return wishes


def _fits(verb: str, states: set[str], to: str) -> bool:
    match verb:
        case "list":
            return True
        case "wait":
            return states == {EXITED}
        case "rename" if not to:
            return False
        case _:
            return all((verb, state) in _KNOWN for state in states)


def _of(ask: Ask, verb: str, to: str) -> Ask:
    return Ask(
        verb,
        ask.name,
        program=ask.program if verb == "create" else "/bin/sleep",
        signal=ask.signal,
        force=verb == "remove" and ask.force,
        timeout=ask.timeout,
        to=to if verb == "rename" else "",
    )
