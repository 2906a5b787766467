"""`python -m scenarios mutate`: conman changed in small ways, one at a time; who notices?

A simulator that lets a changed core pass has a hole, and so have tests. Exit 0: the table is there,
whatever it says; 130: ^C, the result so far.
"""

import argparse
import json
import os
import queue
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from time import monotonic

from scenarios.mutation import table
from scenarios.mutation.judging import Judged, judge
from scenarios.mutation.mutants import Mutant, sample, stratum
from scenarios.mutation.operators import mutants, neighbours
from scenarios.mutation.proofs import proofs
from scenarios.mutation.reach import ROOT, Reach, reach
from scenarios.mutation.tree import Tree, trees
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
    one.add_argument(
        "--limit", type=float, default=LIMIT, metavar="S", help="simulated so long; 60"
    )
    one.add_argument("--shard", default="1/1", metavar="I/N", help="the I-th of N parts of them")
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    one.add_argument("--json", action="store_true", help="one JSON object a mutant")


def run(options: argparse.Namespace) -> int:
    """The exit code. Raises Usage."""
    began = monotonic()
    _check(options)
    _ = shard(options.shard)
    every = all_mutants()
    proven = proofs(every)
    chosen = _chosen(every, options)
    judged: list[Judged] = []
    # However it is ended, nothing may be left: a copy, a cgroup, a process.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with trees(min(options.jobs, len(chosen))) as places:
        stopped = False
        try:
            for one in _judged(chosen, places, reach(places[0]), options.limit):
                judged.append(one)
                _tell(one, judged, len(chosen), options, proven)
        except KeyboardInterrupt:
            stopped = True
            sys.stderr.write("stopped: this is the result so far\n")
    if not options.json:
        sys.stdout.writelines(table.survivors(judged, proven))
        sys.stdout.writelines(table.table(judged))
        sys.stdout.write(table.total(judged, proven, monotonic() - began))
    return 130 if stopped else 0


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


def _chosen(every: list[Mutant], options: argparse.Namespace) -> list[Mutant]:
    only = [one for one in every if options.only in {"", one.file, one.name}]
    if not only:
        raise Usage(
            f"--only {options.only}: nothing of it is changed; give a file of conman/core, shim, host "
            "or api, as conman/core/turns.py, or the name of a mutant"
        )
    drawn = sample(only, options.seed, options.count, by_stratum=not options.only)
    return shard(options.shard).of(drawn, "mutants")


def _judged(
    chosen: list[Mutant], places: list[Tree], known: Reach, limit: float
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


def _tell(
    one: Judged,
    judged: list[Judged],
    count: int,
    options: argparse.Namespace,
    proven: dict[str, str],
) -> None:
    if options.json:
        sys.stdout.write(json.dumps(table.fields(one, proven), sort_keys=True) + "\n")
        sys.stdout.flush()
    word = f"killed by {one.verdict.by}" if one.verdict.by else "SURVIVED"
    left = sum(not each.verdict.by for each in judged)
    sys.stderr.write(
        f"{len(judged)}/{count}, {left} survived: {word} in {one.seconds:.0f} s: {one.mutant.name}\n"
    )
