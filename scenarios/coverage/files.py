"""Files of what runs have covered: `--coverage` writes one beside a run's report, `coverage --from` reads all.

A file is a report like any other (`scenarios.outcomes`), so parts of a run are joined, and refused, by the same
rules: what is joined is exactly what one run of everything would have covered.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

from scenarios import outcomes
from scenarios.coverage.measured import Measured
from scenarios.outcomes import Outcome
from scenarios.usage import Usage

COMMAND = "coverage"
_HELP = "write there what was covered, for `coverage --from FILE`"


def add_option(one: argparse.ArgumentParser) -> None:
    one.add_argument("--coverage", default="", metavar="FILE", help=_HELP)


def check(path: str) -> None:
    """Before anything runs. Raises Usage."""
    if path == "-":
        raise Usage("--coverage -: name a file, for stdout has the results")
    outcomes.check(path, "--coverage")


def write(path: str, run: Outcome, measured: Measured) -> None:
    """What `run` has covered; nowhere for "". Raises Usage."""
    terms = {"of": run.command, **run.terms}
    outcomes.write(replace(run, command=COMMAND, terms=terms, results=[measured.as_result()]), path)


def read(paths: Sequence[str]) -> Measured:
    """Of whole runs, each in one part or more. Raises Usage."""
    runs: dict[str, list[tuple[str, Outcome]]] = {}
    for path in paths:
        part = outcomes.read(path)
        if part.command != COMMAND:
            raise Usage(f"{path} holds no coverage: give files that --coverage has written")
        if part.code != outcomes.code():
            raise Usage(f"{path} is of other code than this: run {part.terms['of']} again")
        runs.setdefault(repr(sorted(part.terms.items())), []).append((path, part))
    whole = Measured()
    for parts in runs.values():
        whole.join(measured_by(outcomes.joined(parts)))
    return whole


def measured_by(run: Outcome) -> Measured:
    """Raises Usage."""
    whole = Measured()
    try:
        for result in run.results:
            whole.join(Measured.of(result))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Usage("what was covered cannot be read: run it again") from None
    if run.is_stopped:
        whole.open.append(f"{run.terms['of']}, which was stopped,")
    return whole
