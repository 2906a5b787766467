"""What a mutant is: one small change of one file's text, and its name; and which of them are tried.

A name holds no line number, so that it stays while the code around it moves: proofs are kept by it. A
sample depends on names and seed alone: after a change of the code most of it is as before.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import Final

#: (stratum, its share of a sample, its files). `*` crosses directories; the first that fits holds.
STRATA: Final = (
    ("recipes", 0.20, ("conman/core/effects/recipes*.py", "conman/shim/recipes.py")),
    ("shim", 0.10, ("conman/shim/machine.py", "conman/shim/words.py", "conman/shim/execs.py")),
    ("core", 0.40, ("conman/core/*.py",)),
    ("host", 0.15, ("conman/host/*.py",)),
    ("adapter", 0.15, ("conman/api/*.py",)),
)
#: What the simulator cannot judge: the words of config.json are for unit tests alone.
LEFT_OUT: Final = ("conman/core/bundle/*.py",)
#: Names are for people: no text in them is longer.
LONGEST: Final = 90


@dataclass(frozen=True, slots=True)
class Mutant:
    """`file`'s bytes from `start` to `end` become `after`. `lines`: first and last, from 1; who passes none of them never comes there.

    `function`: its qualified name, "" for what is done when the module is loaded. `number`: which one of
    those that are else named alike, from 1.
    """

    file: str
    function: str
    operator: str
    lines: tuple[int, int]
    start: int
    end: int
    before: str
    after: str
    number: int = 1

    @property
    def name(self) -> str:
        which = f" #{self.number}" if self.number > 1 else ""
        place = f"{self.file}:{self.function}" if self.function else self.file
        return f"{place} {self.operator}: {short(self.before)} => {short(self.after)}{which}"

    @property
    def stratum(self) -> str:
        return stratum(self.file)

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.after.encode() + source[self.end :]


def short(text: str) -> str:
    """On one line, and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 4]} ..."


def stratum(file: str) -> str:
    """Empty for a file of none."""
    if any(fnmatchcase(file, glob) for glob in LEFT_OUT):
        return ""
    for name, _, globs in STRATA:
        if any(fnmatchcase(file, glob) for glob in globs):
            return name
    return ""


def sample(
    mutants: Sequence[Mutant], seed: int, count: int, *, by_stratum: bool = True
) -> list[Mutant]:
    """`count` of them; where a stratum has too few for its share, all of those."""
    if not by_stratum:
        return _drawn(mutants, seed, count)
    drawn: list[Mutant] = []
    for name, share, _ in STRATA:
        held = [one for one in mutants if one.stratum == name]
        drawn += _drawn(held, seed, round(count * share))
    # By another lot than they were drawn by, so that the first part of them is a sample, too.
    return sorted(drawn, key=lambda one: _lot(-1 - seed, one))


def _drawn(mutants: Sequence[Mutant], seed: int, count: int) -> list[Mutant]:
    """Of each operator alike: there are many ways to swap arguments, and few to forget an await."""
    places = Counter[str]()
    order: list[tuple[int, Mutant]] = []
    for one in sorted(mutants, key=lambda one: _lot(seed, one)):
        order.append((places[one.operator], one))
        places[one.operator] += 1
    return [one for _, one in sorted(order, key=lambda placed: placed[0])][:count]


def _lot(seed: int, mutant: Mutant) -> bytes:
    return blake2b(f"{seed} {mutant.name}".encode(), digest_size=8).digest()
