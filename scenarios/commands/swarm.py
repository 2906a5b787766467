"""`python -m scenarios swarm`: many seeds, over all processors, or one again with its trace.

Seeds are handed out in small lots, so that ^C and a budget end it soon, with the result so far. The first
seed is 0 unless said otherwise: the same command tries the same runs everywhere.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from time import monotonic
from typing import Any

from scenarios import edits, outcomes, shards, swarm, worker
from scenarios.budgets import ENDLESS, Budget, budget
from scenarios.commands import one_seed
from scenarios.commands.replay import Page
from scenarios.coverage import files, seen
from scenarios.coverage.measured import SWARM, Measured
from scenarios.outcomes import Outcome, Result
from scenarios.progress import Ticker
from scenarios.shards import Shard, shard
from scenarios.swarm_shrinking import shrunk
from scenarios.tally import taken
from scenarios.usage import Usage
from scenarios.violation import SENTENCES

LOT = 20
#: Without --seeds and --budget.
SEEDS = 2_000


@dataclass(slots=True)
class Sum:
    """What some seeds came to together. `violations`: (seed, invariant, what)."""

    runs: int = 0
    lives: int = 0
    events: int = 0
    calls: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])
    violations: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    measured: Measured = field(default_factory=Measured)

    def add(self, other: "Sum") -> None:
        self.runs += other.runs
        self.lives += other.lives
        self.events += other.events
        self.calls += other.calls
        self.faults += other.faults
        self.violations += other.violations
        self.measured.join(other.measured)

    @staticmethod
    def of(results: Iterable[Result]) -> "Sum":
        """Of a report's results."""
        total = Sum()
        for one in results:
            fields: dict[str, Any] = {**one, "faults": Counter(one["faults"])}
            fields["violations"] = [
                (seed, broken, what) for seed, broken, what in one["violations"]
            ]
            total.add(Sum(**fields))
        return total

    def as_result(self) -> Result:
        fields = asdict(replace(self, measured=Measured())) | {"faults": dict(self.faults)}
        del fields["measured"]
        return fields

    def told(self, seconds: float) -> str:
        faults = ", ".join(f"{n} {kind}" for kind, n in sorted(self.faults.items()))
        return (
            f"swarm: {self.runs} runs, {self.runs / max(seconds, 1e-3):.0f} a second, "
            f"{self.lives} lives of a daemon, {self.events} events, {self.calls} calls, "
            f"{len(self.violations)} violations in {seconds:.1f} s\nfaults: {faults or 'none'}\n"
        )


HELP = "several clients, orders of events and faults, drawn by seeds"


def add_options(one: argparse.ArgumentParser) -> None:
    much = one.add_mutually_exclusive_group()
    much.add_argument("--seeds", type=int, metavar="N", help=f"how many; {SEEDS} by default")
    much.add_argument("--budget", default="", metavar="MUCH", help="60s, 5m, or a number, as 1e6")
    much.add_argument("--seed", type=int, metavar="S", help="this one again, with its trace")
    one.add_argument("--but", default="", metavar="CHOICES", help="of --seed: with these others")
    one.add_argument("--html", default="", metavar="FILE", help="a violation as a page")
    one.add_argument("--first", type=int, default=0, metavar="S", help="the first seed; 0")
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    files.add_option(one)
    shards.add_option(one)
    outcomes.add_option(one)


