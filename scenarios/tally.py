"""How often there was anything to check: an invariant of which the precondition never holds is no check.

One tally a process, for checks are plain functions on a world. Nothing that happens may depend on it.
"""

from collections import Counter

_counted = Counter[str]()


def met(what: str) -> None:
    """The precondition of an invariant ("I8") held where it was checked; or a shim's step had that outcome."""
    _counted[what] += 1


def taken() -> Counter[str]:
    """What was counted since the last time; it begins anew."""
    counted = Counter(_counted)
    _counted.clear()
    return counted
