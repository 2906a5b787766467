"""When a host is at rest: when it is as its rows say twice in a row, and the same both times."""

from dataclasses import replace

import pytest

from scenarios.stages.real_rest import Seen, Steady
from scenarios.violation import Violation
from tests.unit.test_database import ROW

GOOD = Seen((ROW,), ("directory web",))
MORE = replace(GOOD, found=("directory web", "shim web-1"))
OTHER = replace(GOOD, rows=(replace(ROW, run=ROW.run + 1),))
BAD = Violation("I7", "nobody owns a shim")


def looks(*seen: Seen | Violation) -> tuple[list[bool], str]:
    """Whether it is at rest after each, and why not, at last."""
    steady, left = Steady(), iter(seen)

    def look() -> Seen:
        one = next(left)
        if isinstance(one, Violation):
            raise one
        return one

    return [steady.is_so(look) for _ in seen], steady.verdict.what


@pytest.mark.parametrize(
    ("seen", "rests"),
    [
        ((GOOD, GOOD), [False, True]),
        ((BAD, GOOD, BAD, GOOD), [False] * 4),
        ((GOOD, MORE, GOOD), [False] * 3),
        ((GOOD, OTHER, OTHER), [False, False, True]),
    ],
)
def test_one_good_look_is_no_rest(seen: tuple[Seen | Violation, ...], rests: list[bool]) -> None:
    assert looks(*seen)[0] == rests


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ((GOOD, BAD), "nobody owns a shim"),
        ((BAD, GOOD), "nobody owns a shim"),
        ((GOOD, MORE), "changed while all was at rest: ['shim web-1']"),
        ((GOOD, OTHER), "changed while all was at rest: a row"),
    ],
)
def test_why_it_does_not_rest(seen: tuple[Seen | Violation, ...], why: str) -> None:
    assert looks(*seen)[1] == why
