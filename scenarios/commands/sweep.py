"""`python -m scenarios sweep [STORY...] --stage fake|runc`: real processes, killed before any call that matters.

Each syscall point that a story passes is played once more, with whoever passes it killed there: conmand, its
zygote, a shim; with `--cut`, conmand and the power. What each death leaves must be what some simulated death
leaves, and then all must be as told. `--of` has other ways to be struck. With `--time` all stories are swept alike until it is over, and how much of
each is said. Exit as `play`.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from time import monotonic

from scenarios import outcomes, shards
from scenarios.budgets import ENDLESS, seconds
from scenarios.commands.play import REPORTS, stop_as_interrupted, told
from scenarios.outcomes import Outcome
from scenarios.progress import Ticker
from scenarios.replay_ids import find_single
from scenarios.shards import shard
from scenarios.stages.all_stages import cannot, must_be_possible, must_strike
from scenarios.stages.planted import conmand
from scenarios.stages.play import Played, play
from scenarios.stories.all_stories import STORIES
from scenarios.story import Story
from scenarios.syscalls.aims import KINDS, Kind
from scenarios.syscalls.sweep import Deaths, Points, Swept, in_order
from scenarios.usage import Usage
from scenarios.violation import failure

HELP = "real processes killed before each of their system calls"
_SAID_EVERY_S = 10.0
_MAY_MISS = 0.05
#: Where a problem was that came before any death.
_AIMING = "aiming"


def add_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("stories", nargs="*", metavar="STORY", help="all that the stage can play")
    one.add_argument("--stage", default="fake", metavar="NAME", help="fake, or runc; fake")
    one.add_argument("--of", default="", metavar="WHAT", help=f"{', '.join(KINDS)}; calls")
    one.add_argument("--cut", action="store_true", help="the power is cut at each point, too: root")
    one.add_argument("--every", type=int, default=1, metavar="K", help="each K-th point only; 1")
    one.add_argument("--time", default="", metavar="T", help="no play begins later: 60s, 5m, 1h")
    one.add_argument("--plant", default="", metavar="FILE", help="of a conmand with that bug")
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    shards.add_option(one)
    outcomes.add_option(one)


def run(options: argparse.Namespace) -> int:
    """The exit code. Raises Usage."""
    outcomes.check(options.json)
    stories = _checked(options)
    with conmand(options.plant) as program:
        # After whatever is wrong with the words: that can be mended without being root.
        must_strike(_kind(options).sample, options.stage)
        sweeping, began = _Sweeping(options, program), monotonic()
        stop_as_interrupted()
        is_stopped = sweeping.sweep(shard(options.shard).of(stories, "stories"))
    terms = {
        name: getattr(options, name) for name in ("stage", "cut", "of", "every", "time", "plant")
    }
    terms |= {"stories": [one.name for one in stories]}
    results = [one.result() for one in sweeping.swept]
    took = monotonic() - began
    outcome = Outcome("sweep", terms, shard(options.shard), results, took, is_stopped)
    outcomes.write(outcome, options.json)
    if options.json != "-":
        _total(outcome)
    if is_broken(outcome):
        return 1
    return 130 if is_stopped else 0


def _checked(options: argparse.Namespace) -> list[Story]:
    """What is to be swept, if the words make sense. Raises Usage."""
    for name in ("jobs", "every"):
        if getattr(options, name) < 1:
            raise Usage(f"--{name} {getattr(options, name)} makes no sense: give 1 or more")
    if options.time:
        seconds(options.time, "--time")
    must_be_possible(options.stage)
    _kind(options)
    return _stories(options)


def _kind(options: argparse.Namespace) -> Kind:
    """Raises Usage."""
    name = _of(options)
    if name not in KINDS:
        raise Usage(f"--of {name}: take one of {', '.join(KINDS)}")
    if options.of and options.cut:
        raise Usage("--cut is --of cuts: give one of them")
    return KINDS[name]


def _of(options: argparse.Namespace) -> str:
    return options.of or ("cuts" if options.cut else "calls")


def _stories(options: argparse.Namespace) -> list[Story]:
    why, named = cannot(), [find_single(name) for name in options.stories]
    for one in named:
        if (one.name, options.stage) in why:
            reason = why[one.name, options.stage]
            raise Usage(f"{one.name} cannot be played on {options.stage}: {reason}")
    return named or [one for one in STORIES if (one.name, options.stage) not in why]


class _Sweeping:
    """All stories' points first, then their deaths; who is told what of it."""

    def __init__(self, options: argparse.Namespace, conmand: str) -> None:
        self._conmand = conmand
        self._stage, self._kind, self._every = options.stage, _kind(options), options.every
        planted = f" --plant {options.plant}" if options.plant else ""
        self._again = (
            f"python -m scenarios sweep {{}} --stage {self._stage} --of {_of(options)}{planted}"
        )
        self._jobs, self._is_quiet = options.jobs, options.json == "-"
        self._spreads = bool(options.time)
        self._ends = monotonic() + (seconds(options.time, "--time") if options.time else ENDLESS)
        self._ticker = Ticker(sys.stderr, every=_SAID_EVERY_S)
        self.swept = list[Swept]()

    def sweep(self, stories: Sequence[Story]) -> bool:
        """True: it was stopped."""
        with ThreadPoolExecutor(self._jobs) as pool:
            try:
                self._find_points(pool, stories)
                self._kill(pool)
            except KeyboardInterrupt:
                self._ends = 0.0
                sys.stderr.write("stopped; this is the result so far\n")
                return True
            finally:
                self._tell_unfinished()
        return False

    def _tell_unfinished(self) -> None:
        for one in self.swept:
            if one.played < len(one.deaths) and not self._is_quiet:
                _tell(one.result())

    def _find_points(self, pool: ThreadPoolExecutor, stories: Sequence[Story]) -> None:
        for swept in pool.map(self._aimed, stories):
            self.swept.append(swept)
            if swept.problems:
                self._tell_unaimed(swept)
            self._ticker.says(f"points of {len(self.swept)} of {len(stories)} stories")

    def _aimed(self, story: Story) -> Swept:
        """A play to aim by that is not as told is its story's problem: there is nothing to aim at."""
        nowhere = Swept(story, Points([], []), [])
        if monotonic() >= self._ends:
            return nowhere
        try:
            found, which = self._kind.aims(story, self._stage, self._conmand)
        except Exception as error:  # noqa: BLE001 - a stage may fail of anything
            nowhere.problems.append((_AIMING, failure("the stage", error)))
            return nowhere
        return Swept(story, found, which[:: self._every])

    def _tell_unaimed(self, swept: Swept) -> None:
        if self._is_quiet:
            return
        self._ticker.clear()
        for how, problem in swept.problems:
            sys.stdout.write(f"{swept.story.name:20} {self._stage:9} {how}: {problem}\n")
        sys.stdout.write(f"    again: {self._again.format(swept.story.name)}\n")
        _tell(swept.result())

    def _kill(self, pool: ThreadPoolExecutor) -> None:
        cues = list(in_order(self.swept, spread=self._spreads))
        for count, (swept, played, took) in enumerate(pool.map(self._play, cues), 1):
            if played is not None:
                swept.add(played, took)
                self._told(swept, played)
                self._ticker.says(f"{swept.story.name}: {count} of {len(cues)} deaths")

    def _play(self, cue: tuple[Swept, Deaths]) -> tuple[Swept, Played | None, float]:
        """And for how many seconds. None: there was no time left."""
        (swept, how), began = cue, monotonic()
        if began >= self._ends:
            return swept, None, 0.0
        crashes = tuple(map(str, how))
        played = play(swept.story, self._stage, crashes, self._conmand, REPORTS)
        return swept, played, monotonic() - began

    def _told(self, swept: Swept, played: Played) -> None:
        if self._is_quiet:
            return
        if played.problem:
            self._ticker.clear()
            lines = [_missed(played)] if played.is_missed else _repeated(played)
            sys.stdout.writelines(f"{line}\n" for line in lines)
        if swept.played == len(swept.deaths):
            self._ticker.clear()
            _tell(swept.result())


