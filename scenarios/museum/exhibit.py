"""The form of an exhibit: a bug of the field, as a small change of conman's own code.

`python -m scenarios museum` plants each of ours; `explore STORY --plant FILE` plants anybody's. What is
changed is the real core or shim machine, never the simulated host, the oracle or the explorer: a change
there would prove nothing. Every change counts how often it made a difference.
"""

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from operator import is_
from pkgutil import resolve_name
from typing import Any, Literal

from conman.core.effects import recipes
from conman.core.effects import vocabulary as v
from conman.core.layout import Layout
from conman.primitives import steps as s

Steps = tuple[s.Step, ...]


@dataclass(frozen=True, slots=True)
class Replaced:
    """A function, or a method, of conman.core or conman.shim; whoever imported it gets the other.

    `target`: its dotted name. `by` is called with the original first, then with its arguments; for an
    async function it is one too. What an exhibit imports from conman is always the original.
    """

    target: str
    by: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    """The steps of one kind of effect. `change(steps)` gives what is done instead."""

    effect: type[v.HostEffect]
    change: Callable[[Steps], Steps]


Patch = Replaced | Recipe
#: Where a change may be made that the simulator is to find, and one that tests of the host are.
SIMULATED = ("conman.core.", "conman.shim.")
ON_THE_HOST = ("conman.host.", "conman.engine.", "conman.primitives.", "conman.shim.")
#: In a real conmand.
ANYWHERE = SIMULATED + ON_THE_HOST


@dataclass(frozen=True, slots=True)
class Exhibit:
    """`letter`: its class in docs/track-record.md. `peer`: whose bug it was, project#number.

    `story`: its default exploration must first violate one of `invariants`.
    """

    name: str
    letter: str
    title: str
    peer: str
    layer: Literal["core", "shim"]
    invariants: tuple[str, ...]
    story: str
    patches: tuple[Patch, ...]


@dataclass(frozen=True, slots=True)
class HostExhibit:
    """A bug of the real performers, which the simulated host has not: tests of the host must find it.

    `file`: the tests that are run with it, below the project's directory; one of `tests` must be the first to fail.
    """

    name: str
    letter: str
    title: str
    peer: str
    file: str
    tests: tuple[str, ...]
    patches: tuple[Replaced, ...]

    @property
    def layer(self) -> str:
        return "host"

    @property
    def story(self) -> str:
        return self.file


AnyExhibit = Exhibit | HostExhibit


class Reached:
    """How often a planted change made a difference."""

    def __init__(self) -> None:
        self.times = 0


@contextmanager
def planted(patches: tuple[Patch, ...], where: tuple[str, ...] = SIMULATED) -> Generator[Reached]:
    """The changes are in place. Raises ValueError where one does not fit this conman."""
    reached = Reached()
    with ExitStack() as stack:
        for patch in patches:
            match patch:
                case Replaced(target, by):
                    stack.enter_context(_replaced(target, by, reached, where))
                case Recipe():
                    by = _changing(patch, reached)
                    stack.enter_context(_replaced(_RECIPE, by, Reached()))
        yield reached


def without(step: type[s.Step], path: str = "") -> Callable[[Steps], Steps]:
    """The steps, but for one kind; of those that have a path, on paths that end so."""

    def change(steps: Steps) -> Steps:
        return tuple(
            one
            for one in steps
            if not (isinstance(one, step) and getattr(one, "path", "").endswith(path))
        )

    return change


_RECIPE = f"{recipes.recipe.__module__}.{recipes.recipe.__name__}"


def _changing(patch: Recipe, reached: Reached) -> Callable[..., Steps]:
    def recipe(
        original: Callable[..., Steps], effect: v.HostEffect, layout: Layout, *runtime_ms: int
    ) -> Steps:
        steps = original(effect, layout, *runtime_ms)
        if not isinstance(effect, patch.effect):
            return steps
        changed = patch.change(steps)
        reached.times += not _are_the_same(steps, changed)
        return changed

    return recipe


def _are_the_same(steps: Steps, others: Steps) -> bool:
    """The very same: what a change has made may claim to equal anything."""
    return len(steps) == len(others) and all(map(is_, steps, others))


@contextmanager
def _replaced(
    target: str, by: Callable[..., Any], reached: Reached, where: tuple[str, ...] = SIMULATED
) -> Generator[None]:
    original = _resolved(target, where)

    def instead(*args: object, **kwargs: object) -> object:
        reached.times += 1
        return by(original, *args, **kwargs)

    places = list(_places(target, original))
    for owner, name in places:
        setattr(owner, name, instead)
    try:
        yield
    finally:
        for owner, name in places:
            setattr(owner, name, original)


def _resolved(target: str, where: tuple[str, ...]) -> Callable[..., Any]:
    if not target.startswith(where):
        places = " nor in ".join(place.rstrip(".") for place in where)
        raise ValueError(f"{target} is neither in {places}")
    try:
        found = resolve_name(target)
    except (ImportError, AttributeError):
        raise ValueError(f"there is no {target} in this conman") from None
    if not callable(found) or isinstance(found, type):
        raise ValueError(f"{target} is no function")  # noqa: TRY004 - of a word, not of a value
    return found


def _places(target: str, original: Callable[..., Any]) -> Iterator[tuple[Any, str]]:
    """Where it is defined, and every module that has imported it by name."""
    owner, _, name = target.rpartition(".")
    yield resolve_name(owner), name
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(("conman.", "scenarios.")) and not _is_exhibit(module_name):
            for known, value in list(vars(module).items()):
                if value is original and (module_name, known) != (owner, name):
                    yield module, known


def _is_exhibit(module_name: str) -> bool:
    return module_name.startswith("scenarios.museum.")