def run(options: argparse.Namespace) -> int:
    """The exit code. Raises Usage."""
    for name, least in (("seeds", 1), ("jobs", 1), ("first", 0), ("seed", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise Usage(f"--{name} {value} makes no sense: give {least} or more")
    page = Page(options.html)
    if options.seed is not None:
        return one_seed.run(options.seed, edits.read(options.but), page)
    if options.but:
        raise Usage("--but is of one run: say which with --seed")
    if options.html and options.json == "-":
        raise Usage("--html shows the run that --json - leaves out: give one of them, or a file")
    outcomes.check(options.json)
    files.check(options.coverage)
    if options.coverage:
        seen.ask()
    outcome = _outcome(options, _seeds(options), shard(options.shard))
    outcomes.write(outcome, options.json)
    if options.json != "-":
        tell(outcome)
        _show(outcome, page)
    if is_broken(outcome):
        return 1
    return 130 if outcome.is_stopped else 0


def _show(outcome: Outcome, page: Page) -> None:
    """The first violation, shrunk."""
    for seed, invariant, _ in sorted(Sum.of(outcome.results).violations)[:1]:
        sys.stdout.flush()
        one_seed.run(seed, shrunk(seed, invariant), page)


def _seeds(options: argparse.Namespace) -> Budget:
    much = budget(options.budget)
    return much if options.budget else Budget(runs=options.seeds or SEEDS)


def _outcome(options: argparse.Namespace, much: Budget, part: Shard) -> Outcome:
    began, pool = monotonic(), _Pool(options.jobs, much, part)
    total = pool.run(_lots(options.first, much.runs, part))
    terms = {"first": options.first, "budget": [str(much.seconds), str(much.runs)]}
    seconds = monotonic() - began
    outcome = Outcome("swarm", terms, part, [total.as_result()], seconds, pool.is_stopped)
    files.write(options.coverage, outcome, total.measured)
    return outcome


def tell(outcome: Outcome) -> None:
    """To a person, on stdout."""
    total = Sum.of(outcome.results)
    sys.stdout.write(total.told(outcome.seconds))
    for seed, invariant, what in sorted(total.violations):
        sys.stdout.write(f"VIOLATION {invariant} ({SENTENCES.get(invariant, '')}): {what}\n")
        sys.stdout.write(f"again: python -m scenarios swarm --seed {seed}\n")


def is_broken(outcome: Outcome) -> bool:
    return bool(Sum.of(outcome.results).violations)


def _lots(first: int, seeds: float, part: Shard) -> Iterator[range]:
    """Without end where `seeds` is ENDLESS. Raises Usage where this part would have none."""
    if seeds < ENDLESS:
        part.of(range(first, first + int(seeds), LOT), f"lots of {LOT} seeds")
    for number, start in enumerate(count(first, LOT)):
        if start >= first + seeds:
            return
        if part.has(number):
            yield range(start, int(min(start + LOT, first + seeds)))


class _Pool:
    """Many processes, each with a lot at a time, until no lot is left, the time is over, or ^C."""

    def __init__(self, jobs: int, much: Budget, part: Shard) -> None:
        self.is_stopped = False
        self._jobs, self._total = jobs, Sum()
        self._began = monotonic()
        self._deadline, self._runs = self._began + much.seconds, much.runs / part.count
        self._ticker = Ticker(sys.stderr, every=10.0)

    def run(self, lots: Iterator[range]) -> Sum:
        with ProcessPoolExecutor(self._jobs, initializer=worker.begin) as pool:
            try:
                self._run(pool, lots)
            except KeyboardInterrupt:
                self.is_stopped = True
                pool.shutdown(wait=False, cancel_futures=True)
                sys.stderr.write("\nstopped; this is the result so far\n")
        self._ticker.clear()
        return self._total

    def _run(self, pool: ProcessPoolExecutor, lots: Iterator[range]) -> None:
        flying: set[Future[Sum]] = set()
        while True:
            while len(flying) < self._jobs * 2 and monotonic() < self._deadline:
                lot = next(lots, None)
                if lot is None:
                    break
                flying.add(pool.submit(_one_lot, lot))
            if not flying:
                return
            done, flying = wait(flying, return_when=FIRST_COMPLETED)
            for future in done:
                self._total.add(future.result())
            self._ticker.says(self._so_far())

    def _so_far(self) -> str:
        total, seconds = self._total, monotonic() - self._began
        rate = total.runs / max(seconds, 1e-3)
        left = min(self._deadline - monotonic(), (self._runs - total.runs) / max(rate, 1e-3))
        return (
            f"swarm: {total.runs} runs, {rate:.0f} a second, {len(total.violations)} violations, "
            f"{seconds:.0f} s, {max(left, 0):.0f} s left"
        )


def _one_lot(seeds: range) -> Sum:
    total = Sum()
    for seed in seeds:
        one = _told_by(seed)
        broken = [(seed, *one.violation)] if one.violation else []
        total.add(Sum(1, one.lives, one.events, one.calls, one.faults, broken))
        if not broken:
            total.measured.add(SWARM, one.passed | one.passed_last, one.died_at)
    total.measured.count(SWARM, taken())
    return total


def _told_by(seed: int) -> swarm.Result:
    try:
        return swarm.run(seed)
    except Exception as bug:
        bug.add_note(f"again: python -m scenarios swarm --seed {seed}")
        raise
