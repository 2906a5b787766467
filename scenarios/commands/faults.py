"""`python -m scenarios faults`: each story with one fault, at each of its steps and commits."""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from time import monotonic

from scenarios import worker
from scenarios.commands.swarm import Senseless
from scenarios.replay_ids import find_single
from scenarios.single_faults import each
from scenarios.stories.all_stories import STORIES

HELP = "one fault in a story, at each of its steps and commits"

#: (story, how many faults, what was violated by which of them).
Found = tuple[str, int, list[tuple[str, str, str]]]


def add_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("stories", nargs="*", metavar="STORY", help="all by default")
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")


def run(options: argparse.Namespace) -> int:
    """The exit code. Raises Senseless."""
    if options.jobs < 1:
        raise Senseless(f"--jobs {options.jobs} makes no sense: give 1 or more")
    names = [find_single(name).name for name in options.stories] or [one.name for one in STORIES]
    began, faults, violations = monotonic(), 0, 0
    with ProcessPoolExecutor(options.jobs, initializer=worker.begin) as pool:
        try:
            for found in pool.map(explored, names):
                faults, violations = faults + found[1], violations + len(found[2])
                _tell(found)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            sys.stderr.write("stopped; this is the result so far\n")
    seconds = monotonic() - began
    sys.stdout.write(f"{faults} faults in {seconds:.1f} s, {violations} violations\n")
    return 1 if violations else 0


def explored(name: str) -> Found:
    faults, violations = 0, list[tuple[str, str, str]]()
    for fault, result in each(find_single(name)):
        faults += 1
        if result.violation:
            violations.append((fault, *result.violation))
    return name, faults, violations


def _tell(found: Found) -> None:
    name, faults, violations = found
    sys.stdout.write(f"{name:20} {faults:4} faults, {len(violations)} violations\n")
    for fault, invariant, what in violations:
        sys.stdout.write(f"VIOLATION {invariant}: {name}, {fault}: {what}\n")
