"""The museum as the table of docs/track-record.md: what is generated there, and by whom.

`python -m scenarios museum --table` prints it. Lives are the same everywhere; seconds are not, so they
are rounded up.
"""

from collections.abc import Sequence
from math import ceil

from scenarios.museum.exhibit import AnyExhibit, Exhibit
from scenarios.museum.finding import Finding

_HEAD = (
    "| | exhibit | what goes wrong | whose | layer | story | violates | lives | s |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


def table(exhibits: Sequence[AnyExhibit], findings: Sequence[Finding]) -> str:
    rows = (row(one, found) for one, found in zip(exhibits, findings, strict=True))
    return _HEAD + "".join(rows)


def row(exhibit: AnyExhibit, finding: Finding) -> str:
    cells = (
        *identity(exhibit),
        _violated(exhibit, finding),
        str(finding.lives),
        str(ceil(finding.seconds)),
    )
    return f"| {' | '.join(cells)} |\n"


def _violated(exhibit: AnyExhibit, finding: Finding) -> str:
    if not finding.is_found:
        return "**not found**"
    return finding.violated if isinstance(exhibit, Exhibit) else f"`{finding.violated}`"


def identity(exhibit: AnyExhibit) -> tuple[str, ...]:
    """The cells that do not depend on a run."""
    return (
        exhibit.letter,
        f"`{exhibit.name}`",
        exhibit.title,
        exhibit.peer or "-",
        exhibit.layer,
        f"`{exhibit.story}`",
    )
