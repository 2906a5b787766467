"""Mutants that nobody can notice, each with the reason in one sentence: `equivalent.json`, by name.

They count as survivors all the same; a proof only says that there is no work in them. One that fits no
mutant any more is wrong, and is told.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from scenarios.mutation.mutants import Mutant
from scenarios.usage import Usage

FILE = Path(__file__).with_name("equivalent.json")


def proofs(mutants: Iterable[Mutant]) -> dict[str, str]:
    """Why, by name. `mutants`: all that there are. Raises Usage where one fits none."""
    known: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))
    strange = sorted(set(known) - {one.name for one in mutants})
    if strange:
        raise Usage(f"{FILE.name} has a proof of what is no mutant any more: {strange[0]}")
    empty = sorted(name for name, why in known.items() if not why.strip())
    if empty:
        raise Usage(f"{FILE.name} gives no reason for {empty[0]}")
    return known
