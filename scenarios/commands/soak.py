"""`python -m scenarios soak`: real clients, and everything killed at random for as long as is wanted.

Exit 0: all as told; 1: something was not: a folder tells all of it; 2: bad usage; 130: stopped by ^C, with the
result so far.
"""

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from scenarios import outcomes
from scenarios.budgets import seconds
from scenarios.commands.play import stop_as_interrupted
from scenarios.progress import Ticker
from scenarios.soak import together
from scenarios.soak.folder import write
from scenarios.soak.lives import Means
from scenarios.soak.soak import Soak, Terms
from scenarios.stages.all_stages import must_be_possible, must_count_calls, must_cut
from scenarios.usage import Usage
from scenarios.violation import Violation

HELP = "many clients on real processes, everything killed at random"
_STAGES = {"fakerunc": "fake", "runc": "runc"}
_SAID_EVERY_S = 10.0
_CLIENTS_AT_MOST = 64


def add_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--time", default="10m", metavar="TIME", help="how long: 30s, 10m, 2h; 10m")
    one.add_argument("--runtime", default="fakerunc", metavar="NAME", help="fakerunc, or runc")
    one.add_argument("--seed", type=int, default=None, metavar="N", help="drawn, and said")
    one.add_argument("--clients", type=int, default=4, metavar="N", help="at once; 4")
    jobs = "hosts at once, each with its clients; a core each"
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help=jobs)
    one.add_argument("--json", default="", metavar="FILE", help="the totals")
    where = "where a violation's folder is made; build/soak"
    one.add_argument("--report", default="build/soak", metavar="DIR", help=where)


def run(options: argparse.Namespace) -> int:
    """The exit code. Raises Usage."""
    terms = _terms(options)
    means, ticker = _means(_STAGES[terms.runtime]), Ticker(sys.stderr, every=_SAID_EVERY_S)
    stop_as_interrupted()
    soaks = list[Soak]()

    def rests() -> None:
        ticker.says(str(together.totals(terms, soaks)).partition("\n")[0])

    with ExitStack() as closing:
        closing.callback(ticker.clear)
        for seed in together.seeds(terms.seed, options.jobs):
            soaks.append(Soak(replace(terms, seed=seed), means, rests))
            closing.callback(soaks[-1].host.close)
        is_stopped = not _ran(options, terms, soaks)
    _total(options, terms, soaks, is_stopped=is_stopped)
    is_bad = any(one.totals.violations for one in soaks)
    return 1 if is_bad else 130 if is_stopped else 0


def _ran(options: argparse.Namespace, terms: Terms, soaks: list[Soak]) -> bool:
    """What was not as told is told. False: it was stopped."""
    with together.signals() as told:
        sys.stdout.write(f"seed {terms.seed} on {terms.runtime}, {options.jobs} hosts\n")
        sys.stdout.flush()
        found, is_stopped = together.run(soaks, told)
        for soak, violation in found:
            _tell(options, terms, soak, violation)
    if is_stopped:
        sys.stdout.write("stopped; this is the result so far\n")
    return not is_stopped


def _tell(options: argparse.Namespace, terms: Terms, soak: Soak, violation: Violation) -> None:
    soak.totals.violations.append(str(violation))
    again = (
        f"python -m scenarios soak --time {options.time} --runtime {terms.runtime}"
        f" --seed {terms.seed} --clients {terms.clients} --jobs {options.jobs}"
    )
    try:
        where = f"all of it: {write(Path(options.report), soak, violation, again)}"
    except OSError as error:
        where = f"no folder: {error}"
    sys.stdout.write(f"{violation}\n    {where}\n    again: {again}\n")


def _total(
    options: argparse.Namespace, terms: Terms, soaks: list[Soak], *, is_stopped: bool
) -> None:
    totals = together.totals(terms, soaks)
    totals.is_stopped = is_stopped
    sys.stdout.write(f"{totals}\n")
    if options.json:
        totals.write(options.json)


def _terms(options: argparse.Namespace) -> Terms:
    """Raises Usage."""
    if options.runtime not in _STAGES:
        raise Usage(f"--runtime {options.runtime!r}: take fakerunc or runc")
    if not 1 <= options.clients <= _CLIENTS_AT_MOST:
        raise Usage(f"--clients {options.clients} makes no sense: give 1 to {_CLIENTS_AT_MOST}")
    if options.jobs < 1:
        raise Usage(f"--jobs {options.jobs} makes no sense: give 1 or more")
    long = seconds(options.time, "--time", "30s, 10m or 2h")
    if options.json == "-":
        raise Usage("--json -: stdout has the totals in words; name a file")
    outcomes.check(options.json)
    report = Path(options.report)
    if any(one.exists() and not one.is_dir() for one in (report, *report.parents)):
        raise Usage(f"--report {report}: name a directory, or one that can be made")
    must_be_possible(_STAGES[options.runtime])
    seed = int.from_bytes(os.urandom(3)) if options.seed is None else options.seed
    return Terms(seed, options.runtime, options.clients, long)


def _means(stage: str) -> Means:
    """What is missing is said, and goes without."""
    return Means(_has(must_count_calls, stage), _has(must_cut, stage))


def _has(must: Callable[[str], None], stage: str) -> bool:
    try:
        must(stage)
    except Usage as missing:
        sys.stderr.write(f"soak without it: {missing}\n")
        return False
    return True
