"""`python -m scenarios mutate`: conman changed in small ways, one at a time; who notices?

A simulator that lets a changed core pass has a hole, and so have tests. Exit 0: the table is there,
whatever it says; 130: ^C, the result so far.
"""

import argparse
import os
import queue
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from time import monotonic

from scenarios import outcomes, shards
from scenarios.mutation import sofar, table
from scenarios.mutation.judging import Judged, judge
from scenarios.mutation.mutants import Mutant, sample, stratum
from scenarios.mutation.operators import mutants, neighbours
from scenarios.mutation.proofs import proofs
from scenarios.mutation.reach import ROOT, Reach, reach, tests_digest
from scenarios.mutation.sofar import SoFar
from scenarios.mutation.tree import Tree, trees
from scenarios.outcomes import Outcome
from scenarios.shards import shard
from scenarios.usage import Usage

HELP = "small changes of conman, one at a time: who notices"
COUNT = 300
#: Seconds of a processor that the simulator has for one mutant.
LIMIT = 60.0
_EFFECTS = ("conman/core/effects/vocabulary.py", "conman/core/effects/changes.py")


def add_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--count", type=int, default=COUNT, metavar="N", help=f"how many; {COUNT}")
    one.add_argument("--seed", type=int, default=0, metavar="S", help="which ones; 0")
    one.add_argument("--only", default="", metavar="FILE", help="of this file or mutant alone")
    again = "what survived in a report of --json, and no others: its table, with them judged anew"
    one.add_argument("--again", default="", metavar="FILE", help=again)
    one.add_argument(
        "--limit", type=float, default=LIMIT, metavar="S", help="simulated so long; 60"
    )
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    shards.add_option(one)
    kept = "a report, whole after each mutant: the same command goes on there; -: to stdout"
    one.add_argument("--json", default="", metavar="FILE", help=kept)


def run(options: argparse.Namespace) -> int:
    """The exit code. Raises Usage."""
    _check(options)
    every = all_mutants()
    so_far, chosen = _begun(every, options)
    known = {one.mutant.name for one in so_far.judged}
    left = [one for one in chosen if one.name not in known]
    # However it is ended, nothing may be left: a copy, a cgroup, a process.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    stopped = _met(left, so_far, options) if left else False
    so_far.write(is_stopped=stopped)
    if options.json != "-":
        tell(so_far.outcome(is_stopped=stopped))
    return 130 if stopped else 0


def tell(outcome: Outcome) -> None:
    """Every survivor, and the table; of those that are mutants still."""
    every = all_mutants()
    judged = sofar.of_results(outcome.results, every)
    proven = proofs(every)
    sys.stdout.writelines(table.survivors(judged, proven))
    sys.stdout.writelines(table.table(judged))
    sys.stdout.write(table.total(judged, proven, outcome.seconds))


def is_broken(_outcome: Outcome) -> bool:
    """A survivor is work to do, and no failure."""
    return False


def all_mutants() -> list[Mutant]:
    """Of every file that has a stratum."""
    alike = neighbours([Path(ROOT, file).read_bytes() for file in _EFFECTS])
    found: list[Mutant] = []
    for path in sorted((ROOT / "conman").rglob("*.py")):
        file = str(path.relative_to(ROOT))
        if stratum(file):
            found += mutants(file, path.read_bytes(), alike)
    return found


def _check(options: argparse.Namespace) -> None:
    for name in ("count", "jobs", "limit"):
        if getattr(options, name) < 1:
            raise Usage(f"--{name} {getattr(options, name)} makes no sense: give 1 or more")
    if options.json and options.json == options.again:
        raise Usage(f"--json {options.json} is what is to be --again: name another file")
    _ = shard(options.shard)
    outcomes.check(options.json)


def _begun(every: list[Mutant], options: argparse.Namespace) -> tuple[SoFar, list[Mutant]]:
    """With what is known by now, and all that is to be judged."""
    proven, own = proofs(every), {"limit": options.limit, "tests": tests_digest()}
    if options.again:
        before, stays, chosen = sofar.survivors_of(options.again, every, proven)
        so_far = SoFar(options.json, {**before.terms, **own}, before.shard, proven)
        so_far.take_up(every)
        so_far.judged = so_far.judged or stays
        return so_far, chosen
    asked = {name: getattr(options, name) for name in ("count", "seed", "only")}
    so_far = SoFar(options.json, asked | own, shard(options.shard), proven)
    so_far.take_up(every)
    return so_far, _chosen(every, options)


def _chosen(every: list[Mutant], options: argparse.Namespace) -> list[Mutant]:
    only = [one for one in every if options.only in {"", one.file, one.name}]
    if not only:
        raise Usage(
            f"--only {options.only}: nothing of it is changed; give a file of conman/core, shim, host "
            "or api, as conman/core/turns.py, or the name of a mutant"
        )
    drawn = sample(only, options.seed, options.count, by_stratum=not options.only)
    return shard(options.shard).of(drawn, "mutants")


def _met(chosen: Sequence[Mutant], so_far: SoFar, options: argparse.Namespace) -> bool:
    """Whether it was stopped."""
    began, before, known = monotonic(), so_far.seconds, len(so_far.judged)
    with trees(min(options.jobs, len(chosen))) as places:
        try:
            for one in _judged(chosen, places, reach(places[0]), options.limit):
                so_far.seconds = before + monotonic() - began
                so_far.add(one)
                _tell(one, so_far.judged, known + len(chosen))
        except KeyboardInterrupt:
            sys.stderr.write("stopped: this is the result so far\n")
            return True
    return False


def _judged(
    chosen: Sequence[Mutant], places: list[Tree], known: Reach, limit: float
) -> Iterator[Judged]:
    free: queue.SimpleQueue[Tree] = queue.SimpleQueue()
    for place in places:
        free.put(place)

    def one(mutant: Mutant) -> Judged:
        place = free.get()
        try:
            return judge(mutant, place, known, limit)
        finally:
            free.put(place)

    pool = ThreadPoolExecutor(len(places))
    try:
        for done in as_completed([pool.submit(one, mutant) for mutant in chosen]):
            yield done.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for place in places:
            place.stop()
        pool.shutdown()


def _tell(one: Judged, judged: Sequence[Judged], count: int) -> None:
    word = f"killed by {one.verdict.by}" if one.verdict.by else "SURVIVED"
    survived = sum(not each.verdict.by for each in judged)
    sys.stderr.write(
        f"{len(judged)}/{count}, {survived} survived: {word} in {one.seconds:.0f} s: "
        f"{one.mutant.name}\n"
    )
