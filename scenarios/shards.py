"""A run in N parts: `--shard I/N` takes every N-th of what there is, so that all parts together are the whole.

Which part a thing is in depends on nothing but its place: not on the machine, nor on how fast it is. A part
with nothing in it would look like a good one, so it is refused.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from scenarios.usage import Usage

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Shard:
    """The `index`-th of `count` parts, from 1."""

    index: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def has(self, place: int) -> bool:
        """Whether the thing at this place, from 0, is in it."""
        return place % self.count == self.index - 1

    def of(self, whole: Sequence[_T], what: str) -> list[_T]:
        """Its part. `what` there is, in a word. Raises Usage where there are fewer than parts."""
        if len(whole) < self.count:
            raise Usage(f"--shard {self} makes no sense: there are only {len(whole)} {what}")
        return list(whole[self.index - 1 :: self.count])


def shard(text: str) -> Shard:
    """Raises Usage."""
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise Usage(f"--shard {text!r} is no part: write I/N with I from 1 to N, as 2/4")
    return Shard(int(found[1]), int(found[2]))


def add_option(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--shard", default="1/1", metavar="I/N", help="the I-th of N parts; merge joins"
    )
