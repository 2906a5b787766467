"""Explorations of several stories at once, one process each, which say how far they are and can be stopped.

What a story comes to does not depend on who explores beside it. Nothing is lost by a stop: each story that
was begun gives its report so far.
"""

import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from time import monotonic

from scenarios import worker
from scenarios.budgets import Budget
from scenarios.explore import Report
from scenarios.museum.exhibit import planted
from scenarios.museum.plant_file import patches_of
from scenarios.preemptions import explorer_of
from scenarios.story import AnyStory

#: Seconds between two words of one story.
EACH = 0.2

#: Those that take longest, measured: begun first, so that no one of them is the last.
_LONGEST = (
    "restart-killed-meanwhile",
    "restart-after-reboot",
    "two-created",
    "two-workers",
    "exec-and-exit",
    "exec-and-stop",
    "kill-exit",
    "one-worker",
    "create-copied",
    "whole-life",
    "exits-at-once",
    "exec-kill-or-exit",
    "create-unknown-user",
    "attach-before-start",
    "create-with-names",
    "start",
    "start-again",
    "remove-force",
    "run-removed",
    "run-removed-create",
    "create",
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a story is. `rate`: states a second, since it began."""

    story: str
    states: int
    frontier: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.states / max(self.seconds, EACH)

    def line(self) -> str:
        return (
            f"{self.story}: {self.states} crash states, {self.frontier} to go on from, "
            f"{self.rate:.0f}/s, {self.seconds:.0f} s"
        )


class Explorations:
    """`budget`: for each story, its runs are lives. `plant`: a file of bugs, `ignored`: invariants. Iterate for what comes: reports, and how far others are."""

    def __init__(
        self,
        stories: Sequence[AnyStory],
        *,
        budget: Budget,
        jobs: int,
        plant: str = "",
        ignored: frozenset[str] = frozenset(),
    ) -> None:
        context = multiprocessing.get_context("fork")
        self._told: SimpleQueue[Progress] = context.SimpleQueue()
        self._stopping = context.Event()
        self._pool = ProcessPoolExecutor(
            jobs, context, initializer=_begin, initargs=(self._told, self._stopping)
        )
        #: Set it, and those that were not begun never are; the others give their reports as they stand.
        self.is_stopped = False
        self._running: set[Future[Report | None]] = {
            self._pool.submit(_explored, story, budget, plant, ignored)
            for story in longest_first(stories)
        }

    def come(self) -> Iterator[Report | Progress]:
        """Each report once, and between them progress. Ends when no story goes on."""
        with self._pool:
            try:
                yield from self._come()
            finally:
                # Whoever hears no more, for a closed pipe, waits for nobody.
                self._stop()

    def _come(self) -> Iterator[Report | Progress]:
        while self._running:
            if self.is_stopped:
                self._stop()
            ended, self._running = wait(self._running, EACH, FIRST_COMPLETED)
            while not self._told.empty():
                yield self._told.get()
            results = [one.result() for one in ended]
            yield from (result for result in results if result is not None)

    def _stop(self) -> None:
        self._stopping.set()
        self._running = {one for one in self._running if not one.cancel()}


def longest_first(stories: Sequence[AnyStory]) -> list[AnyStory]:
    places = {name: place for place, name in enumerate(_LONGEST)}
    return sorted(stories, key=lambda story: places.get(story.name, len(places)))


# ---- in the process of a story -----------------------------------------------------------------


@dataclass(slots=True)
class _Here:
    told: SimpleQueue[Progress]
    stopping: Event


_here: list[_Here] = []


def _begin(told: SimpleQueue[Progress], stopping: Event) -> None:
    worker.begin()
    _here[:] = [_Here(told, stopping)]


def _explored(
    story: AnyStory, budget: Budget, plant: str, ignored: frozenset[str]
) -> Report | None:
    here, last = _here[0], monotonic()
    if here.stopping.is_set():
        return None

    def on_progress(report: Report) -> None:
        nonlocal last
        if here.stopping.is_set():
            explorer.deadline = 0.0
        if monotonic() - last >= EACH:
            last = monotonic()
            here.told.put(Progress(story.name, report.states, report.frontier, report.seconds))

    explorer = explorer_of(
        story,
        deadline=monotonic() + budget.seconds,
        lives=budget.runs,
        on_progress=on_progress,
        ignored=ignored,
    )
    with planted(patches_of(plant) if plant else ()) as reached:
        report = explorer.explore()
    if plant and not reached.times:
        sys.stderr.write(f"{story.name}: what {plant} changes was never reached\n")
    return report
