"""What became of mutants, for people and programs: a table by stratum, and every survivor with its line."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from scenarios.mutation.judging import Judged
from scenarios.mutation.mutants import STRATA, Mutant, short
from scenarios.mutation.reach import ROOT

_HEAD = "| stratum | mutants | oracle | exception | hang | test | survived | killed | s |\n"
_BY = ("oracle", "exception", "hang", "test", "")


def table(judged: Sequence[Judged]) -> Iterator[str]:
    """Markdown. Killed: the share of all, those that are proven equivalent among the survivors."""
    yield _HEAD
    yield "|---" * 9 + "|\n"
    for name, _, _ in STRATA:
        held = [one for one in judged if one.mutant.stratum == name]
        if held:
            yield _row(name, held)
    yield _row("all", judged)


def _row(name: str, judged: Sequence[Judged]) -> str:
    counts = [sum(one.verdict.by == by for one in judged) for by in _BY]
    share = 100 * (len(judged) - counts[-1]) / max(len(judged), 1)
    cells = [name, len(judged), *counts, f"{share:.1f} %", round(sum(j.seconds for j in judged))]
    return f"| {' | '.join(map(str, cells))} |\n"


def survivors(judged: Sequence[Judged], proofs: Mapping[str, str]) -> Iterator[str]:
    """Each with its lines before and after, and its proof."""
    for one in judged:
        if not one.verdict.by:
            yield f"SURVIVED {one.mutant.name}\n"
            yield from _lines(one.mutant)
            if not one.verdict.is_complete:
                yield f"  not all was tried: {one.verdict.what}\n"
            if one.mutant.name in proofs:
                yield f"  equivalent: {proofs[one.mutant.name]}\n"


def _lines(mutant: Mutant) -> Iterator[str]:
    source = Path(ROOT, mutant.file).read_bytes()
    before = source.decode().splitlines(keepends=True)
    after = mutant.applied(source).decode().splitlines(keepends=True)
    for line in difflib.unified_diff(before, after, n=0):
        if line.startswith("@@"):
            yield f"  {mutant.file}:{line.split()[1].lstrip('-').partition(',')[0]}\n"
        elif not line.startswith(("---", "+++")):
            yield f"  {line.rstrip()}\n"


def fields(one: Judged, proofs: Mapping[str, str]) -> dict[str, object]:
    """For programs."""
    mutant, verdict = one.mutant, one.verdict
    return {
        "mutant": mutant.name,
        "stratum": mutant.stratum,
        "line": mutant.lines[0],
        "before": short(mutant.before),
        "after": short(mutant.after),
        "by": verdict.by,
        "what": verdict.what,
        "complete": verdict.is_complete,
        "seconds": round(one.seconds, 1),
        "equivalent": proofs.get(mutant.name, ""),
    }


def total(judged: Sequence[Judged], proofs: Mapping[str, str], seconds: float) -> str:
    left = [one for one in judged if not one.verdict.by]
    proven = sum(one.mutant.name in proofs for one in left)
    share = 100 * (len(judged) - len(left)) / max(len(judged), 1)
    return (
        f"{len(judged)} mutants, {share:.1f} % killed, {len(left)} survived, {proven} of them proven "
        f"equivalent; {seconds:.0f} s\n"
    )
