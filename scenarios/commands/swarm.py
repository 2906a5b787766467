"""`python -m scenarios swarm`: many seeds, over all processors, or one again with its trace.

Seeds are handed out in small lots, so that ^C and a budget end it soon, with the result so far. The first
seed is 0 unless said otherwise: the same command tries the same runs everywhere.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import count
from time import monotonic

from scenarios import swarm, worker
from scenarios.violation import SENTENCES

LOT = 20
#: Without --seeds and --budget.
SEEDS = 2_000


class Senseless(Exception):
    """Bad words on the command line, in one sentence."""


@dataclass(slots=True)
class Sum:
    """What some seeds came to together. `violations`: (seed, invariant, what)."""

    runs: int = 0
    lives: int = 0
    events: int = 0
    calls: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])
    violations: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])

    def add(self, other: "Sum") -> None:
        self.runs += other.runs
        self.lives += other.lives
        self.events += other.events
        self.calls += other.calls
        self.faults += other.faults
        self.violations += other.violations

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
    much.add_argument("--budget", default="", metavar="TIME", help="as many as fit: 60s, 5m")
    much.add_argument("--seed", type=int, metavar="S", help="this one again, with its trace")
    one.add_argument("--first", type=int, default=0, metavar="S", help="the first seed; 0")
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")


def run(options: argparse.Namespace, seconds_of: Callable[[str], float]) -> int:
    """The exit code. Raises Senseless."""
    if options.seed is not None:
        return _again(options.seed)
    for name, least in (("seeds", 1), ("jobs", 1), ("first", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise Senseless(f"--{name} {value} makes no sense: give {least} or more")
    budget = seconds_of(options.budget)
    seeds = options.seeds or (0 if options.budget else SEEDS)
    began = monotonic()
    total = _swarm(_lots(options.first, seeds), options.jobs, began + budget)
    sys.stdout.write(total.told(monotonic() - began))
    for seed, invariant, what in sorted(total.violations):
        sys.stdout.write(f"VIOLATION {invariant} ({SENTENCES.get(invariant, '')}): {what}\n")
        sys.stdout.write(f"again: python -m scenarios swarm --seed {seed}\n")
    return 1 if total.violations else 0


def _lots(first: int, seeds: int) -> Iterator[range]:
    """Without end where `seeds` is 0."""
    for start in count(first, LOT):
        if seeds and start >= first + seeds:
            return
        yield range(start, min(start + LOT, first + seeds) if seeds else start + LOT)


def _swarm(lots: Iterator[range], jobs: int, deadline: float) -> Sum:
    """Until no lot is left, the deadline, or ^C."""
    total, began = Sum(), monotonic()
    with ProcessPoolExecutor(jobs, initializer=worker.begin) as pool:
        flying: set[Future[Sum]] = set()
        try:
            while True:
                while len(flying) < jobs * 2 and monotonic() < deadline:
                    lot = next(lots, None)
                    if lot is None:
                        break
                    flying.add(pool.submit(_one_lot, lot))
                if not flying:
                    break
                done, flying = wait(flying, return_when=FIRST_COMPLETED)
                for future in done:
                    total.add(future.result())
                _progress(total, monotonic() - began)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            sys.stderr.write("\nstopped; this is the result so far\n")
    return total


def _one_lot(seeds: range) -> Sum:
    total = Sum()
    for seed in seeds:
        one = _told_by(seed)
        broken = [(seed, *one.violation)] if one.violation else []
        total.add(Sum(1, one.lives, one.events, one.calls, one.faults, broken))
    return total


def _told_by(seed: int) -> swarm.Result:
    try:
        return swarm.run(seed)
    except Exception as bug:
        bug.add_note(f"again: python -m scenarios swarm --seed {seed}")
        raise


def _progress(total: Sum, seconds: float) -> None:
    if sys.stderr.isatty():
        rate = total.runs / max(seconds, 1e-3)
        line = f"{total.runs} runs, {rate:.0f} a second, {len(total.violations)} violations"
        sys.stderr.write(f"\r{line}\x1b[K")


def _line(actor: str, what: str, outcome: str) -> None:
    line = f"---- {what}" if actor == "CHOICE" else f"  {actor:8} {what:46} {outcome}".rstrip()
    sys.stdout.write(f"{line}\n")


def _again(seed: int) -> int:
    result = swarm.run(seed, on_line=_line)
    if result.violation is None:
        sys.stdout.write("no violation\n")
        return 0
    invariant, what = result.violation
    sys.stdout.write(f"VIOLATION {invariant} ({SENTENCES.get(invariant, '')}): {what}\n")
    return 1
