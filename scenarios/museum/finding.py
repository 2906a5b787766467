"""Whether the harness finds a planted bug: by the default exploration, as the invariant that it names.

Found is strict: the first violation is of a named invariant, the change was reached, and the same
exploration of what is not changed, as many lives long, is clean. An exception in the core is no find.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from time import process_time

from scenarios.explore import Report
from scenarios.museum.exhibit import AnyExhibit, Exhibit, planted
from scenarios.preemptions import explorer_of
from scenarios.stories.all_stories import EVERY
from scenarios.story import AnyStory

#: Of a processor, not of a clock: what else a machine does is no merit of a bug. No exhibit has more.
SECONDS_AT_MOST = 60.0


class _Enough(Exception):
    """As many lives, or as long, as was asked for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one exhibit. `violated`: the first invariant, "" for none; `why`: of not found.

    `path`: how it came to that; `lives`, `crashes`: what the exploration had tried by then.
    """

    name: str
    violated: str
    path: tuple[str, ...]
    what: str
    reached: int
    lives: int
    crashes: int
    seconds: float
    why: str = ""

    @property
    def is_found(self) -> bool:
        return not self.why


def find(exhibit: Exhibit, ignored: frozenset[str] = frozenset()) -> Finding:
    """Explore its story with the bug in place. `ignored`: invariants that are switched off."""
    began, crash = process_time(), ""

    def in_time(_report: Report) -> None:
        if process_time() - began > SECONDS_AT_MOST:
            raise _Enough

    explorer = explorer_of(story(exhibit.story), on_progress=in_time, ignored=ignored)
    with planted(exhibit.patches) as reached:
        try:
            with suppress(_Enough):
                explorer.explore()
        except Exception as error:  # noqa: BLE001 - whatever it is: it is no find, and is told
            crash = f"{type(error).__name__}: {error}"
    return _judged(exhibit, explorer.report, reached.times, process_time() - began, crash)


def _judged(exhibit: Exhibit, report: Report, reached: int, seconds: float, crash: str) -> Finding:
    violated, path, what = report.violations[0] if report.violations else ("", (), "")
    finding = Finding(
        exhibit.name, violated, path, what, reached, report.runs, report.crashes, seconds
    )
    return replace(finding, why=crash or _why_not(exhibit, finding, fixpoint=report.fixpoint))


def _why_not(exhibit: Exhibit, finding: Finding, *, fixpoint: bool) -> str:
    if not finding.reached:
        return "the change was never reached"
    if not finding.violated:
        end = "to the fixpoint" if fixpoint else f"in {SECONDS_AT_MOST:.0f} s"
        return f"no violation {end}"
    if finding.violated not in exhibit.invariants:
        return f"it violates {finding.violated}: {finding.what}"
    return ""


def is_clean(name: str, lives: int) -> str:
    """The same exploration with nothing planted, as many lives long: the first violation's words."""

    def enough(report: Report) -> None:
        if report.runs >= lives:
            raise _Enough

    explorer = explorer_of(story(name), on_progress=enough)
    with suppress(_Enough):
        explorer.explore()
    return f"{explorer.report.violations[0][2]}" if explorer.report.violations else ""


def lives_by_story(exhibits: Iterable[AnyExhibit], findings: Iterable[Finding]) -> dict[str, int]:
    """How long each story's unchanged exploration must be."""
    stories = {exhibit.name: exhibit.story for exhibit in exhibits}
    longest: dict[str, int] = {}
    for finding in findings:
        name = stories[finding.name]
        longest[name] = max(longest.get(name, 0), finding.lives)
    return longest


def story(name: str) -> AnyStory:
    return next(one for one in EVERY if one.name == name)
