"""`python -m scenarios museum`: every exhibit planted, explored, and told of in a table.

Finds come first, over all cores; then each story is explored with nothing planted, as many lives long
as its longest find: it must be clean. So must the tests be that find what is planted in the performers. Exit
1: one exhibit was not found, or a story is not clean.
"""

import difflib
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from time import monotonic

from scenarios import outcomes, worker
from scenarios.museum import host_finding
from scenarios.museum.all_exhibits import EXHIBITS
from scenarios.museum.exhibit import AnyExhibit, HostExhibit
from scenarios.museum.finding import Finding, find, is_clean, lives_by_story
from scenarios.museum.track_record import table
from scenarios.outcomes import Outcome, Result
from scenarios.shards import Shard
from scenarios.usage import Usage
from scenarios.violation import SENTENCES


def museum(
    names: Sequence[str],
    *,
    jobs: int,
    without: Sequence[str],
    part: Shard,
    json: str,
    as_table: bool,
) -> int:
    """The exit code."""
    outcomes.check(json)
    began, quiet = monotonic(), as_table or json == "-"
    exhibits = _part(chosen(names), part)
    results = _results(exhibits, jobs, without, quiet=quiet)
    terms = {"exhibits": list(names), "without": list(without)}
    outcome = Outcome("museum", terms, part, results, monotonic() - began)
    outcomes.write(outcome, json)
    if as_table:
        sys.stdout.write(table(exhibits, _findings(outcome)))
    _total(outcome, quiet=quiet)
    return 1 if is_broken(outcome) else 0


def _part(exhibits: Sequence[AnyExhibit], part: Shard) -> list[AnyExhibit]:
    """All of a story in one part: it is explored with nothing planted once."""
    stories = part.of(list(dict.fromkeys(exhibit.story for exhibit in exhibits)), "stories in it")
    return [exhibit for exhibit in exhibits if exhibit.story in stories]


def _results(
    exhibits: Sequence[AnyExhibit], jobs: int, without: Sequence[str], *, quiet: bool
) -> list[Result]:
    """One for each exhibit, then one for each story."""
    findings: list[Finding] = []
    with ProcessPoolExecutor(jobs, initializer=worker.begin) as pool:
        for finding in pool.map(_found, [e.name for e in exhibits], [without] * len(exhibits)):
            findings.append(finding)
            if not quiet:
                _print(finding)
        stories = lives_by_story(exhibits, findings)
        words = pool.map(_dirt, stories, stories.values())
        clean = [{"story": one, "dirty": dirty} for one, dirty in zip(stories, words, strict=True)]
    return [*map(asdict, findings), *clean]


def _findings(outcome: Outcome) -> list[Finding]:
    """In the order of the museum."""
    places = {exhibit.name: place for place, exhibit in enumerate(EXHIBITS)}
    findings = [Finding(**one) for one in outcome.results if "story" not in one]
    return sorted(findings, key=lambda one: places[one.name])


def _dirty(outcome: Outcome) -> list[str]:
    stories = [one for one in outcome.results if "story" in one]
    return [f"{one['story']}: {one['dirty']}" for one in stories if one["dirty"]]


def is_broken(outcome: Outcome) -> bool:
    return bool(_dirty(outcome)) or not all(one.is_found for one in _findings(outcome))


def tell(outcome: Outcome) -> None:
    """To a person, on stdout."""
    for finding in _findings(outcome):
        _print(finding)
    _total(outcome, quiet=False)


def chosen(names: Sequence[str]) -> list[AnyExhibit]:
    """In the order of the museum, as findings are told; without names all. Raises Usage."""
    asked = {_exhibit(name).name for name in names}
    return [one for one in EXHIBITS if not asked or one.name in asked]


def invariants(words: Sequence[str]) -> frozenset[str]:
    """What `--without` names."""
    for word in words:
        if word not in SENTENCES:
            known = ", ".join(SENTENCES)
            raise Usage(f"--without {word!r}: there is no such invariant; there are {known}")
    return frozenset(words)


def _found(name: str, without: Sequence[str]) -> Finding:
    exhibit = _exhibit(name)
    if isinstance(exhibit, HostExhibit):
        return host_finding.find(exhibit)
    return find(exhibit, frozenset(without))


def _dirt(story: str, lives: int) -> str:
    """What the first violation is, or the first test that fails, with nothing planted."""
    is_file = any(one.story == story for one in EXHIBITS if isinstance(one, HostExhibit))
    return host_finding.is_clean(story) if is_file else is_clean(story, lives)


def _exhibit(name: str) -> AnyExhibit:
    for exhibit in EXHIBITS:
        if exhibit.name == name:
            return exhibit
    near = difflib.get_close_matches(name, [exhibit.name for exhibit in EXHIBITS], 1)
    hint = f"; did you mean {near[0]}?" if near else " (python -m scenarios museum shows all)"
    raise Usage(f"there is no exhibit {name!r}{hint}")


def _print(finding: Finding) -> None:
    sys.stdout.writelines(_lines(_exhibit(finding.name), finding))
    sys.stdout.flush()


def _lines(exhibit: AnyExhibit, finding: Finding) -> Iterator[str]:
    word = f"found {finding.violated}" if finding.is_found else "NOT FOUND"
    yield (
        f"{exhibit.letter} {exhibit.name:36} {exhibit.peer or 'none':24} {exhibit.layer:5} "
        f"{exhibit.story:20} {word:10} {finding.lives:6} lives {finding.seconds:6.1f} s\n"
    )
    if not finding.is_found:
        yield f"  {finding.why}\n"


def _total(outcome: Outcome, *, quiet: bool) -> None:
    findings, dirty = _findings(outcome), _dirty(outcome)
    sys.stderr.writelines(f"not clean without anything planted: {words}\n" for words in dirty)
    if not quiet:
        clean = len(outcome.results) - len(findings) - len(dirty)
        sys.stdout.write(
            f"{sum(one.is_found for one in findings)} of {len(findings)} found; {clean} stories "
            f"explored as long with nothing planted are clean; {outcome.seconds:.1f} s\n"
        )
