"""`python -m scenarios`: list, points, explore, replay, swarm, faults, museum, mutate. The harness at the command line.

Exit 0: all as told; 1: an invariant does not hold, with its trace and the command that repeats it; 2: bad
usage, in one sentence; 130: stopped by ^C, with the result so far.
"""

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from time import monotonic

from scenarios.commands import faults, mutate, replay, swarm
from scenarios.explore import Report
from scenarios.museum.command import chosen, invariants, museum
from scenarios.museum.exhibit import Patch, planted
from scenarios.museum.plant_file import patches_of
from scenarios.parallel import Explorations
from scenarios.progress import Watching
from scenarios.replay_ids import BadId, ReplayId, find_story, read
from scenarios.shrinking import shrunk
from scenarios.stories.all_stories import EVERY
from scenarios.story import AnyStory, SeveralClients, Story
from scenarios.usage import Usage

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code."""
    options = _parser().parse_args(argv)
    try:
        match options.command:
            case "list":
                return _list()
            case "points":
                return _points(options)
            case "replay":
                return _replay(options)
            case "swarm":
                return swarm.run(options, _seconds)
            case "faults":
                return faults.run(options)
            case "museum":
                return _museum(options)
            case "mutate":
                return mutate.run(options)
            case _:
                return _explore(options)
    except (Usage, BadId, swarm.Senseless) as error:
        sys.stderr.write(f"scenarios: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scenarios", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the stories")
    for name, text in (
        ("points", "the crash points that stories reach"),
        ("explore", "all crashes of stories"),
    ):
        one = commands.add_parser(name, help=text)
        one.add_argument("stories", nargs="*", metavar="STORY", help="all by default")
        until = one.add_mutually_exclusive_group()
        until.add_argument("--budget", default="", metavar="TIME", help="per story: 60s, 5m")
        until.add_argument("--until-fixpoint", action="store_true", help="no budget, the default")
        often = "how often to say how far it is, on no terminal; 10s"
        one.add_argument("--every", default="10s", metavar="TIME", help=often)
        one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
        one.add_argument("--json", action="store_true", help="one JSON object a story")
        _add_plant(one)
        _add_without(one)
        most = "in each run of several clients, where another goes first; 2"
        one.add_argument("--preemptions", type=int, default=2, metavar="N", help=most)
        if name == "explore":
            one.add_argument("--html", default="", metavar="FILE", help="a violation as a page")
    again = commands.add_parser("replay", help="one run again, with its trace")
    again.add_argument("id", metavar="ID", help="as explore printed it; a story: undisturbed")
    again.add_argument("--html", default="", metavar="FILE", help="the run as a page, too")
    _add_plant(again)
    swarm.add_options(commands.add_parser("swarm", help=swarm.HELP))
    faults.add_options(commands.add_parser("faults", help=faults.HELP))
    _add_museum(commands.add_parser("museum", help="bugs of the field, planted and found again"))
    mutate.add_options(commands.add_parser("mutate", help=mutate.HELP))
    return parser


def _add_museum(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exhibits", nargs="*", metavar="NAME", help="all by default")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--json", action="store_true", help="one JSON object an exhibit")
    parser.add_argument("--table", action="store_true", help="as docs/track-record.md has it")
    _add_without(parser)


def _add_plant(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plant", default="", metavar="FILE", help="with this bug in place")


def _add_without(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--without", action="append", default=[], metavar="I8", help="switch an invariant off"
    )


def _museum(options: argparse.Namespace) -> int:
    chosen(options.exhibits)
    return museum(
        options.exhibits,
        jobs=_jobs(options),
        without=sorted(invariants(options.without)),
        as_json=options.json,
        as_table=options.table,
    )


def _list() -> int:
    for story in EVERY:
        sys.stdout.write(f"{story.name:18} {story.scenario:5} {story.tells}\n")
    return 0


# ---- explore -----------------------------------------------------------------------------------


def _explore(options: argparse.Namespace) -> int:
    began = monotonic()
    reports: list[Report] = []
    page = replay.Page(options.html)
    if options.html and options.json:
        raise Usage("--html shows the run that --json leaves out: give one of them")
    exploring = _Exploring(options)
    for report in exploring.reports():
        reports.append(report)
        with planted(_patches(options.plant)):
            _print(report, page, as_json=options.json, plant=options.plant)
    if not options.json:
        _total(reports, exploring.stories, monotonic() - began)
    is_broken = any(report.violations for report in reports)
    if options.html and not is_broken:
        sys.stderr.write(f"no violation, so {options.html} was not written\n")
    if is_broken:
        return 1
    return 130 if exploring.is_stopped else 0


def _points(options: argparse.Namespace) -> int:
    exploring = _Exploring(options)
    points = {point for report in exploring.reports() for point in report.points}
    sys.stdout.writelines(f"{point}\n" for point in sorted(points))
    return 130 if exploring.is_stopped else 0


class _Exploring:
    """What the words on the command line ask for."""

    def __init__(self, options: argparse.Namespace) -> None:
        asked = [find_story(name) for name in options.stories] or list(EVERY)
        self.stories = [_preempted(story, options.preemptions) for story in asked]
        budget, every = _seconds(options.budget), _seconds(options.every, "--every")
        jobs, ignored = min(_jobs(options), len(self.stories)), invariants(options.without)
        _patches(options.plant)
        self._explorations = Explorations(
            self.stories, budget=budget, jobs=jobs, plant=options.plant, ignored=ignored
        )
        self._watching = Watching(sys.stderr, len(self.stories), every=every)

    def reports(self) -> Iterator[Report]:
        """As they come; on ^C those that were begun, as far as they are. A second ^C ends it at once."""
        usual = signal.signal(signal.SIGINT, self._stop)
        try:
            yield from self._come()
        finally:
            signal.signal(signal.SIGINT, usual)

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


def _patches(plant: str) -> tuple[Patch, ...]:
    return patches_of(plant) if plant else ()


def _print(report: Report, page: replay.Page, *, as_json: bool, plant: str = "") -> None:
    if as_json:
        fields = asdict(report) | {"points": len(report.points)}
        sys.stdout.write(json.dumps(fields, sort_keys=True) + "\n")
        return
    end = "fixpoint" if report.fixpoint else f"NOT AT ITS END, {report.frontier} to go on from"
    sys.stdout.write(
        f"{report.story:16} {len(report.points):4} points {report.states:6} crash states "
        f"{report.crashes:8} crashes {report.runs:6} lives {report.seconds:7.1f} s  {end}, "
        f"{len(report.violations)} violations{_turns(report)}\n"
    )
    sys.stdout.flush()
    for invariant, path, _ in report.violations[:1]:
        story = find_story(report.story)
        shorter = shrunk(story, path, invariant) if isinstance(story, Story) else path
        replay.run(ReplayId(story, shorter, invariant, plant), page)


def _turns(report: Report) -> str:
    return f", {report.turns} turns" if report.turns else ""


def _total(reports: list[Report], stories: list[AnyStory], seconds: float) -> None:
    points = {point for report in reports for point in report.points}
    violations = sum(len(report.violations) for report in reports)
    fixpoints = sum(report.fixpoint for report in reports)
    if len(reports) < len(stories):
        sys.stdout.write("stopped: this is the result so far\n")
    begun = {report.story for report in reports}
    for story in stories:
        if story.name not in begun:
            sys.stdout.write(f"{story.name:16} NOT BEGUN\n")
    sys.stdout.write(
        f"{len(stories)} stories, {fixpoints} to the fixpoint: {len(points)} points, "
        f"{sum(r.states for r in reports)} distinct crash states, "
        f"{sum(r.crashes for r in reports)} crashes, {sum(r.runs for r in reports)} lives of a "
        f"daemon in {seconds:.1f} s, {violations} violations\n"
    )


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


def _seconds(text: str, option: str = "--budget") -> float:
    if not text:
        return float("inf")
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if found is None or float(found[1]) == 0:
        raise Usage(f"{option} {text!r} is no time: write 60s, 5m or 1h")
    return float(found[1]) * _UNITS[found[2] or "s"]


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has seen enough. What is still buffered must not be tried again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
