"""All chance of a run, by name: from a seed, or from a list that another run has recorded.

Whoever wants chance asks here, and what was given is kept in order. The same seed gives the same run
whatever the hash seed; a recorded list gives it again, and says where it no longer fits. There must be no
other source of chance in the simulator.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import TypeVar

_T = TypeVar("_T")

#: The name of a choice, and the number that was given.
Made = tuple[str, int]


class Diverged(LookupError):
    """A recorded list does not fit this run: it is of another version."""


class Choices:
    """From a seed. `made`: what was given so far, in order."""

    def __init__(self, seed: int) -> None:
        self.made: list[Made] = []
        # Its floats are the same for a seed everywhere, and it keeps no secret.
        self._random = Random(seed).random

    def below(self, name: str, bound: int) -> int:
        """0 to bound - 1, all alike. There is no choice below 1, and none is recorded."""
        if bound <= 1:
            return 0
        given = self._give(name, bound)
        self.made.append((name, given))
        return given

    def among(self, name: str, options: Sequence[_T]) -> _T:
        return options[self.below(name, len(options))]

    def once_in(self, name: str, rarity: int) -> bool:
        return self.below(name, rarity) == rarity - 1

    def weighted(self, name: str, options: Sequence[tuple[_T, int]]) -> _T:
        """(option, weight) each."""
        left = self.below(name, sum(weight for _, weight in options))
        for option, weight in options:
            left -= weight
            if left < 0:
                return option
        raise AssertionError(options)

    def _give(self, _name: str, bound: int) -> int:
        return int(self._random() * bound)


class Recorded(Choices):
    """From a list. Beyond its end everything is 0: the plainest run."""

    def __init__(self, made: Iterable[Made]) -> None:
        super().__init__(0)
        self._left = list(made)

    def _give(self, name: str, bound: int) -> int:
        if len(self.made) >= len(self._left):
            return 0
        expected, given = self._left[len(self.made)]
        if expected != name or given >= bound:
            n = len(self.made)
            raise Diverged(f"diverged at choice {n}: {name} below {bound}, not {expected}={given}")
        return given
