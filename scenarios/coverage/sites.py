"""Where the sagas await effects, from their source alone: the denominator must never come of a run.

A **place** is one `await` that says which effect it means: directly, or handed to a function that awaits
its parameter (`insist`, `commit`, `persist`; the place is the caller's). A **site** is a place within a saga
that can come there, by who calls whom. An await that cannot be read so is refused, not left out.
"""

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

from conman.core import sagas
from conman.core.effects.effect import Effect
from conman.core.effects.inner import Mark, Tell
from conman.core.points import SAGAS
from conman.core.sagas import (
    container,
    execs,
    garbage,
    kill,
    log,
    pause,
    recovery,
    rename,
    settle,
    streams,
    succession,
    update,
)

#: What each saga begins with (`conman.core.turns`).
BEGINNINGS: dict[str, tuple[Callable[..., Any], ...]] = {
    "create-container": (container.create_container,),
    "start-container": (container.start_container,),
    "stop-container": (container.stop_container, container.cancel_restart),
    "kill-container": (kill.kill_container,),
    "remove-container": (container.remove_container, garbage.remove_unreadable),
    "pause-container": (pause.pause_container,),
    "unpause-container": (pause.unpause_container,),
    "update-container": (update.update_container,),
    "rename-container": (rename.rename_container,),
    "open-stream": (streams.open_stream,),
    "reopen-container-log": (log.reopen_container_log,),
    "create-exec": (execs.create_exec,),
    "start-exec": (execs.start_exec, execs.run_exec),
    "kill-exec": (kill.kill_exec,),
    "settle": (settle.settle,),
    "settle-execs": (execs.settle_execs,),
    "recover": (recovery.recover,),
    "succession": (succession.succeed,),
    "garbage": (garbage.look_for_garbage, garbage.collect, garbage.collect_runs),
}

#: Over at once, within the machine: nothing can die or go wrong there.
AT_ONCE = (Tell, Mark)


class Unreadable(Exception):
    """An await of which the source does not say what it means."""


@dataclass(frozen=True, slots=True, order=True)
class Site:
    """`effect` as awaited at `place` (module.function, `~k` from the second in it on) within `saga`."""

    saga: str
    effect: str
    place: str

    def named(self, what: str) -> str:
        """`what`: a position (before, during:j, after) or an outcome."""
        return f"{self.saga}/{self.effect}/{what} in {self.place}"


def passed_of(name: str) -> tuple[Site, str]:
    """The site, and what of it, of a name that `Site.named` has made."""
    saga, effect, rest = name.split("/", 2)
    what, place = rest.split(" in ")
    return Site(saga, effect, place), what


@dataclass(slots=True)
class Awaiting:
    """What one function awaits: effects by the line of the await, and other functions."""

    code: CodeType
    effects: dict[int, dict[str, str]] = field(default_factory=dict[int, dict[str, str]])
    functions: list[FunctionType] = field(default_factory=list[FunctionType])


@cache
def functions() -> dict[FunctionType, Awaiting]:
    """All coroutine functions of the sagas. Raises Unreadable."""
    names = [module.name for module in iter_modules(sagas.__path__)]
    modules = [import_module(f"{sagas.__name__}.{name}") for name in names]
    return {
        function: reading(module, function)
        for module in modules
        for function in vars(module).values()
        if inspect.iscoroutinefunction(function) and function.__module__ == module.__name__
    }


@cache
def sites() -> frozenset[Site]:
    """All of them. Raises Unreadable, also for a function that no saga comes to."""
    reached = {name: _reached(BEGINNINGS[name]) for name in SAGAS}
    for function in functions():
        if not any(function in those for those in reached.values()):
            raise Unreadable(f"no saga comes to {function.__module__}.{function.__name__}")
    return frozenset(
        Site(saga, effect, place)
        for saga, those in reached.items()
        for function in those
        for effects in functions()[function].effects.values()
        for effect, place in effects.items()
    )


def _reached(beginnings: tuple[Callable[..., Any], ...]) -> set[FunctionType]:
    found: set[FunctionType] = set()
    ahead = [cast("FunctionType", one) for one in beginnings]
    while ahead:
        function = ahead.pop()
        if function not in found:
            found.add(function)
            ahead += functions()[function].functions
    return found


