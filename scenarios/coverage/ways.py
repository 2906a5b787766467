"""Ways to what no exploration comes to: runs with more than one fault or death, found once by `seek`.

The list is `ways.txt`, one a line. `faults` goes each of them, and what it covers is measured then: the list
claims nothing. A way that leads nowhere any more covers nothing.
"""

from functools import cache
from pathlib import Path

from scenarios.aimed import Way, way

LIST = Path(__file__).with_name("ways.txt")


@cache
def load(path: Path = LIST) -> tuple[Way, ...]:
    """Raises aimed.Unreadable."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(way(line) for line in lines if line and not line.startswith("#"))


def of(story: str) -> tuple[Way, ...]:
    return tuple(one for one in load() if one.story == story)
