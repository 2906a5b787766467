"""A swarm run with some of its choices made otherwise: what a long one is shrunk to.

    deaths=1;faults#2=0;next>40=0

The first choice named `deaths` is 1, the second named `faults` is 0, every one named `next` after the 40th
is 0. Any other is what the seed gave that name at that place, and 0 beyond: the plainest. So what is taken
out does not shift what is left.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from scenarios.choices import Choices, Made
from scenarios.usage import Usage


@dataclass(frozen=True, slots=True)
class Edit:
    """`place`: from 1; `onwards`: every one after it."""

    name: str
    place: int
    value: int
    onwards: bool = False

    def __str__(self) -> str:
        where = f">{self.place}" if self.onwards else "" if self.place == 1 else f"#{self.place}"
        return f"{self.name}{where}={self.value}"


Edits = tuple[Edit, ...]


def read(text: str) -> Edits:
    """Raises Usage."""
    return tuple(_edit(word) for word in text.split(";")) if text else ()


def write(edits: Edits) -> str:
    return ";".join(map(str, edits))


def _edit(word: str) -> Edit:
    found = re.fullmatch(r"([a-z-]+)(?:([#>])(\d{1,6}))?=(\d{1,9})", word)
    if found is None:
        raise Usage(f"--but {word!r} is no choice: write NAME=N, NAME#2=N or NAME>2=N")
    return Edit(found[1], int(found[3] or 1), int(found[4]), onwards=found[2] == ">")


class Edited(Choices):
    """What a seed gave (`made`), but for the edits."""

    def __init__(self, made: Iterable[Made], edits: Edits) -> None:
        super().__init__(0)
        self._given: dict[str, list[int]] = {}
        for name, value in made:
            self._given.setdefault(name, []).append(value)
        self._edits = edits
        self._places = Counter[str]()

    def _give(self, name: str, bound: int) -> int:
        self._places[name] += 1
        place, given = self._places[name], self._given.get(name, ())
        value = given[place - 1] if place <= len(given) else 0
        for edit in self._edits:
            if edit.name == name and (edit.place < place if edit.onwards else edit.place == place):
                value = edit.value
        return min(value, bound - 1)
