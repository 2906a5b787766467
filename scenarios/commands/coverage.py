"""`python -m scenarios coverage`: what of all there is to crash, fail and check, the runs have covered.

With `--from` it reads what explorations, faults and swarms have written with `--coverage`, and is done at
once; without, it runs them first. Exit 0: all is covered or excepted; 1: it is not; 2: bad usage.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

from scenarios.coverage import files
from scenarios.coverage.denominator import items
from scenarios.coverage.exceptions import load
from scenarios.coverage.measured import EXPLORE, FAULTS, SWARM, Measured
from scenarios.coverage.table import Result, lines
from scenarios.outcomes import Outcome
from scenarios.usage import Usage

HELP = "what the explorations, faults and swarms cover of all that the source says there is"
#: Of the swarm that `coverage` runs itself.
SEEDS = 1_500


def add_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--from", nargs="+", default=[], dest="files", metavar="FILE", help="no runs")
    one.add_argument("--effects", action="store_true", help="a line for each effect of each saga")
    one.add_argument("--json", action="store_true", help="one JSON object")
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")


def run(options: argparse.Namespace) -> int:
    """The exit code. Raises Usage."""
    if options.jobs < 1:
        raise Usage(f"--jobs {options.jobs} makes no sense: give 1 or more")
    measured = files.read(options.files) if options.files else _run_all(options.jobs)
    result = Result(items(), measured, load())
    if options.json:
        sys.stdout.write(json.dumps(result.as_json(), sort_keys=True) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(result, by_effect=options.effects))
    return 1 if result.wrong else 0


def tell(run: Outcome) -> None:
    """Of all parts of one run, for `merge`: what they cover is for `--from` to judge, with the other runs."""
    covered = len(files.measured_by(run).covered)
    sys.stdout.write(f"coverage of {run.terms['of']}: {covered} names\n")


def _run_all(jobs: int) -> Measured:
    """Each as a command of its own, its results and its progress on stderr."""
    with tempfile.TemporaryDirectory(prefix="conman-coverage-") as directory:
        paths: list[str] = []
        for name, *words in ((EXPLORE,), (FAULTS,), (SWARM, "--seeds", str(SEEDS))):
            paths.append(f"{directory}/{name}")
            argv = [sys.executable, "-m", "scenarios", name, *words]
            argv += ["--jobs", str(jobs), "--coverage", paths[-1]]
            ended = subprocess.run(argv, stdout=sys.stderr.fileno(), check=False)
            if ended.returncode:
                raise Usage(f"{name} ended with {ended.returncode}: coverage is of runs that pass")
        return files.read(paths)
