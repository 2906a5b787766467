"""`python -m scenarios play STORY [--stage NAME]`: one story on a stage, undisturbed and killed at its points.

Exit 0: all as told; 1: something is not, with what clients were told and what the host holds; 2: the stage
is not possible here, or cannot play the story.
"""

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from conman.core.points import CrashPointNames
from scenarios.replay_ids import find_single, nearest
from scenarios.stages.all_stages import (
    STAGES,
    cannot,
    must_be_possible,
    must_strike,
    tail,
)
from scenarios.stages.deaths import By, death
from scenarios.stages.play import Played, play
from scenarios.stages.simulated import points
from scenarios.stories.all_stories import STORIES
from scenarios.story import Story
from scenarios.usage import Usage

HELP = "one story on one stage: simulated, over fakerunc, over runc"

#: Where what is not as told on real processes leaves a folder.
REPORTS = Path("build/reports")
#: A story, and where its daemon dies: one point for each life but the last.
Cue = tuple[Story, tuple[str, ...]]


def add_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("stories", nargs="*", metavar="STORY", help="all that the stage can play")
    one.add_argument("--stage", default="simulated", metavar="NAME", help=", ".join(STAGES))
    which = one.add_mutually_exclusive_group()
    which.add_argument(
        "--crash",
        action="append",
        default=[],
        metavar="POINT[@N]",
        help="only with a kill there; several: one life after the other",
    )
    which.add_argument("--undisturbed", action="store_true", help="only without any kill")
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")


def run(options: argparse.Namespace) -> int:
    """The exit code. Raises Usage."""
    if options.jobs < 1:
        raise Usage(f"--jobs {options.jobs} makes no sense: give 1 or more")
    must_be_possible(options.stage)
    for crash in options.crash:
        _check(crash, options.stage)
    stories, playing = _stories(options), _Playing(options.stage, options.jobs)
    try:
        first = playing.played([(one, tuple(options.crash)) for one in stories])
        if not options.undisturbed and not options.crash:
            playing.played([cue for one in first for cue in _kills(one)])
    except KeyboardInterrupt:
        sys.stderr.write("stopped; this is the result so far\n")
        playing.total()
        return 130
    playing.total()
    return 1 if playing.bad else 0


class _Playing:
    """What was played, and how much of it was not as told."""

    def __init__(self, stage: str, jobs: int) -> None:
        self.seen = self.bad = 0
        self._stage, self._began = stage, monotonic()
        self._jobs = 1 if stage == "simulated" else jobs
        stop_as_interrupted()

    def played(self, cues: list[Cue]) -> list[Played]:
        """Each is told as it ends."""
        with ThreadPoolExecutor(self._jobs) as pool:
            plays = pool.map(self._play, cues)
            return [self._tell(played, in_full=len(cues) == 1) for played in plays]

    def _play(self, cue: Cue) -> Played:
        return play(cue[0], self._stage, cue[1], reports=REPORTS)

    def _tell(self, played: Played, *, in_full: bool) -> Played:
        self.seen, self.bad = self.seen + 1, self.bad + bool(played.problem)
        sys.stdout.writelines(f"{line}\n" for line in told(played, in_full=in_full))
        sys.stdout.flush()
        return played

    def total(self) -> None:
        seconds = monotonic() - self._began
        sys.stdout.write(f"{self.seen} plays in {seconds:.1f} s, {self.bad} not as told\n")


def stop_as_interrupted() -> None:
    """SIGTERM is taken for ^C: what is being played is cleared away first."""
    signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, _frame: object) -> None:
    # Once: it may come to the whole group, too.
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _stories(options: argparse.Namespace) -> list[Story]:
    """Those that are named, else all that the stage can play. Raises Usage."""
    why = cannot()
    for name in options.stories:
        if (find_single(name).name, options.stage) in why:
            raise Usage(f"{name} cannot be played on {options.stage}: {why[name, options.stage]}")
    named = [find_single(name) for name in options.stories]
    return named or [one for one in STORIES if (one.name, options.stage) not in why]


def _kills(played: Played) -> Iterator[Cue]:
    """One for each point that it passes."""
    why, passed = cannot(), points(played.story, played.setting)
    yield from ((played.story, (one,)) for one in passed if (tail(one), played.stage) not in why)


def _check(crash: str, stage: str) -> None:
    how = death(crash)
    must_strike(how, stage)
    if how.by is not By.POINT:
        return
    name, at, number = how.point.partition("@")
    names = CrashPointNames()
    if name not in names:
        raise Usage(f"there is no point {name!r}{nearest(name, list(names))}")
    if at and not number.isdecimal():
        raise Usage(f"--crash {crash}: after @ comes a number, the n-th passing")
    if reason := cannot().get((tail(crash), stage)):
        raise Usage(f"{crash} is not passed on {stage}: {reason}")


def told(played: Played, *, in_full: bool) -> Iterator[str]:
    """A line; of the only play, or where something is wrong, also all that was told and found."""
    where = " then ".join(played.crashes) or "undisturbed"
    yield f"{played.story.name:20} {played.stage:9} {where}: {played.problem or 'as told'}"
    if in_full or played.problem:
        for one in played.told:
            code = "" if one.code is None else f", exit code {one.code}"
            yield f"    told  {one.ask.verb} {one.ask.name}: {one.answer}{code}"
        yield from (f"    host  {thing}" for thing in played.host)
        yield from (f"    log   {line}" for line in played.log.splitlines())
    if played.folder is not None:
        yield f"    all of it: {played.folder}"
