"""What each effect may come to, as its own source declares it: never as anybody saw it.

A step's results are those that its docstring names; Done, too, where it does not say `Result:`. The system
may refuse any step: Failed. A recipe ends at a step that fails, times out or leaves something living, so
those of every step are the effect's, and all of the last one.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import get_args

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Conflict, Outcome
from conman.core.points import steps_of
from conman.primitives.steps import Done, Failed, Remaining, TimedOut

OUTCOMES = frozenset(kind.__name__ for kind in get_args(Outcome))
_STOPPING = frozenset(kind.__name__ for kind in (Failed, TimedOut, Remaining))


@cache
def outcomes(effect: str) -> tuple[str, ...]:
    """Names of outcomes, in order. `effect`: the name of a class of `conman.core.effects.vocabulary`."""
    kind = getattr(v, effect)
    if issubclass(kind, v.HostEffect):
        return _of_steps(steps_of(kind))
    named = _named_by(kind)
    if issubclass(kind, v.Commit):
        # Each may come to what all may, and to what it says of itself.
        named |= _named_by(v.Commit) - {Conflict.__name__}
    return tuple(sorted(named))


def results(step: type[object]) -> frozenset[str]:
    """What one step may come to."""
    named = _named_by(step)
    if "Result:" not in (step.__doc__ or ""):
        named |= {Done.__name__}
    return named | {Failed.__name__}


def _of_steps(steps: Sequence[type[object]]) -> tuple[str, ...]:
    stopping = {name for step in steps for name in results(step) & _STOPPING}
    return tuple(sorted(stopping | results(steps[-1])))


def _named_by(kind: type[object]) -> frozenset[str]:
    return OUTCOMES & frozenset(re.findall(r"\w+", kind.__doc__ or ""))
