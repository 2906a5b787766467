"""`python -m scenarios`: the stories of a daemon that dies, explored, drawn, played and counted.

Exit 0: all as told; 1: an invariant does not hold, with its trace and the command that repeats it; 2: bad
usage, in one sentence; 130: stopped by ^C, with the result so far.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from time import monotonic

from scenarios import outcomes, shards
from scenarios.budgets import budget, seconds
from scenarios.commands import (
    coverage,
    faults,
    merge,
    mutate,
    play,
    replay,
    seek,
    soak,
    swarm,
    sweep,
)
from scenarios.commands.merge import Teller
from scenarios.coverage import files, seen
from scenarios.coverage.measured import Measured
from scenarios.explore import Report, as_result, reports_of
from scenarios.museum import command as museum
from scenarios.museum.exhibit import Patch, planted
from scenarios.museum.plant_file import patches_of
from scenarios.outcomes import Outcome
from scenarios.parallel import Explorations, longest_first
from scenarios.progress import Watching
from scenarios.replay_ids import BadId, ReplayId, find_story, read
from scenarios.shards import shard
from scenarios.shrinking import shrunk
from scenarios.stages.all_stages import cannot, reasons
from scenarios.stories.all_stories import EVERY
from scenarios.stories.numbers import table
from scenarios.story import AnyStory, SeveralClients
from scenarios.usage import Usage


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code."""
    options = _parser().parse_args(argv)
    try:
        match options.command:
            case "list":
                return _list(as_table=options.table)
            case "points":
                return _points(options)
            case "replay":
                return _replay(options)
            case "swarm":
                return _planting(swarm.run, options)
            case "faults":
                return _planting(faults.run, options)
            case "coverage":
                return coverage.run(options)
            case "seek":
                return seek.run(options)
            case "play":
                return play.run(options)
            case "sweep":
                return sweep.run(options)
            case "soak":
                return soak.run(options)
            case "museum":
                return _museum(options)
            case "mutate":
                return mutate.run(options)
            case "merge":
                return merge.run(options, _tellers())
            case _:
                return _explore(options)
    except (Usage, BadId) as error:
        sys.stderr.write(f"scenarios: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scenarios", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="the stories")
    listing.add_argument("--table", action="store_true", help="as docs/stories.md has them")
    for name, text in (
        ("points", "the crash points that stories reach"),
        ("explore", "all crashes of stories"),
    ):
        one = commands.add_parser(name, help=text)
        one.add_argument("stories", nargs="*", metavar="STORY", help="all by default")
        until = one.add_mutually_exclusive_group()
        much = "per story: 60s, 5m, or a number of lives"
        until.add_argument("--budget", default="", metavar="MUCH", help=much)
        until.add_argument("--until-fixpoint", action="store_true", help="no budget, the default")
        often = "how often to say how far it is, on no terminal; 10s"
        one.add_argument("--every", default="10s", metavar="TIME", help=often)
        one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
        _add_plant(one)
        _add_without(one)
        most = "in each run of several clients, where another goes first; 2"
        one.add_argument("--preemptions", type=int, default=2, metavar="N", help=most)
        shards.add_option(one)
        if name == "explore":
            outcomes.add_option(one)
            one.add_argument("--html", default="", metavar="FILE", help="a violation as a page")
            files.add_option(one)
    again = commands.add_parser("replay", help="one run again, with its trace")
    again.add_argument("id", metavar="ID", help="as explore printed it; a story: undisturbed")
    again.add_argument("--html", default="", metavar="FILE", help="the run as a page, too")
    _add_plant(again)
    for module, name in ((swarm, "swarm"), (faults, "faults")):
        one = commands.add_parser(name, help=module.HELP)
        module.add_options(one)
        _add_plant(one)
    coverage.add_options(commands.add_parser("coverage", help=coverage.HELP))
    seek.add_options(commands.add_parser("seek", help=seek.HELP))
    play.add_options(commands.add_parser("play", help=play.HELP))
    sweep.add_options(commands.add_parser("sweep", help=sweep.HELP))
    soak.add_options(commands.add_parser("soak", help=soak.HELP))
    _add_museum(commands.add_parser("museum", help="bugs of the field, planted and found again"))
    mutate.add_options(commands.add_parser("mutate", help=mutate.HELP))
    merge.add_options(commands.add_parser("merge", help=merge.HELP))
    return parser


