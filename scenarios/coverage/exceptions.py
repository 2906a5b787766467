"""What need not be covered, each with its reason: the one list is `exceptions.toml`.

An entry says how many points it excuses at most. So the list never grows unseen: a new await that nobody
covers is one too many, and an entry that excuses nothing any more is an error.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

LIST = Path(__file__).with_name("exceptions.toml")


@dataclass(frozen=True, slots=True)
class Exempt:
    """`names`: a pattern of names, `*` for anything. `at_most`: so many of them."""

    names: str
    at_most: int
    reason: str

    def has(self, name: str) -> bool:
        return fnmatchcase(name, self.names)


def load(path: Path = LIST) -> tuple[Exempt, ...]:
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["exempt"]
    return tuple(Exempt(one["names"], one["at_most"], one["reason"]) for one in entries)


def complaints(
    exempt: Sequence[Exempt], names: Sequence[str], missing: Sequence[str]
) -> Iterator[str]:
    """What is wrong with the list. `names`: all there are; `missing`: those that nothing covers."""
    for one in exempt:
        excused = [name for name in missing if one.has(name)]
        if not any(one.has(name) for name in names):
            yield f"{one.names!r} names nothing that exists: remove it"
        elif not excused:
            yield f"{one.names!r} is covered now: remove it"
        elif len(excused) > one.at_most:
            some = ", ".join(excused[:3])
            yield f"{one.names!r} excuses {len(excused)}, and at most {one.at_most} are granted: {some}"
