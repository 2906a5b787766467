"""`--format` of what is a list: `json`, a template, or `table` and a template. For ps and stats.

It must never print a row that it cannot finish: a name that nobody knows is refused before there are rows.
"""

import json
from collections.abc import Mapping, Sequence

from conman.ctl.failure import visible
from conman.ctl.table import Column, look_of_stdout, table
from conman.ctl.template import Place, Template, understood, unknown

# What is shorter is never cut: a short id.
_LEAST = 12


class RowFormat:
    """`titles`: what may be named, and what heads it in a table. Raises click's UsageError."""

    def __init__(self, text: str, titles: Mapping[str, str]) -> None:
        self._titles = titles
        self._is_json = text == "json"
        self._is_table = text.startswith(("table ", "table{{"))
        wanted = text.removeprefix("table").lstrip() if self._is_table else text
        self._columns = [understood(each) for each in self._cells(wanted)]
        for column in self._columns:
            _check(column, titles)

    def lines(self, rows: Sequence[Mapping[str, str]], colours: Sequence[str] = ()) -> list[str]:
        """`rows`: values by the names of the titles. `colours`: as `table` has them."""
        if self._is_json:
            return [json.dumps(row) for row in rows]
        if not self._is_table:
            return [self._columns[0].filled(row, visible) for row in rows]
        columns = [Column(each.filled(self._titles), _LEAST) for each in self._columns]
        cells = [[each.filled(row) for each in self._columns] for row in rows]
        return table(columns, cells, look_of_stdout(), colours)

    def _cells(self, wanted: str) -> list[str]:
        return wanted.replace("\\t", "\t").split("\t") if self._is_table else [wanted]


def row_format(text: str | None, titles: Mapping[str, str]) -> RowFormat | None:
    """None: the table that the command has by itself."""
    return RowFormat(text, titles) if text and text != "table" else None


def _check(template: Template, titles: Mapping[str, str]) -> None:
    for place in template.places:
        if not _is_known(place, titles):
            raise unknown(place, titles)


def _is_known(place: Place, titles: Mapping[str, str]) -> bool:
    if not place.path:
        return place.as_json
    return len(place.path) == 1 and place.path[0] in titles
