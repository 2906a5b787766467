"""`python -m scenarios seek --from FILE...`: ways to what these files do not cover, for `coverage/ways.txt`.

Each way that it finds is a line on stdout; what became of the search, and what it stumbled upon, is on stderr.
Exit 0; 1: a run on the way violates an invariant; 2: bad usage.
"""

import argparse
import sys

from scenarios.coverage import files, seen
from scenarios.coverage.denominator import INVARIANT, items
from scenarios.coverage.exceptions import load
from scenarios.replay_ids import find_single
from scenarios.seeking import TRIES, Seeker
from scenarios.stories.all_stories import STORIES

HELP = "ways to what is not covered yet: more faults and deaths in one run; many minutes"


def add_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("stories", nargs="*", metavar="STORY", help="all by default")
    one.add_argument("--from", nargs="+", required=True, dest="files", metavar="FILE")
    one.add_argument("--tries", type=int, default=TRIES, metavar="N", help="a name")


def run(options: argparse.Namespace) -> int:
    """The exit code. Raises Usage."""
    asked = [find_single(name) for name in options.stories] or STORIES
    seeker = Seeker(_missing(options.files), options.tries)
    missing = len(seeker.left)
    seen.ask()
    for story in asked:
        before = len(seeker.ways)
        seeker.seek(story.name)
        sys.stdout.writelines(f"{way}\n" for way in seeker.ways[before:])
        sys.stdout.flush()
        sys.stderr.write(f"{story.name}: {missing - len(seeker.left)} of {missing} found\n")
    for way, invariant, what in seeker.violations:
        sys.stderr.write(f"VIOLATION {invariant}: {way}: {what}\n")
    return 1 if seeker.violations else 0


def _missing(paths: list[str]) -> set[str]:
    """Neither covered nor excepted."""
    covered, exempt = files.read(paths).covered, load()
    return {
        item.name
        for item in items().values()
        if item.kind != INVARIANT
        and item.name not in covered
        and not any(one.has(item.name) for one in exempt)
    }
