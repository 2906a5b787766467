"""One mutant, judged: by the simulator if that comes to its line, then by the tests that do.

Who noticed is told apart: the oracle, an exception in the core (or that it hangs), a unit test. An exception
is no find of the oracle: any program that runs the line would have it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from scenarios.mutation.mutants import Mutant
from scenarios.mutation.reach import ROOT, Reach
from scenarios.mutation.tree import Tree
from scenarios.mutation.trial import Verdict

#: A processor is shared: in the clock's time a mutant may take so many times its processor's time.
SHARED = 20.0
#: Exit codes of pytest: a test failed, and so did the collection of one.
_FAILED = (1, 2)
TESTS_SECONDS = 600.0


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
    with tree.changed(mutant.file, changed):
        verdict = _simulated(mutant, tree, reach, limit)
        if not verdict.by:
            verdict = _tested(mutant, tree, reach, verdict)
    return Judged(mutant, verdict, monotonic() - began)


def _simulated(mutant: Mutant, tree: Tree, reach: Reach, limit: float) -> Verdict:
    names = reach.stories_of(mutant)
    if not names:
        return Verdict("")
    done = tree.simulated(*names, f"--limit={limit}", seconds=limit * SHARED)
    if done.returncode < 0:
        return Verdict("hang", f"it was ended, by signal {-done.returncode}", limit)
    if done.returncode:
        return Verdict("exception", (done.stderr.strip().splitlines() or [""])[-1])
    return Verdict(**json.loads(done.stdout))


def _tested(mutant: Mutant, tree: Tree, reach: Reach, before: Verdict) -> Verdict:
    files = reach.files_of(mutant)
    if not files:
        return before
    left_out = (f"--deselect={test}" for test in reach.failing())
    done = tree.tested("-x", *left_out, *files, seconds=TESTS_SECONDS)
    if done.returncode in _FAILED or done.returncode < 0:
        return Verdict("test", _first_failure(done.stdout), before.seconds)
    if done.returncode:
        raise RuntimeError(f"{mutant.name}: pytest ended with {done.returncode}: {done.stdout}")
    return before


def _first_failure(text: str) -> str:
    words = ("FAILED ", "ERROR ")
    return next((line for line in text.splitlines() if line.startswith(words)), "it did not end")
