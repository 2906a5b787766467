"""The decorator of conman's values: frozen dataclasses with slots, made at a sixth of the usual cost.

The standard library compiles six methods for each class, and conmand has two hundred before its first
answer. Here one is compiled, `__init__`; the rest is shared. To readers, type checkers and
`dataclasses` (`fields`, `replace`, `astuple`) it is a dataclass like any other. It must never grow
options: whatever needs one is declared with `dataclasses.dataclass`.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, cast, dataclass_transform

Value = TypeVar("Value")
Values = Callable[[Any], tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Where the standard library's own marks are taken from."""

    field: int


_MARKS: Any = _Pattern
_KIND = _MARKS.__dataclass_fields__["field"]._field_type  # noqa: SLF001 - fields() looks for it


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[Value]) -> type[Value]:
    """Fields are the annotated names; the only thing that `field` may say is `default_factory`.

    Raises TypeError for what it cannot make.
    """
    if any(getattr(base, "__dataclass_fields__", None) for base in cls.__mro__[1:]):
        raise TypeError(f"{cls.__qualname__} inherits fields: use dataclasses.dataclass")
    body = dict(cls.__dict__)
    kinds = cast("dict[str, object]", body.get("__annotations__", {}))
    fields = {name: _field(name, kind, body.pop(name, MISSING)) for name, kind in kinds.items()}
    for of_the_class_without_slots in ("__dict__", "__weakref__"):
        body.pop(of_the_class_without_slots, None)
    names = tuple(fields)
    body |= _methods(cls.__qualname__, names) | {
        "__init__": _init(fields),
        "__slots__": names,
        "__match_args__": names,
        "__dataclass_fields__": fields,
        "__dataclass_params__": _MARKS.__dataclass_params__,
    }
    return cast("type[Value]", type(cls)(cls.__name__, cls.__bases__, body))


def _field(name: str, kind: object, given: object) -> "Field[Any]":
    made: Any = cast("Any", given) if isinstance(given, Field) else field(default=given)
    if not (made.init and made.repr and made.compare and made.hash is None) or made.kw_only is True:
        raise TypeError(f"field {name} has options: use dataclasses.dataclass")
    if type(made.default).__hash__ is None:
        raise TypeError(f"field {name} has a mutable default: use default_factory")
    made.name, made.type, made._field_type, made.kw_only = name, kind, _KIND, False  # noqa: SLF001
    return cast("Field[Any]", made)


def _init(fields: "dict[str, Field[Any]]") -> Callable[..., None]:
    known: dict[str, Any] = {"__put": object.__setattr__}
    parameters, lines = ["self"], ["pass"]
    for name, each in fields.items():
        made, value = f"__made_{name}", name
        if each.default_factory is not MISSING:
            known[made] = each.default_factory
            value = f"{made}() if {name} is {made} else {name}"
        elif each.default is not MISSING:
            known[made] = each.default
        parameters.append(f"{name}={made}" if made in known else name)
        lines.append(f"__put(self, {name!r}, {value})")
    text = f"def __init__({', '.join(parameters)}):\n " + "\n ".join(lines)
    exec(text, known)  # noqa: S102 - names and nothing else, from our own source
    return cast("Callable[..., None]", known["__init__"])


def _methods(title: str, names: tuple[str, ...]) -> dict[str, object]:
    values = _values(names)
    shown = f"{title}({', '.join(f'{name}=%r' for name in names)})"

    def equal(one: object, other: object) -> bool:
        if other.__class__ is not one.__class__:
            return NotImplemented
        return values(one) == values(other)

    def hashed(one: object) -> int:
        return hash(values(one))

    def text(one: object) -> str:
        return shown % values(one)

    def reduced(one: object) -> tuple[object, ...]:
        return one.__class__, values(one)

    return {
        "__eq__": equal,
        "__hash__": hashed,
        "__repr__": text,
        "__reduce__": reduced,
        "__setattr__": _refuse_set,
        "__delattr__": _refuse_delete,
    }


def _values(names: tuple[str, ...]) -> Values:
    match names:
        case ():
            return lambda _: ()
        case (name,):
            one = attrgetter(name)
            return lambda value: (one(value),)
        case _:
            return attrgetter(*names)


def _refuse_set(_: object, name: str, _value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(_: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")