# ---- reading one function ----------------------------------------------------------------------


def reading(module: ModuleType, function: FunctionType) -> Awaiting:
    """What a coroutine function of a module awaits. Raises Unreadable."""
    return _Reading(module, function).awaiting()


class _Reading:
    """One coroutine function's awaits."""

    def __init__(self, module: ModuleType, function: FunctionType) -> None:
        self._module, self._function = module, function
        tree = ast.parse(inspect.getsource(module))
        self._definitions = {
            node.name: node
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        self._node = self._definitions[function.__name__]
        self._counts: dict[str, int] = {}

    def awaiting(self) -> Awaiting:
        made = Awaiting(self._function.__code__)
        awaits = [node for node in ast.walk(self._node) if isinstance(node, ast.Await)]
        for node in sorted(awaits, key=lambda node: (node.lineno, node.col_offset)):
            kinds = self._read(node, made)
            here = made.effects.setdefault(node.lineno, {})
            here |= {kind: self._place(kind) for kind in kinds}
        return made

    def _place(self, kind: str) -> str:
        """Counted by effect, so that a name survives whatever else is awaited before."""
        self._counts[kind] = count = self._counts.get(kind, 0) + 1
        name = f"{self._module.__name__.rpartition('.')[2]}.{self._function.__name__}"
        return name if count == 1 else f"{name}~{count}"

    def _read(self, node: ast.Await, made: Awaiting) -> list[str]:
        """The effects that are meant here; functions that are awaited go to `made`."""
        value = node.value
        if isinstance(value, ast.Call) and inspect.iscoroutinefunction(
            called := self._is(value.func)
        ):
            made.functions.append(cast("FunctionType", called))
            if not _carries(cast("FunctionType", called)):
                return []
            carried = [self._effects(argument) for argument in value.args]
            return self._counted(node, [one for one in carried if one is not None])
        return self._counted(node, [self._effects(value)])

    def _counted(self, node: ast.Await, found: "list[list[type[Effect]] | None]") -> list[str]:
        if not found or None in found:
            where = f"{self._module.__name__}.{self._function.__name__}, line {node.lineno}"
            raise Unreadable(f"{where}: which effect is awaited there?")
        kinds = [kind for some in found if some is not None for kind in some]
        return [kind.__name__ for kind in kinds if kind not in AT_ONCE]

    def _effects(self, node: ast.expr) -> list[type[Effect]] | None:
        """Those that an expression may be; none for the parameter of a carrier; None: it is no effect."""
        match node:
            case ast.Call(func=func):
                return self._made_by(self._is(func))
            case ast.Name(id=name) if name in self._parameters():
                return [] if self._parameters()[name] else None
            case ast.Name(id=name):
                values = self._assigned(name)
                found = [some for value in values if (some := self._effects(value)) is not None]
                return [kind for some in found for kind in some] if found else None
            case _:
                return None

    def _made_by(self, called: object) -> list[type[Effect]] | None:
        if isinstance(called, type) and issubclass(called, Effect):
            return [called]
        if not isinstance(called, FunctionType) or called.__name__ not in self._definitions:
            return None
        made = [
            self._is(node.func)
            for node in ast.walk(self._definitions[called.__name__])
            if isinstance(node, ast.Call)
        ]
        kinds = [one for one in made if isinstance(one, type) and issubclass(one, Effect)]
        return kinds or None

    def _assigned(self, name: str) -> Iterator[ast.expr]:
        for node in ast.walk(self._node):
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                    yield value
                case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
                    yield value
                case _:
                    pass

    def _parameters(self) -> dict[str, bool]:
        """Each, and whether it is an effect."""
        return {name: _is_effect(kind) for name, kind in _annotations(self._function).items()}

    def _is(self, node: ast.expr) -> object:
        """What a name, or module.name, stands for."""
        match node:
            case ast.Name(id=name):
                return vars(self._module).get(name)
            case ast.Attribute(value=value, attr=name):
                return getattr(self._is(value), name, None)
            case _:
                return None


def _carries(function: FunctionType) -> bool:
    return any(_is_effect(kind) for kind in _annotations(function).values())


def _annotations(function: FunctionType) -> dict[str, object]:
    return {name: one.annotation for name, one in inspect.signature(function).parameters.items()}


def _is_effect(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Effect)