def _add_museum(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exhibits", nargs="*", metavar="NAME", help="all by default")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    shards.add_option(parser)
    outcomes.add_option(parser)
    parser.add_argument("--table", action="store_true", help="as docs/track-record.md has it")
    _add_without(parser)


def _add_plant(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plant", default="", metavar="FILE", help="with this bug in place")


def _add_without(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--without", action="append", default=[], metavar="I8", help="switch an invariant off"
    )


def _museum(options: argparse.Namespace) -> int:
    museum.chosen(options.exhibits)
    return museum.museum(
        options.exhibits,
        jobs=_jobs(options),
        without=sorted(museum.invariants(options.without)),
        part=shard(options.shard),
        json=options.json,
        as_table=options.table,
    )


def _tellers() -> dict[str, Teller]:
    return {
        "coverage": Teller(coverage.tell, lambda _outcome: False),
        "explore": Teller(_tell, _is_broken),
        "faults": Teller(faults.tell, faults.is_broken),
        "sweep": Teller(sweep.tell, sweep.is_broken),
        "mutate": Teller(mutate.tell, mutate.is_broken),
        "museum": Teller(museum.tell, museum.is_broken),
        "swarm": Teller(swarm.tell, swarm.is_broken),
    }


def _planting(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """With a plant's bugs in place, which its forked workers inherit."""
    _unplanted(options)
    with planted(_patches(options.plant)):
        return run(options)


def _list(*, as_table: bool) -> int:
    if as_table:
        why = cannot()
        sys.stdout.write(f"{table(EVERY, why)}\n{reasons(why)}")
        return 0
    for story in EVERY:
        sys.stdout.write(f"{story.name:18} {story.scenario:5} {story.tells}\n")
    return 0


# ---- explore -----------------------------------------------------------------------------------


def _explore(options: argparse.Namespace) -> int:
    began = monotonic()
    page = replay.Page(options.html)
    outcomes.check(options.json)
    if options.html and options.json == "-":
        raise Usage("--html shows the run that --json - leaves out: give one of them, or a file")
    _unplanted(options)
    files.check(options.coverage)
    if options.coverage:
        seen.ask()
    exploring, reports, measured = _Exploring(options), list[Report](), Measured()
    for report in exploring.reports():
        reports.append(report)
        measured.explored(report.story, report.passed, report.met, is_whole=report.fixpoint)
        if options.json != "-":
            with planted(_patches(options.plant)):
                _print(report, page, plant=options.plant)
    outcome = exploring.outcome(reports, monotonic() - began)
    outcomes.write(outcome, options.json)
    files.write(options.coverage, outcome, measured)
    if options.json != "-":
        _total(outcome)
    if options.html and not _is_broken(outcome):
        sys.stderr.write(f"no violation, so {options.html} was not written\n")
    if _is_broken(outcome):
        return 1
    return 130 if exploring.is_stopped else 0


def _tell(outcome: Outcome) -> None:
    plant = outcome.terms["plant"]
    with planted(_patches(plant)):
        for report in reports_of(outcome):
            _print(report, replay.Page(""), plant=plant)
    _total(outcome)


def _is_broken(outcome: Outcome) -> bool:
    return any(report["violations"] for report in outcome.results)


def _points(options: argparse.Namespace) -> int:
    exploring = _Exploring(options)
    points = {point for report in exploring.reports() for point in report.points}
    sys.stdout.writelines(f"{point}\n" for point in sorted(points))
    return 130 if exploring.is_stopped else 0


class _Exploring:
    """What the words on the command line ask for."""

    def __init__(self, options: argparse.Namespace) -> None:
        asked = longest_first([find_story(name) for name in options.stories] or EVERY)
        self._part = shard(options.shard)
        mine = self._part.of(asked, "stories")
        self.stories = [_preempted(story, options.preemptions) for story in mine]
        much, every = budget(options.budget), seconds(options.every, "--every")
        jobs, ignored = min(_jobs(options), len(self.stories)), museum.invariants(options.without)
        _patches(options.plant)
        self._terms = {
            "stories": [one.name for one in asked],
            "budget": options.budget,
            "plant": options.plant,
            "preemptions": options.preemptions,
            "without": sorted(ignored),
        }
        self._explorations = Explorations(
            self.stories, budget=much, jobs=jobs, plant=options.plant, ignored=ignored
        )
        self._watching = Watching(sys.stderr, len(self.stories), every=every)

    def reports(self) -> Iterator[Report]:
        """As they come; on ^C those that were begun, as far as they are. A second ^C ends it at once."""
        usual = signal.signal(signal.SIGINT, self._stop)
        try:
            yield from self._come()
        finally:
            signal.signal(signal.SIGINT, usual)

    def outcome(self, reports: Sequence[Report], seconds: float) -> Outcome:
        results = [as_result(report) for report in reports]
        return Outcome("explore", self._terms, self._part, results, seconds, self.is_stopped)

    @property
    def is_stopped(self) -> bool:
        return self._explorations.is_stopped

    def _stop(self, _signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._explorations.is_stopped = True

    def _come(self) -> Iterator[Report]:
        for one in self._explorations.come():
            if isinstance(one, Report):
                self._watching.ends(one.story)
                yield one
            else:
                self._watching.shows(one)


def _preempted(story: AnyStory, at_most: int) -> AnyStory:
    if at_most < 0:
        raise Usage(f"--preemptions {at_most} makes no sense: give 0 or more")
    return replace(story, preemptions=at_most) if isinstance(story, SeveralClients) else story


def _unplanted(options: argparse.Namespace) -> None:
    if options.coverage and options.plant:
        raise Usage("--coverage is of conman as it is: leave out --plant")


def _patches(plant: str) -> tuple[Patch, ...]:
    return patches_of(plant) if plant else ()


def _print(report: Report, page: replay.Page, *, plant: str = "") -> None:
    end = "fixpoint" if report.fixpoint else f"NOT AT ITS END, {report.frontier} to go on from"
    sys.stdout.write(
        f"{report.story:16} {len(report.points):4} points {report.states:6} crash states "
        f"{report.crashes:8} crashes {report.runs:6} lives {report.seconds:7.1f} s  {end}, "
        f"{len(report.violations)} violations{_turns(report)}\n"
    )
    sys.stdout.flush()
    for invariant, path, _ in report.violations[:1]:
        story = find_story(report.story)
        replay.run(ReplayId(story, shrunk(story, path, invariant), invariant, plant), page)


def _turns(report: Report) -> str:
    return f", {report.turns} turns" if report.turns else ""


def _total(outcome: Outcome) -> None:
    """Of this part, or of all."""
    reports = reports_of(outcome)
    stories = outcome.shard.of(outcome.terms["stories"], "stories")
    points = {point for report in reports for point in report.points}
    violations = sum(len(report.violations) for report in reports)
    fixpoints = sum(report.fixpoint for report in reports)
    if len(reports) < len(stories):
        sys.stdout.write("stopped: this is the result so far\n")
    begun = {report.story for report in reports}
    sys.stdout.writelines(f"{name:16} NOT BEGUN\n" for name in stories if name not in begun)
    sys.stdout.write(
        f"{len(stories)} stories, {fixpoints} to the fixpoint: {len(points)} points, "
        f"{sum(r.states for r in reports)} distinct crash states, "
        f"{sum(r.crashes for r in reports)} crashes, {sum(r.runs for r in reports)} lives of a "
        f"daemon in {outcome.seconds:.1f} s, {violations} violations\n"
        f"each core: {_rates(reports)}\n"
    )


def _rates(reports: list[Report]) -> str:
    """A crash is judged with the first that came to the same state; a life ends where another has been."""
    seconds = max(sum(report.cpu for report in reports), 1e-3)
    crashes, lives = (sum(r.crashes for r in reports), sum(r.runs for r in reports))
    return f"{crashes / seconds:.0f} crashes and {lives / seconds:.0f} lives a second"


# ---- replay ------------------------------------------------------------------------------------


def _replay(options: argparse.Namespace) -> int:
    asked = replace(read(options.id), plant=options.plant)
    with planted(_patches(options.plant)):
        return replay.run(asked, replay.Page(options.html))


# ---- words -------------------------------------------------------------------------------------


def _jobs(options: argparse.Namespace) -> int:
    if options.jobs < 1:
        raise Usage(f"--jobs {options.jobs} makes no sense: give 1 or more")
    return options.jobs


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has seen enough. What is still buffered must not be tried again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
