"""`python -m scenarios museum`: every exhibit planted, explored, and told of in a table.

Finds come first, over all cores; then each story is explored with nothing planted, as many lives long
as its longest find: it must be clean. Exit 1: one exhibit was not found, or a story is not clean.
"""

import difflib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from time import monotonic

from scenarios import worker
from scenarios.museum.all_exhibits import EXHIBITS
from scenarios.museum.exhibit import Exhibit
from scenarios.museum.finding import Finding, find, is_clean, lives_by_story
from scenarios.museum.track_record import table
from scenarios.usage import Usage
from scenarios.violation import SENTENCES


def museum(
    names: Sequence[str], *, jobs: int, without: Sequence[str], as_json: bool, as_table: bool
) -> int:
    """The exit code."""
    began, exhibits = monotonic(), chosen(names)
    findings: list[Finding] = []
    with ProcessPoolExecutor(jobs, initializer=worker.begin) as pool:
        for finding in pool.map(_found, [e.name for e in exhibits], [without] * len(exhibits)):
            findings.append(finding)
            if not as_table:
                _print(_exhibit(finding.name), finding, as_json=as_json)
        stories = lives_by_story(exhibits, findings)
        dirty = _dirty(zip(stories, pool.map(is_clean, stories, stories.values()), strict=True))
    if as_table:
        sys.stdout.write(table(exhibits, findings))
    lost = [one for one in findings if not one.is_found]
    sys.stderr.writelines(f"not clean without anything planted: {words}\n" for words in dirty)
    if not as_json and not as_table:
        _total(findings, lost, len(stories) - len(dirty), monotonic() - began)
    return 1 if lost or dirty else 0


def chosen(names: Sequence[str]) -> list[Exhibit]:
    return [_exhibit(name) for name in names] or list(EXHIBITS)


def invariants(words: Sequence[str]) -> frozenset[str]:
    """What `--without` names."""
    for word in words:
        if word not in SENTENCES:
            known = ", ".join(SENTENCES)
            raise Usage(f"--without {word!r}: there is no such invariant; there are {known}")
    return frozenset(words)


def _found(name: str, without: Sequence[str]) -> Finding:
    return find(_exhibit(name), frozenset(without))


def _exhibit(name: str) -> Exhibit:
    for exhibit in EXHIBITS:
        if exhibit.name == name:
            return exhibit
    near = difflib.get_close_matches(name, [exhibit.name for exhibit in EXHIBITS], 1)
    hint = f"; did you mean {near[0]}?" if near else " (python -m scenarios museum shows all)"
    raise Usage(f"there is no exhibit {name!r}{hint}")


def _dirty(stories: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name}: {words}" for name, words in stories if words]


def _print(exhibit: Exhibit, finding: Finding, *, as_json: bool) -> None:
    if as_json:
        fields = asdict(finding) | {"peer": exhibit.peer, "letter": exhibit.letter}
        fields |= {"layer": exhibit.layer, "story": exhibit.story, "found": finding.is_found}
        sys.stdout.write(json.dumps(fields, sort_keys=True) + "\n")
    else:
        sys.stdout.writelines(_lines(exhibit, finding))
    sys.stdout.flush()


def _lines(exhibit: Exhibit, finding: Finding) -> Iterator[str]:
    word = f"found {finding.violated}" if finding.is_found else "NOT FOUND"
    yield (
        f"{exhibit.letter} {exhibit.name:36} {exhibit.peer or 'none':24} {exhibit.layer:5} "
        f"{exhibit.story:20} {word:10} {finding.lives:6} lives {finding.seconds:6.1f} s\n"
    )
    if not finding.is_found:
        yield f"  {finding.why}\n"


def _total(findings: list[Finding], lost: list[Finding], clean: int, seconds: float) -> None:
    sys.stdout.write(
        f"{len(findings) - len(lost)} of {len(findings)} found; {clean} stories explored as long "
        f"with nothing planted are clean; {seconds:.1f} s\n"
    )
