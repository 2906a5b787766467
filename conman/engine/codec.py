"""The core's values as JSON and back, without knowing any of them: frozen dataclasses, enums, tuples, bytes.

    {"$type": "vocabulary.SpawnShim", "container_id": "...", "run": 1}
    {"$enum": "State.RUNNING"}    {"$bytes": "aGVsbG8="}    a tuple is a list

A value has exactly one text, so two values are equal if and only if their texts are. A type is named with
its module, for an effect and a step may share a name; the $ tells it from a field of that name. It must never make anything but the types of its
registry.
"""

import base64
import json
from dataclasses import fields, is_dataclass
from enum import Enum
from types import ModuleType
from typing import Any, cast

from conman import errors
from conman.core import (
    admission,
    execs,
    layout,
    model,
    outputs,
    permits,
    requests,
    resources,
    restart,
    spec,
)
from conman.core.effects import changes, effect, inner, output, starting, transactions, vocabulary
from conman.core.effects import execs as exec_effects
from conman.engine import inputs
from conman.primitives import control, held, results, shared_results, shared_steps, steps

_MODULES: tuple[ModuleType, ...] = (
    admission,
    changes,
    control,
    effect,
    errors,
    exec_effects,
    execs,
    held,
    inner,
    inputs,
    layout,
    model,
    output,
    outputs,
    permits,
    requests,
    resources,
    restart,
    results,
    shared_results,
    shared_steps,
    spec,
    starting,
    steps,
    transactions,
    vocabulary,
)


def render(value: object) -> str:
    """One line of JSON, always the same for equal values."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def parse(text: str) -> Any:  # noqa: ANN401 - whatever was rendered
    """Raises ValueError for what no `render` has made."""
    try:
        return _value(json.loads(text))
    except (KeyError, TypeError) as error:
        raise ValueError(f"no value of the core: {error!r}") from error


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case Enum():
            return {"$enum": f"{type(value).__name__}.{value.name}"}
        case tuple() | list():
            return [_plain(each) for each in cast("tuple[object, ...]", value)]
        case _ if is_dataclass(value) and not isinstance(value, type):
            named = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
            return {"$type": _name(type(value)), **named}
        case _:
            raise TypeError(f"{type(value).__name__} has no text")


def _value(plain: Any) -> object:  # noqa: ANN401 - JSON
    match plain:
        case list():
            return tuple(_value(each) for each in cast("list[object]", plain))
        case {"$bytes": str(text)}:
            return base64.b64decode(text, validate=True)
        case {"$enum": str(text)}:
            kind, _, name = text.partition(".")
            return _ENUMS[kind][name]
        case {"$type": str(name), **rest}:
            return _TYPES[name](**{key: _value(each) for key, each in rest.items()})
        case _:
            return plain


def _name(kind: type) -> str:
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"


def _own(module: ModuleType) -> list[type]:
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__
    ]


_TYPES: dict[str, Any] = {
    _name(kind): kind for module in _MODULES for kind in _own(module) if is_dataclass(kind)
}
_ENUMS: dict[str, type[Enum]] = {
    kind.__name__: kind for module in _MODULES for kind in _own(module) if issubclass(kind, Enum)
}
