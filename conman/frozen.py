"""The decorator of conman's values: frozen dataclasses with slots, made at a tenth of the usual cost.

The standard library compiles six methods for each class, and conmand has 250 before its first answer.
Here one is compiled, `__init__`, and that once for all classes with as many fields and factories at the same
places; the rest is shared. To readers, type checkers and `dataclasses` (`fields`, `replace`, `astuple`) it is a
dataclass like any other. It must never grow options: whatever needs one is declared with `dataclasses.dataclass`.
"""

from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import field
    from types import CodeType
    from typing import Any, NoReturn, TypeVar, dataclass_transform

    Value = TypeVar("Value")
else:
    # Words to type checkers. What brings them is loaded for nobody: a shim would carry it.
    field = None

    def dataclass_transform(**_: object) -> object:
        """A decorator that does nothing."""
        return lambda made: made


_NOT_GIVEN: "Any" = ...

#: As `types` has it, which a shim does not load.
_FunctionType: "Any" = type(lambda: None)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: "type[Value]") -> "type[Value]":
    """Fields are the annotated names; the only thing that `field` may say is `default_factory`.

    Raises TypeError for what it cannot make.
    """
    if any(hasattr(base, "__dataclass_fields__") for base in cls.__mro__[1:]):
        raise TypeError(f"{cls.__qualname__} inherits fields: use dataclasses.dataclass")
    body: dict[str, Any] = dict(cls.__dict__)
    kinds: dict[str, Any] = body.get("__annotations__", {})
    given = {name: body.pop(name, _NOT_GIVEN) for name in kinds}
    for of_the_class_without_slots in ("__dict__", "__weakref__"):
        body.pop(of_the_class_without_slots, None)
    names = tuple(kinds)
    body |= _methods(cls.__qualname__, names) | {
        "__init__": _init(given),
        "__slots__": names,
        "__match_args__": names,
        "__dataclass_fields__": _ForDataclasses("__dataclass_fields__", kinds, given),
        "__dataclass_params__": _ForDataclasses("__dataclass_params__", kinds, given),
    }
    return type(cls)(cls.__name__, cls.__bases__, body)


class _ForDataclasses:
    """What `dataclasses` reads of a class, made when it does: nobody else needs it to be loaded."""

    __slots__ = ("_given", "_kinds", "_name")

    def __init__(self, name: str, kinds: "dict[str, Any]", given: "dict[str, Any]") -> None:
        self._name = name
        self._kinds = kinds
        self._given = given

    def __get__(self, _: object, cls: "type[Any]") -> object:
        from dataclasses import dataclass  # noqa: PLC0415 - that is the point

        given = {name: each for name, each in self._given.items() if each is not _NOT_GIVEN}
        body = {"__doc__": "Its twin.", "__annotations__": self._kinds, **given}
        twin: Any = type(cls.__name__, (), body)
        # Not declared frozen, for that compiles what nobody calls.
        dataclass(init=False, repr=False, eq=False)(twin)
        twin.__dataclass_params__.frozen = True
        for name in ("__dataclass_fields__", "__dataclass_params__"):
            setattr(cls, name, getattr(twin, name))
        return getattr(cls, self._name)


def replace(value: "Value", **changes: object) -> "Value":
    """As `dataclasses.replace`: a new value, of the same class."""
    names: tuple[str, ...] = vars(value.__class__)["__match_args__"]
    kept = {name: getattr(value, name) for name in names}
    return value.__class__(**(kept | changes))


def _init(given: "dict[str, Any]") -> "Callable[..., None]":
    factories = [_factory(name, each) for name, each in given.items()]
    made = {f"__made_{place}": each for place, each in enumerate(factories) if each is not None}
    code = _renamed(_code(tuple(each is not None for each in factories)), tuple(given))
    known = {"__put": object.__setattr__, **made}
    return _FunctionType(code, known, "__init__", _defaults(given, factories))


def _defaults(
    given: "dict[str, Any]", factories: "list[Callable[[], object] | None]"
) -> tuple[object, ...]:
    """A factory is its own mark. Raises TypeError for a field without one behind a field with one."""
    found: list[object] = []
    for (name, each), factory in zip(given.items(), factories, strict=True):
        if each is not _NOT_GIVEN:
            found.append(factory or each)
        elif found:
            raise TypeError(f"field {name} has no default, and one before it has")
    return tuple(found)


def _renamed(code: "CodeType", names: tuple[str, ...]) -> "CodeType":
    """Of these fields: their names are parameters, and constants."""
    new: dict[object, Any] = {f"__{place}": name for place, name in enumerate(names)}
    return code.replace(
        co_varnames=tuple(new.get(each, each) for each in code.co_varnames),
        co_consts=tuple(new.get(each, each) for each in code.co_consts),
    )


#: By shape: to rename is done in a tenth of the time that it takes to compile.
_CODES: "dict[tuple[bool, ...], CodeType]" = {}


def _code(shape: tuple[bool, ...]) -> "CodeType":
    """An `__init__` of so many fields, without their names: True is one that has a factory."""
    if shape not in _CODES:
        parameters, lines = ["self"], ["pass"]
        for place, has_factory in enumerate(shape):
            name, made = f"__{place}", f"__made_{place}"
            value = f"{made}() if {name} is {made} else {name}" if has_factory else name
            parameters.append(name)
            lines.append(f"__put(self, {name!r}, {value})")
        text = f"def __init__({', '.join(parameters)}):\n " + "\n ".join(lines)
        made_here: dict[str, Any] = {}
        exec(text, made_here)  # noqa: S102 - places and nothing else
        _CODES[shape] = made_here["__init__"].__code__
    return _CODES[shape]


def _factory(name: str, given: "Any") -> "Callable[[], object] | None":  # noqa: ANN401 - of any class
    """Of a `field`; None for what is no field. Raises TypeError for what cannot be made."""
    if type(given).__hash__ is None:
        raise TypeError(f"field {name} has a mutable default: use default_factory")
    if not hasattr(given, "default_factory"):
        return None
    from dataclasses import MISSING  # noqa: PLC0415 - then it is loaded: `field` is of it

    plain = given.init and given.repr and given.compare and given.hash is None
    if not plain or given.kw_only is True or given.default_factory is MISSING:
        raise TypeError(f"field {name} has options: use dataclasses.dataclass")
    return given.default_factory


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


def _values(names: tuple[str, ...]) -> "Callable[[Any], tuple[object, ...]]":
    match names:
        case ():
            return lambda _: ()
        case (name,):
            one = attrgetter(name)
            return lambda value: (one(value),)
        case _:
            return attrgetter(*names)


def _refuse_set(_: object, name: str, _value: object) -> "NoReturn":
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - nobody comes here

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(_: object, name: str) -> "NoReturn":
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - nobody comes here

    raise FrozenInstanceError(f"cannot delete field {name!r}")
