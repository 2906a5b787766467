"""What a part of the load says: progress while it runs, figures and problems when it has ended.

A problem is what a verdict is made of: an error, a leak, a broken promise. It must never be dropped for
being one of many: they are counted, and the first few shown.
"""

import math
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

SHOWN = 20
TELL_EVERY_S = 10


class Report:
    """One part's figures and problems; safe for any thread."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._figures: list[tuple[str, str]] = []
        self._problems: Counter[str] = Counter()
        self._lock = threading.Lock()

    def figure(self, what: str, value: str) -> None:
        with self._lock:
            self._figures.append((what, value))

    def problem(self, what: str) -> None:
        with self._lock:
            self._problems[what] += 1

    def must(self, holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not holds:
            self.problem(what)

    @property
    def is_good(self) -> bool:
        return not self._problems

    def lines(self) -> Iterator[str]:
        for what, value in self._figures:
            yield f"  {what:<44} {value}"
        for what, times in self._problems.most_common(SHOWN):
            yield f"  PROBLEM, {times} times: {what}"
        if len(self._problems) > SHOWN:
            yield f"  and {len(self._problems) - SHOWN} other kinds of problem"
        verdict = "good" if self.is_good else f"BAD: {self._problems.total()} problems"
        yield f"  {self.name}: {verdict}"


class Progress:
    """`done` of `total`, told on stderr now and then."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done = what, total, 0
        self._began = self._told = time.monotonic()
        self._lock = threading.Lock()

    def step(self) -> None:
        with self._lock:
            self._done += 1
            now = time.monotonic()
            if now - self._told < TELL_EVERY_S:
                return
            self._told = now
        spent = now - self._began
        sys.stderr.write(f"  ... {self._what}: {self._done} of {self._total} after {spent:.0f} s\n")
        sys.stderr.flush()


class Times:
    """Seconds that calls took, by what was asked; safe for any thread."""

    def __init__(self) -> None:
        self._taken: dict[str, list[float]] = {}

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._taken.setdefault(what, []).append(time.perf_counter() - began)

    def slowest(self, what: str) -> float:
        return max(self._taken.get(what, [math.inf]))

    def into(self, report: Report, before: str = "") -> None:
        for what, taken in self._taken.items():
            report.figure(f"{before}{what}", spread(taken))


def spread(taken: Sequence[float]) -> str:
    """Median, the 99th of a hundred, and the slowest."""
    ordered = sorted(taken)
    last = ordered[math.ceil(len(ordered) * 0.99) - 1]
    parts = (("median", statistics.median(ordered)), ("99 %", last), ("most", ordered[-1]))
    told = ", ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in parts)
    return f"{told} (n = {len(ordered)})"
