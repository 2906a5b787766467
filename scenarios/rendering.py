"""Any value as pieces of a key: equal pieces mean equal values, whatever the values are.

Generic on purpose: what nobody thought of is rendered whole. Nothing here may leave anything out, but
what the caller names.
"""

import gc
import types
from collections import deque
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cache
from typing import Any, TypeAlias, cast

from scenarios.pieces import Piece, piece, plain, shown

Held: TypeAlias = "types.CoroutineType[Any, Any, Any] | types.GeneratorType[Any, Any, Any]"

_NOTHING: frozenset[str] = frozenset()


def rendered(value: object, leave_out: frozenset[str] = _NOTHING) -> list[Piece]:
    """All of it, sets in order. `leave_out`: attributes, as Class.attribute."""
    pieces: list[Piece] = []
    _Rendering(pieces, leave_out).add(value)
    return pieces


class _Rendering:
    """One value being rendered into `pieces`."""

    def __init__(self, pieces: list[Piece], leave_out: frozenset[str]) -> None:
        self._pieces, self._leave_out = pieces, leave_out
        self._met: dict[int, int] = {}

    def add(self, value: object) -> None:
        kind = type(value)
        if kind in _ATOMS:
            self._pieces.append(piece(repr(value)))
        elif kind is dict:
            self._sequence("dict", _flat(cast("dict[object, object]", value)))
        elif kind in _SEQUENCES:
            self._sequence(kind.__name__, cast("Iterable[object]", value))
        elif kind in _SETS:
            members = cast("set[object]", value)
            self._sequence("set", sorted(members, key=plain))
        elif kind in _HELD:
            self._suspended(cast("Held", value))
        else:
            self._object(value)

    def _word(self, text: str) -> None:
        self._pieces.append(piece(text))

    def _sequence(self, kind: str, items: Iterable[object]) -> None:
        self._word(kind)
        for one in items:
            if type(one) in _ATOMS:
                self._pieces.append(piece(repr(one)))
            else:
                self.add(one)
        self._pieces.append(_END)

    def _object(self, value: object) -> None:
        kind = type(value)
        parameters = getattr(kind, "__dataclass_params__", None)
        if parameters is not None and parameters.frozen:
            self._pieces.append(shown(value))
        elif isinstance(value, Enum):
            self._word(str(value))
        elif isinstance(value, type):
            self._word(value.__qualname__)
        elif isinstance(value, types.FunctionType):
            self._sequence(value.__qualname__, value.__closure__ or ())
        elif isinstance(value, types.CellType):
            self.add(value.cell_contents)
        elif isinstance(value, Iterator):
            # What it goes over, and how far it is.
            self._sequence(kind.__name__, value.__reduce__()[1:])
        else:
            self._attributes(value)

    def _is_met(self, value: object) -> bool:
        """Whether this very object was rendered before: then that one is named."""
        place = self._met.get(id(value))
        if place is None:
            self._met[id(value)] = len(self._met)
            return False
        self._word(f"^{place}")
        return True

    def _attributes(self, value: object) -> None:
        kind = type(value)
        names = vars(value) if hasattr(value, "__dict__") else getattr(kind, "__slots__", ())
        if not names:
            self._word(plain(value))
            return
        if self._is_met(value):
            return
        for name, word in _words(kind, tuple(names), self._leave_out):
            self._pieces.append(word)
            one = getattr(value, name)
            if type(one) in _ATOMS:
                self._pieces.append(piece(repr(one)))
            else:
                self.add(one)

    def _suspended(self, held: Held) -> None:
        """Where a coroutine stands, its locals, what lies on its stack, and whom it awaits."""
        if self._is_met(held):
            return
        if isinstance(held, types.CoroutineType):
            frame, code = held.cr_frame, held.cr_code
        else:
            frame, code = held.gi_frame, held.gi_code
        if frame is None:
            self._word(f"{held.__qualname__} is over")
            return
        data = [one for one in gc.get_referents(held) if not _is_its_code(one, code, frame)]
        self._sequence(f"{held.__qualname__}@{frame.f_lasti}", data)


_END = piece(")")
_ATOMS = frozenset({type(None), bool, int, str, bytes, float})
_SEQUENCES = frozenset({list, tuple, deque})
_SETS = frozenset({set, frozenset})
_HELD = frozenset({types.CoroutineType, types.GeneratorType})


@cache
def _words(
    kind: type, names: tuple[str, ...], leave_out: frozenset[str]
) -> tuple[tuple[str, Piece], ...]:
    """The attributes that are rendered, with the piece of each one's word."""
    words = ((name, f"{kind.__name__}.{name}") for name in names)
    return tuple((name, piece(word)) for name, word in words if word not in leave_out)


def _flat(pairs: dict[object, object]) -> Iterator[object]:
    for pair in pairs.items():
        yield from pair


def _is_its_code(one: object, code: types.CodeType, frame: types.FrameType) -> bool:
    if isinstance(one, types.FunctionType):
        return one.__code__ is code
    return one is code or one is frame or one is frame.f_globals or one is frame.f_builtins
