"""`python -m scenarios faults`: each story with one fault, at each of its steps and commits.

With `--coverage` it goes the ways of `coverage/ways.txt`, too: more faults and deaths in one run.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from time import monotonic

from scenarios import outcomes, shards, worker
from scenarios.aimed import go
from scenarios.coverage import files, seen, ways
from scenarios.coverage.measured import FAULTS, Measured
from scenarios.outcomes import Outcome, Result
from scenarios.parallel import longest_first
from scenarios.replay_ids import find_single
from scenarios.shards import shard
from scenarios.single_faults import each
from scenarios.stories.all_stories import STORIES
from scenarios.tally import taken
from scenarios.usage import Usage

HELP = "one fault in a story, at each of its steps and commits"

#: (story, how many faults, what was violated by which of them, what they covered).
Found = tuple[str, int, list[tuple[str, str, str]], Measured]


def add_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("stories", nargs="*", metavar="STORY", help="all by default")
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    shards.add_option(one)
    outcomes.add_option(one)
    files.add_option(one)


def run(options: argparse.Namespace) -> int:
    """The exit code. Raises Usage."""
    if options.jobs < 1:
        raise Usage(f"--jobs {options.jobs} makes no sense: give 1 or more")
    outcomes.check(options.json)
    files.check(options.coverage)
    outcome = _outcome(options)
    outcomes.write(outcome, options.json)
    if options.json != "-":
        _total(outcome)
    if is_broken(outcome):
        return 1
    return 130 if outcome.is_stopped else 0


def _outcome(options: argparse.Namespace) -> Outcome:
    asked = longest_first([find_single(name) for name in options.stories] or STORIES)
    part, began, is_stopped = shard(options.shard), monotonic(), False
    names = [one.name for one in part.of(asked, "stories")]
    if options.coverage:
        seen.ask()
    results, measured = list[Result](), Measured()
    with ProcessPoolExecutor(options.jobs, initializer=worker.begin) as pool:
        try:
            for found in pool.map(explored, names):
                results.append(_result(found))
                measured.join(found[3])
                if options.json != "-":
                    _tell(results[-1])
        except KeyboardInterrupt:
            is_stopped = True
            pool.shutdown(wait=False, cancel_futures=True)
            sys.stderr.write("stopped; this is the result so far\n")
    terms = {"stories": [one.name for one in asked]}
    outcome = Outcome("faults", terms, part, results, monotonic() - began, is_stopped)
    files.write(options.coverage, outcome, measured)
    return outcome


def explored(name: str) -> Found:
    faults, violations, measured = 0, list[tuple[str, str, str]](), Measured()
    further = ((str(way), go(way)) for way in ways.of(name)) if seen.is_asked() else ()
    for fault, result in chain(each(find_single(name)), further):
        faults += 1
        if result.violation:
            violations.append((fault, *result.violation))
        else:
            measured.add(FAULTS, result.passed | result.passed_last, result.died_at)
    measured.count(FAULTS, taken())
    return name, faults, violations, measured


def _result(found: Found) -> Result:
    name, faults, violations, _ = found
    return {"story": name, "faults": faults, "violations": violations}


def tell(outcome: Outcome) -> None:
    """To a person, on stdout."""
    for result in outcome.results:
        _tell(result)
    _total(outcome)


def is_broken(outcome: Outcome) -> bool:
    return any(result["violations"] for result in outcome.results)


def _tell(found: Result) -> None:
    name, violations = found["story"], found["violations"]
    sys.stdout.write(f"{name:20} {found['faults']:4} faults, {len(violations)} violations\n")
    for fault, invariant, what in violations:
        sys.stdout.write(f"VIOLATION {invariant}: {name}, {fault}: {what}\n")
    sys.stdout.flush()


def _total(outcome: Outcome) -> None:
    faults = sum(result["faults"] for result in outcome.results)
    violations = sum(len(result["violations"]) for result in outcome.results)
    sys.stdout.write(f"{faults} faults in {outcome.seconds:.1f} s, {violations} violations\n")
