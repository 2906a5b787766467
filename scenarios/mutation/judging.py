"""One mutant, judged: by the simulator for a moment, by the tests that come to its line, by the simulator for long.

Cheapest first, and the first find ends it. Who noticed is told apart: the oracle, an exception in the core (or
that it hangs), a unit test. An exception is no find of the oracle: any program that runs the line would have it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from scenarios.mutation.mutants import Mutant
from scenarios.mutation.reach import ROOT, Reach
from scenarios.mutation.tree import Tree
from scenarios.mutation.trial import Verdict

#: A processor is shared: in the clock's time a mutant may take so many times its processor's time.
SHARED = 20.0
#: The part of the simulator's time that is spent before any test.
MOMENT = 0.25
#: Exit codes of pytest: a test failed, and so did the collection of one.
_FAILED = (1, 2)
TESTS_SECONDS = 600.0
#: Seconds for one test: none takes so long with nothing changed.
TEST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Judged:
    """`seconds`: of the clock, all in all."""

    mutant: Mutant
    verdict: Verdict
    seconds: float


def judge(mutant: Mutant, tree: Tree, reach: Reach, limit: float) -> Judged:
    """`limit`: seconds of a processor for the simulator."""
    began = monotonic()
    changed = mutant.applied(Path(ROOT, mutant.file).read_bytes())
    verdict = Verdict("")
    with tree.changed(mutant.file, changed):
        for judged in _judges(mutant, tree, reach, limit):
            verdict = judged
            if verdict.by:
                break
    return Judged(mutant, verdict, monotonic() - began)


def _judges(mutant: Mutant, tree: Tree, reach: Reach, limit: float) -> Iterator[Verdict]:
    stories, tests = reach.stories_of(mutant), reach.tests_of(mutant)
    if stories:
        yield _simulated(tree, stories, limit * MOMENT, "--briefly")
    if tests:
        yield _tested(mutant, tree, [*tests, *_left_out(reach)])
    if stories:
        yield _simulated(tree, stories, limit)


def _left_out(reach: Reach) -> list[str]:
    return [f"--deselect={test}" for test in reach.failing()]


def _simulated(tree: Tree, stories: Sequence[str], limit: float, *words: str) -> Verdict:
    done = tree.simulated(*stories, f"--limit={limit}", *words, seconds=limit * SHARED)
    if done.returncode < 0:
        return Verdict("hang", f"it was ended, by signal {-done.returncode}", limit)
    if done.returncode:
        return Verdict("exception", (done.stderr.strip().splitlines() or [""])[-1])
    return Verdict(**json.loads(done.stdout))


def _tested(mutant: Mutant, tree: Tree, words: Sequence[str]) -> Verdict:
    done = tree.tested("-x", f"--timeout={TEST_SECONDS}", *words, seconds=TESTS_SECONDS)
    if done.returncode in _FAILED or done.returncode < 0:
        return Verdict("test", _first_failure(done.stdout))
    if done.returncode:
        raise RuntimeError(f"{mutant.name}: pytest ended with {done.returncode}: {done.stdout}")
    return Verdict("")


def _first_failure(text: str) -> str:
    words = ("FAILED ", "ERROR ")
    return next((line for line in text.splitlines() if line.startswith(words)), "it did not end")
