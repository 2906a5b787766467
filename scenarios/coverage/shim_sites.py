"""Where a shim can be killed: what `conman.shim.machine` reads in each phase, says, and has done to files.

In the words of `sites`: `shim/<input>/before in <phase>`, `shim/<action>/before in machine`,
`shim/<step>/before in <recipe>`; what comes after each is the instant before the next. The denominator is
of the machine's types and source alone.
"""

import ast
import inspect
from functools import cache
from typing import get_args

from conman.shim import machine, recipes
from conman.shim.crash_names import action_name, input_name
from scenarios.coverage.outcomes import results
from scenarios.coverage.sites import Site
from scenarios.shims import Shim, next_input

SHIM = "shim"
_BIND = Site(SHIM, "bind", "machine")

#: The recipes that the machine has done step by step.
_RECIPES = {
    "read_oom": recipes.read_oom(""),
    "write_exit": recipes.write_exit("", b""),
}


@cache
def sites() -> frozenset[Site]:
    words = [_word(kind) for kind in get_args(machine.Input) if kind is not machine.Requested]
    words += [f"{_word(machine.Requested)}:{op}" for op in _operations()]
    actions = [kind for kind in get_args(machine.Action) if kind is not machine.DoStep]
    return frozenset(
        (
            _BIND,
            *(Site(SHIM, word, phase) for phase in _phases() for word in words),
            *(_saying(kind) for kind in actions),
            *_places_of_steps(),
        )
    )


def outcomes(site: Site) -> tuple[str, ...]:
    """What a step may come to; nothing else of a shim has any."""
    step = _places_of_steps().get(site)
    return () if step is None else tuple(sorted(results(step)))


def standing(one: Shim) -> Site | None:
    """Which site a kill comes right before now; None: the shim rests."""
    if not one.bound:
        return _BIND
    if one.actions:
        action = one.actions[0]
        if isinstance(action, machine.DoStep):
            return site_of_step(type(action.step))
        return _saying(type(action))
    place = next_input(one.state, one.inbox)
    return None if place is None else _reading(one.state.phase, one.inbox[place])


def site_of_step(step: type[object]) -> Site:
    return next(site for site, kind in _places_of_steps().items() if kind is step)


def _phases() -> list[str]:
    return [str(value) for name, value in vars(machine.Phase).items() if name.isupper()]


def _reading(phase: str, event: machine.Input) -> Site:
    word = _word(type(event))
    if isinstance(event, machine.Requested):
        word = f"{word}:{event.op}"
    return Site(SHIM, word, phase)


def _word(kind: type[machine.Input]) -> str:
    return input_name(kind).removeprefix(f"{SHIM}/")


def _saying(kind: type[machine.Action]) -> Site:
    return Site(SHIM, action_name(kind).removeprefix(f"{SHIM}/"), "machine")


@cache
def _places_of_steps() -> dict[Site, type[object]]:
    """No recipe has two of one kind."""
    return {
        Site(SHIM, type(step).__name__, recipe): type(step)
        for recipe, steps in _RECIPES.items()
        for step in steps
    }


@cache
def _operations() -> tuple[str, ...]:
    """What a shim may be asked, as the machine's source matches it."""
    patterns = ast.walk(ast.parse(inspect.getsource(machine)))
    words = {
        node.value.value
        for node in patterns
        if isinstance(node, ast.MatchValue)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    return tuple(sorted(words))
