"""What was measured: samples, their medians and spread, ratios, budgets; as a table and as JSON.

Only ratios of one run mean something: both sides of each were measured alternately. It must never call a
budget met that was not measured.
"""

import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and quartiles, of `n` samples."""

    median: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.median:.1f} ({self.low:.1f}-{self.high:.1f})"


def spread(values: list[float]) -> Spread:
    if len(values) == 1:
        return Spread(values[0], values[0], values[0], 1)
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high, len(values))


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours` against `theirs`; without these the budget is of `ours` itself. In ms, or `unit`."""

    what: str
    ours: Spread
    against: str = ""
    theirs: Spread | None = None
    budget: float | None = None
    unit: str = "ms"

    @property
    def ratio(self) -> float | None:
        return None if self.theirs is None else self.ours.median / self.theirs.median

    @property
    def verdict(self) -> str:
        if self.budget is None:
            return ""
        held = self.ours.median if self.ratio is None else self.ratio
        return "met" if held <= self.budget else "NOT met"


@dataclass(frozen=True, slots=True)
class Account:
    """Where the time of one thing goes. Medians in ms; the last of `parts` is what is left."""

    what: str
    total: float
    parts: dict[str, float]


class Samples:
    """Times in ms, by side."""

    def __init__(self) -> None:
        self._times: dict[object, list[float]] = {}

    def take(self, side: object, work: Callable[[], object]) -> None:
        self._times.setdefault(side, []).append(clocked(work))

    def of(self, side: object) -> Spread:
        return spread(self._times[side])


def clocked(work: Callable[[], object]) -> float:
    began = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - began) / 1e6


def alternately(
    ours: Callable[[], object], theirs: Callable[[], object], n: int
) -> tuple[Spread, Spread]:
    """The first round of each warms the caches of files."""
    times = [(clocked(ours), clocked(theirs)) for _ in range(n + 1)][1:]
    first, second = zip(*times, strict=True)
    return spread(list(first)), spread(list(second))


def head(n: int, load: float) -> dict[str, object]:
    kernel = os.uname().release
    when = time.strftime("%Y-%m-%d", time.gmtime())
    return {"date": when, "n": n, "cores": os.cpu_count(), "kernel": kernel, "load": round(load, 1)}


def as_table(figures: list[Figure], notes: list[str], about: dict[str, object]) -> str:
    row = "{:<39} {:>20} {:>20} {:>6} {:>6}  {:<8}{}"
    lines = [
        ", ".join(f"{key} {value}" for key, value in about.items()) + "; median (quartiles), ms",
        row.format("", "conman", "other", "ratio", "budget", "", "other is").rstrip(),
    ]
    for figure in figures:
        ours = f"{figure.ours}{'' if figure.unit == 'ms' else ' ' + figure.unit}"
        theirs = "" if figure.theirs is None else str(figure.theirs)
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        budget = "" if figure.budget is None else f"{figure.budget:.2f}"
        cells = (figure.what, ours, theirs, ratio, budget, figure.verdict, figure.against)
        lines.append(row.format(*cells).rstrip())
    return "\n".join([*lines, *(f"not measured: {note}" for note in notes)])


def as_json(
    figures: list[Figure], notes: list[str], about: dict[str, object], accounts: Sequence[Account]
) -> str:
    told = [_fields(figure) for figure in figures]
    where = [asdict(account) for account in accounts]
    return json.dumps({**about, "figures": told, "not_measured": notes, "where": where}, indent=2)


def _fields(figure: Figure) -> dict[str, object]:
    sides = {"conman": figure.ours, "other": figure.theirs}
    values = {
        name: None if side is None else {"median": side.median, "q1": side.low, "q3": side.high}
        for name, side in sides.items()
    }
    rest = {"budget": figure.budget, "ratio": figure.ratio, "verdict": figure.verdict}
    return {"what": figure.what, "unit": figure.unit, "other_is": figure.against, **values, **rest}
