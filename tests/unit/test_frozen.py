"""conman's own decorator of values against the standard library's: nobody can tell which one made a class."""

import copy
import pickle
from dataclasses import (
    FrozenInstanceError,
    astuple,
    dataclass,
    field,
    fields,
    is_dataclass,
    replace,
)
from typing import Any

import pytest

from conman import frozen as ours
from conman.frozen import frozen


class Base:
    """As effects have one."""

    __slots__ = ()


@frozen
class Ours(Base):
    """One of each kind of field."""

    first: int
    second: tuple[str, ...] = ()
    third: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def doubled(self) -> int:
        return 2 * self.first


@dataclass(frozen=True, slots=True)
class Theirs(Base):
    """The same."""

    first: int
    second: tuple[str, ...] = ()
    third: dict[str, int] = field(default_factory=dict[str, int])


@frozen
class Alike(Base):
    """Of the same shape, with other names and values."""

    alpha: str
    beta: int = 7
    gamma: list[str] = field(default_factory=lambda: ["g"])


@frozen
class One:
    """One field."""

    only: str


@frozen
class Nothing:
    """No field."""


def test_they_are_made_and_shown_alike() -> None:
    for given in ((1,), (1, ("a",)), (1, ("%r", "b"), {"c": 1})):
        ours, theirs = Ours(*given), Theirs(*given)
        assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
        assert astuple(ours) == astuple(theirs)
    assert Ours(first=3, third={}).doubled == 6
    assert [repr(One("x")), repr(Nothing())] == ["One(only='x')", "Nothing()"]
    for wrong in ((), (1, (), {}, 4)):
        with pytest.raises(TypeError):
            Ours(*wrong)


def test_each_has_its_own_names_and_defaults() -> None:
    """Classes of one shape share the code of `__init__`, and nothing else of it."""
    assert repr(Alike("a")) == "Alike(alpha='a', beta=7, gamma=['g'])"
    assert repr(Ours(first=1)) == "Ours(first=1, second=(), third={})"
    assert Alike(gamma=[], beta=1, alpha="b") == Alike("b", 1, [])
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'alpha'"):
        Alike(**dict[str, Any]())
    with pytest.raises(TypeError, match="unexpected keyword argument 'first'"):
        Alike(**dict[str, Any](first=1))


def test_dataclasses_knows_them() -> None:
    told = [(f.name, f.type, f.default, f.default_factory, f.kw_only) for f in fields(Ours)]
    assert told == [
        (f.name, f.type, f.default, f.default_factory, f.kw_only) for f in fields(Theirs)
    ]
    assert is_dataclass(Ours)
    for replaced in (replace, ours.replace):
        assert replaced(Ours(1, ("a",)), first=2) == Ours(2, ("a",))
        with pytest.raises(TypeError, match="fourth"):
            replaced(Ours(1), fourth=4)
    assert Ours.__match_args__ == Theirs.__match_args__
    params: Any = (Ours, Theirs)
    assert params[0].__dataclass_params__.frozen == params[1].__dataclass_params__.frozen


def test_equal_is_what_has_the_same_class_and_values() -> None:
    assert Ours(1) == Ours(1) != Ours(2)
    assert Ours(1) != Theirs(1)
    assert One("x") == One("x") != One("y")
    assert Nothing() == Nothing() != One("x")
    assert hash(One("x")) == hash(One("x"))
    assert len({One("x"), One("x"), One("y"), Nothing(), Nothing()}) == 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(Ours(1))


def test_each_has_a_default_of_its_own() -> None:
    assert Ours(1).third is not Ours(1).third


def test_nothing_can_be_changed_or_added() -> None:
    value: Any = Ours(1)
    for name in ("first", "other"):
        with pytest.raises(FrozenInstanceError, match=name):
            setattr(value, name, 2)
    with pytest.raises(FrozenInstanceError, match="first"):
        del value.first
    assert value == Ours(1)
    assert not hasattr(value, "__dict__")


def test_copies_and_pickles_are_equal() -> None:
    value = Ours(1, ("a",), {"b": 2})
    assert value == copy.copy(value) == copy.deepcopy(value) == pickle.loads(pickle.dumps(value))  # noqa: S301 - our own


def test_patterns_match() -> None:
    match Ours(1, ("a",)):
        case Ours(first, (second,)):
            assert (first, second) == (1, "a")
        case _:
            pytest.fail("no match")


def test_what_it_cannot_make_is_refused() -> None:
    with pytest.raises(TypeError, match="inherits fields"):

        @frozen
        class _Derived(Ours):
            """More fields."""

            fourth: int = 0

    with pytest.raises(TypeError, match="field size has options"):

        @frozen
        class _Optional:
            """An option of a field."""

            size: int = field(default=0, compare=False)

    with pytest.raises(TypeError, match="field later has no default, and one before it has"):

        @frozen
        class _Unordered:
            """As Python has it for parameters."""

            first: int = 0
            later: int

    with pytest.raises(TypeError, match="mutable default"):

        @frozen
        class _Shared:
            """One list for all."""

            sizes: list[int] = []  # noqa: RUF012 - that is what is refused