def _missed(played: Played) -> str:
    return f"{played.story.name:20} {played.stage:9} {' then '.join(played.crashes)}: missed"


def _repeated(played: Played) -> Iterator[str]:
    yield from told(played, in_full=True)
    yield f"    again: {played.again}"


# ---- what it came to -----------------------------------------------------------------------------


def tell(outcome: Outcome) -> None:
    """To a person, on stdout."""
    for result in outcome.results:
        _tell(result)
    _total(outcome)


def is_broken(outcome: Outcome) -> bool:
    """Or aimed badly: a few deaths may be missed, by calls that depend on how fast somebody is."""
    missed, deaths = _sum(outcome, "missed"), _sum(outcome, "deaths")
    return any(result["problems"] for result in outcome.results) or missed > deaths * _MAY_MISS


def _sum(outcome: Outcome, name: str) -> int:
    return sum(result[name] for result in outcome.results)


def _tell(result: outcomes.Result) -> None:
    killed = result["killed"]
    who = ", ".join(f"{count} of a {name}" for name, count in sorted(killed.items()))
    sys.stdout.write(
        f"{result['story']:25} {result['points']:3} points, {result['alike']:3} alike;"
        f" {sum(killed.values()):3} of {result['deaths']:3} deaths ({who or 'none'});"
        f" {result['missed']} missed, {len(result['problems'])} not as told, {result['seconds']:.0f} s\n"
    )
    sys.stdout.flush()


def _total(outcome: Outcome) -> None:
    results = outcome.results
    points, alike, deaths, missed = (
        _sum(outcome, name) for name in ("points", "alike", "deaths", "missed")
    )
    who = list(chain.from_iterable(result["killed"].items() for result in results))
    killed = {name: sum(count for one, count in who if one == name) for name, _ in sorted(who)}
    told = ", ".join(f"{count} of a {name}" for name, count in killed.items())
    is_cut = outcome.terms["cut"] or "cuts" in outcome.terms["of"]
    cut = ", each with a power cut" if is_cut else ""
    sys.stdout.write(
        f"{len(results)} stories on {outcome.terms['stage']}: {points} points, {alike} alike;"
        f" {sum(killed.values())} of {deaths} deaths ({told or 'none'}){cut};"
        f" {missed} missed, {sum(len(result['problems']) for result in results)} not as told;"
        f" {outcome.seconds:.0f} s\n"
    )
