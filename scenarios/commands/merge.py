"""`python -m scenarios merge FILE...`: the reports of all parts of a run, as the one of the whole run.

Exit code: what the whole run would have had; 2 where the files are not all parts of one run.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scenarios import outcomes
from scenarios.outcomes import Outcome
from scenarios.usage import Usage

HELP = "the reports of all shards of one run, as one"


@dataclass(frozen=True, slots=True)
class Teller:
    """How a command tells what it came to, and whether that is bad."""

    tell: Callable[[Outcome], None]
    is_broken: Callable[[Outcome], bool]


def add_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("files", nargs="+", metavar="FILE", help="written by --json, of all shards")
    outcomes.add_option(one)


def run(options: argparse.Namespace, tellers: Mapping[str, Teller]) -> int:
    """The exit code. Raises Usage."""
    outcomes.check(options.json)
    whole = outcomes.joined([(name, outcomes.read(name)) for name in options.files])
    teller = tellers.get(whole.command)
    if teller is None:
        raise Usage(f"nothing is known of the command {whole.command!r} in {options.files[0]}")
    outcomes.write(whole, options.json)
    if options.json != "-":
        teller.tell(whole)
    if whole.is_stopped:
        sys.stderr.write("a part was stopped: this is the result so far\n")
    if teller.is_broken(whole):
        return 1
    return 130 if whole.is_stopped else 0
