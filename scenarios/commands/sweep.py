"""`python -m scenarios sweep [STORY...] --stage fake|runc`: real processes, killed before any call that matters.

Each syscall point that a story passes is played once more, with whoever passes it killed there: conmand, its
zygote, a shim; with `--cut`, conmand and the power. What each death leaves must be what some simulated death
leaves, and then all must be as told. Exit as `play`.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic

from scenarios import shards
from scenarios.commands.play import stop_as_interrupted, told
from scenarios.progress import Ticker
from scenarios.replay_ids import find_single
from scenarios.shards import shard
from scenarios.stages.all_stages import cannot, must_be_possible, must_count_calls, must_cut
from scenarios.stages.deaths import Death
from scenarios.stages.play import Played, play
from scenarios.stories.all_stories import STORIES
from scenarios.story import Story
from scenarios.syscalls.sweep import Points, chosen, points
from scenarios.usage import Usage

HELP = "real processes killed before each of their system calls"
#: Where a daemon's first start in a new place is swept, too.
_FIRST = "create"
_SAID_EVERY_S = 10.0


def add_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("stories", nargs="*", metavar="STORY", help="all that the stage can play")
    one.add_argument("--stage", default="fake", metavar="NAME", help="fake, or runc; fake")
    one.add_argument("--cut", action="store_true", help="the power is cut at each point, too: root")
    one.add_argument("--every", type=int, default=1, metavar="K", help="each K-th point only; 1")
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    shards.add_option(one)


def run(options: argparse.Namespace) -> int:
    """The exit code. Raises Usage."""
    stories = _checked(options)
    sweeping = _Sweeping(options)
    stop_as_interrupted()
    try:
        for story in stories:
            sweeping.sweep(story)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; this is the result so far\n")
        sweeping.total()
        return 130
    sweeping.total()
    return 1 if sweeping.bad else 0


def _checked(options: argparse.Namespace) -> list[Story]:
    """What is to be swept, where that is possible. Raises Usage."""
    for name in ("jobs", "every"):
        if getattr(options, name) < 1:
            raise Usage(f"--{name} {getattr(options, name)} makes no sense: give 1 or more")
    must_be_possible(options.stage)
    stories = _stories(options)
    must_count_calls(options.stage)
    if options.cut:
        must_cut(options.stage)
    return stories


def _stories(options: argparse.Namespace) -> list[Story]:
    why, named = cannot(), [find_single(name) for name in options.stories]
    for one in named:
        if (one.name, options.stage) in why:
            reason = why[one.name, options.stage]
            raise Usage(f"{one.name} cannot be played on {options.stage}: {reason}")
    every = named or [one for one in STORIES if (one.name, options.stage) not in why]
    return shard(options.shard).of(every, "stories")


class _Sweeping:
    """Totals, and what is told of each story."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._stage, self._cut, self._every = options.stage, options.cut, options.every
        self._jobs, self._began = options.jobs, monotonic()
        self._ticker = Ticker(sys.stderr, every=_SAID_EVERY_S)
        self.stories = self.bad = 0
        self.killed = Counter[str]()

    def sweep(self, story: Story) -> None:
        began, bad = monotonic(), self.bad
        found = points(story, self._stage)
        deaths = self._deaths(story, found)
        with ThreadPoolExecutor(self._jobs) as pool:
            plays = pool.map(partial(self._play, story), deaths)
            for count, played in enumerate(plays, 1):
                self._tell(played)
                self._ticker.says(f"{story.name}: {count} of {len(deaths)} deaths")
        self.stories += 1
        self._ticker.clear()
        sys.stdout.write(
            f"{story.name:20} {self._stage:5} {found}; {len(deaths)} deaths, {self.bad - bad} not"
            f" as told, {monotonic() - began:.0f} s\n"
        )
        sys.stdout.flush()

    def _play(self, story: Story, how: Death) -> Played:
        return play(story, self._stage, (str(how),))

    def _deaths(self, story: Story, found: Points) -> list[Death]:
        aimed_at = chosen(found, has_new_store=story.name == _FIRST)
        deaths = [Death(one.point, is_call=True, is_cut=self._cut) for one in aimed_at]
        if self._cut:
            deaths = [one for one in deaths if one.is_the_daemons]
        return deaths[:: self._every]

    def _tell(self, played: Played) -> None:
        how = played.crashes[0].removeprefix("cut:").removeprefix("call:")
        others = {"conman-shim": "shim", "conman-zygote": "zygote"}
        self.killed[others.get(how.rpartition("@")[0], "conmand")] += 1
        if played.problem:
            self.bad += 1
            self._ticker.clear()
            sys.stdout.writelines(f"{line}\n" for line in _repeated(played))

    def total(self) -> None:
        killed = ", ".join(f"{count} of a {who}" for who, count in sorted(self.killed.items()))
        cut = ", each with a power cut" if self._cut else ""
        sys.stdout.write(
            f"{self.stories} stories on {self._stage}: deaths: {killed or 'none'}{cut};"
            f" {self.bad} not as told; {monotonic() - self._began:.0f} s\n"
        )


def _repeated(played: Played) -> Iterator[str]:
    yield from told(played, in_full=True)
    again = f"play {played.story.name} --stage {played.stage} --crash {played.crashes[0]}"
    yield f"    again: python -m scenarios {again}"
