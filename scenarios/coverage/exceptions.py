"""What need not be covered, each with its reason: the one list is `exceptions.toml`.

An entry says how many names it excuses, and none of them is covered. So the list never grows unseen: a new await
that an entry would excuse too is one too many, and one that is covered by now is an error. That an entry comes
anew, or excuses more, wants a decision record.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

LIST = Path(__file__).with_name("exceptions.toml")


@dataclass(frozen=True, slots=True)
class Exempt:
    """`names`: patterns, `*` for anything. `count`: of so many names."""

    names: tuple[str, ...]
    count: int
    reason: str

    def has(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.names)

    def __str__(self) -> str:
        return ", ".join(self.names)


def load(path: Path = LIST) -> tuple[Exempt, ...]:
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["exempt"]
    return tuple(Exempt(tuple(one["names"]), one["count"], one["reason"]) for one in entries)


def complaints(
    exempt: Sequence[Exempt], names: Sequence[str], missing: Sequence[str]
) -> Iterator[str]:
    """What is wrong with the list. `names`: all there are; `missing`: those that nothing covers."""
    uncovered = {*missing}
    for one in exempt:
        excused = [name for name in names if one.has(name)]
        for pattern in one.names:
            if not any(fnmatchcase(name, pattern) for name in names):
                yield f"{pattern!r} names nothing that exists: remove it"
        for name in excused:
            if name not in uncovered:
                yield f"{name} is covered, and excepted by {one}: take it out"
        if len(excused) != one.count:
            yield f"{one} excepts {len(excused)} names, and says {one.count}: are these all meant?"
