"""What went into machines and came out, and the sagas in it: the same from a real daemon and a simulated one.

Sagas are told apart, never put into one order: completions race. Of each there is who did what with which
kind of outcome; ids, pids and times are left out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from conman.core.admission import Now, Setting
from conman.core.effects.effect import Effect, Outcome
from conman.core.effects.recipes import recipe
from conman.core.effects.vocabulary import HostEffect
from conman.core.layout import Layout
from conman.core.machine import Machine
from conman.core.model import Stored
from conman.core.outputs import Observation, Output, Perform, SagaBegan, SagaEnded
from conman.core.requests import Request
from conman.engine.codec import parse
from conman.engine.inputs import Boot, Complete, Input, Observe, Submit
from conman.engine.recorder import BOOT, OUTPUT, replay

#: A machine's inputs, and what each made it do.
Life = list[Input | Sequence[Output]]
#: A saga's name, then its effects, each with the class of its outcome; "": the daemon died before.
Trace = tuple[str, ...]


class Noted(Machine):
    """A machine that keeps its life."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.life: Life = []

    def boot(self, stored: Stored, now: Now) -> Sequence[Output]:
        return self._kept(Boot(self.setting, stored, now), super().boot(stored, now))

    def submit(self, call: int, request: Request, now: Now, entropy: bytes) -> Sequence[Output]:
        given = Submit(call, request, now, entropy)
        return self._kept(given, super().submit(call, request, now, entropy))

    def complete(self, ticket: int, outcome: Outcome, now: Now) -> Sequence[Output]:
        return self._kept(Complete(ticket, outcome, now), super().complete(ticket, outcome, now))

    def observe(self, observation: Observation, now: Now) -> Sequence[Output]:
        return self._kept(Observe(observation, now), super().observe(observation, now))

    def _kept(self, given: Input, told: Sequence[Output]) -> Sequence[Output]:
        self.life += [given, tuple(told)]
        return told


def lives(path: Path) -> list[Life]:
    """From a recorder's file, whose last lines of each life a death may have torn."""
    found: list[Life] = []
    for line in path.read_text().splitlines():
        kind, _, text = line.partition(" ")
        if kind == BOOT:
            found.append([])
        try:
            found[-1].append(tuple(parse(text)) if kind == OUTPUT else parse(text))
        except ValueError:
            continue
    return found


def setting(life: Life) -> Setting:
    """What its daemon was told once."""
    begins = life[0]
    assert isinstance(begins, Boot), begins
    return begins.setting


def differences(path: Path) -> list[str]:
    """A sentence for each output that a fresh machine does not give."""
    return replay(str(path))


def sagas(life: Iterable[Input | Sequence[Output]]) -> list[Trace]:
    """Each saga of a life, in the order in which they began."""
    found: list[list[str]] = []
    now: dict[str, list[list[str]]] = {}
    places: dict[int, tuple[list[str], int]] = {}
    for each in life:
        if isinstance(each, Complete) and each.ticket in places:
            saga, place = places[each.ticket]
            saga[place] += f" {type(each.outcome).__name__}"
        for output in each if isinstance(each, tuple) else ():
            if isinstance(output, SagaBegan):
                found.append([output.saga])
                now.setdefault(output.object_id, []).append(found[-1])
            elif isinstance(output, SagaEnded):
                # The one that it came between goes on.
                now[output.object_id].pop()
            elif isinstance(output, Perform):
                saga = now[output.object_id][-1]
                places[output.ticket] = saga, len(saga)
                saga.append(output.point.partition("/")[2])
    return [tuple(one) for one in found]


def under_way(life: Iterable[Input | Sequence[Output]]) -> list[str]:
    """Sagas that have begun and not ended."""
    counts = Counter[str]()
    for each in life:
        for output in each if isinstance(each, tuple) else ():
            if isinstance(output, SagaBegan | SagaEnded):
                counts[output.saga] += 1 if isinstance(output, SagaBegan) else -1
    return sorted(counts.elements())


def passed(life: Iterable[Input | Sequence[Output]]) -> list[str]:
    """POINT@n of each crash point that a daemon came to in its life, in order."""
    layout, counts = Layout("", "", "", ""), Counter[str]()
    found = list[str]()
    for each in life:
        if isinstance(each, Boot):
            layout = each.setting.layout
        for output in each if isinstance(each, tuple) else ():
            if isinstance(output, Perform):
                counts[output.point] += 1
                instants = _instants(output.effect, layout)
                found += [f"{output.point}/{one}@{counts[output.point]}" for one in instants]
    return found


def _instants(effect: Effect, layout: Layout) -> Iterator[str]:
    steps = len(recipe(effect, layout)) if isinstance(effect, HostEffect) else 0
    yield from ("before", *(f"during:{j}" for j in range(1, steps)), "after")
