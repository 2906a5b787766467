"""At which site a suspended saga stands: what connects a run with the denominator.

Seen from outside, in the coroutine itself; nothing in conman knows of it. It must never guess: where a saga
stands at no site, the denominator is wrong, and that is an error.
"""

from collections.abc import Iterator
from functools import cache
from types import CodeType, CoroutineType, FrameType
from typing import Any, TypeAlias

from scenarios.coverage.sites import Site, functions

Saga: TypeAlias = "CoroutineType[Any, Any, Any]"


class Unknown(Exception):
    """A saga awaits something where the source has no such await."""


def standing(name: str, saga: Saga, effect: str) -> Site | None:
    """The site of what `saga` awaits now; None: a planted function is on the way there."""
    place, known = "", _places()
    for frame in _frames(saga):
        awaited = known.get(frame.f_code)
        if awaited is None:
            return None
        place = awaited.get(frame.f_lineno, {}).get(effect, place)
    if not place:
        raise Unknown(f"{name} awaits {effect}, in {saga.cr_code.co_qualname} or below")
    return Site(name, effect, place)


def _frames(saga: Saga) -> Iterator[FrameType]:
    """From the outermost inwards."""
    ahead: object = saga
    while isinstance(ahead, CoroutineType) and ahead.cr_frame is not None:
        yield ahead.cr_frame
        ahead = ahead.cr_await


@cache
def _places() -> dict[CodeType, dict[int, dict[str, str]]]:
    return {one.code: one.effects for one in functions().values()}
