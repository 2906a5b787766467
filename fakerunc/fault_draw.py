"""Whose turn it is among the clauses of a fault: counted, drawn by the seed, and written down.

It must never draw from anything but seed, term and turn: a run is to repeat.
"""

import fcntl
import json
import os
import random
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

from fakerunc.fault_terms import Clause, Term, UnknownFault

_OFF = Clause("off")
_COUNTS = "counts"


def drawn(term: Term, place: str, seed: int) -> Clause:
    """The clause whose turn it is. Two calls at once do not take the same turn."""
    os.makedirs(place, exist_ok=True)
    with _locked(place):
        counts = counted(place)
        turn = counts[term.text] = counts.get(term.text, 0) + 1
        clause = _chosen(term, turn, seed, counts)
        _keep(counts, place)
        with open(os.path.join(place, "log"), "a", encoding="utf-8") as log:
            log.write(f"{term.text}: turn {turn}, seed {seed}: {clause.action}\n")
    return clause


def counted(place: str) -> dict[str, int]:
    """The turns so far; an UnknownFault for a file that does not say."""
    path = os.path.join(place, _COUNTS)
    try:
        with open(path, encoding="utf-8") as file:
            found: object = json.load(file)
    except FileNotFoundError:
        return {}
    except ValueError:
        found = None
    if isinstance(found, dict):
        counts = cast("dict[str, int]", found)
        if all(type(turn) is int for turn in counts.values()):
            return counts
    raise UnknownFault(f"faults: {path}: no counts of turns; remove it, and all begin anew")


@contextmanager
def _locked(place: str) -> Generator[None]:
    """The directory is: the file in it is another after each turn."""
    fd = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _keep(counts: dict[str, int], place: str) -> None:
    """By rename: who is killed meanwhile leaves the old ones, and the lock to the next."""
    path = os.path.join(place, _COUNTS)
    with open(f"{path}.tmp", "w", encoding="utf-8") as file:
        json.dump(counts, file)
    os.rename(f"{path}.tmp", path)


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
