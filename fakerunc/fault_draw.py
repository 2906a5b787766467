"""Whose turn it is among the clauses of a fault: counted, drawn by the seed, and written down.

It must never draw from anything but seed, term and turn: a run is to repeat.
"""

import fcntl
import json
import os
import random

from fakerunc.fault_terms import Clause, Term

_OFF = Clause("off")


def drawn(term: Term, place: str, seed: int) -> Clause:
    """The clause whose turn it is. Two calls at once do not take the same turn."""
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, "counts"), "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        counts: dict[str, int] = json.loads(file.read() or "{}")
        turn = counts[term.text] = counts.get(term.text, 0) + 1
        clause = _chosen(term, turn, seed, counts)
        file.truncate(0)
        json.dump(counts, file)
        file.flush()
        with open(os.path.join(place, "log"), "a", encoding="utf-8") as log:
            log.write(f"{term.text}: turn {turn}, seed {seed}: {clause.action}\n")
    return clause


def _chosen(term: Term, turn: int, seed: int, counts: dict[str, int]) -> Clause:
    for k, clause in enumerate(term.clauses):
        used = f"{term.text} [{k}]"
        if clause.times is not None and counts.get(used, 0) >= clause.times:
            continue
        chance = random.Random(f"{seed} {used} {turn}")  # noqa: S311 - to repeat, not to hide
        if chance.random() * 100 < clause.percent:
            counts[used] = counts.get(used, 0) + 1
            return clause
    return _OFF
