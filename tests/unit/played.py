"""A saga played by hand: each effect is answered, and kept."""

from collections.abc import Callable, Coroutine
from typing import Any

from conman.core.effects.effect import Effect, Outcome


def played(
    saga: Coroutine[Effect, Outcome, Any], answer: Callable[[Effect], Outcome]
) -> tuple[list[Effect], Any]:
    """What it wanted, in order, and what it came to. It must come to its end."""
    wanted: list[Effect] = []
    told: Outcome | None = None
    while True:
        try:
            effect = saga.send(told) if told is not None else saga.send(None)  # type: ignore[arg-type]
        except StopIteration as end:
            return wanted, end.value
        wanted.append(effect)
        told = answer(effect)
