"""Prints what `list` prints: every container of a root, and a warning for what it cannot load.

It must never fail because of one bad directory: neither does runc.
"""

import os
import pwd

from fakerunc import stdio
from fakerunc.cgroups import FOLDER
from fakerunc.model import Record, listing_warning, render_list, status
from fakerunc.state import StateDirectory

Row = tuple[Record, str, str]

_HEADER = ("ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER")
_NARROWEST, _GAP = 12, 3


def print_list(root: str, form: str, *, only_ids: bool) -> str:
    """What goes to stdout; the warnings are written. A ValueError for a form that runc has not."""
    rows = list(_rows(root))
    if only_ids:
        return "".join(f"{record.id}\n" for record, _, _ in rows)
    match form:
        case "table":
            return _table(rows)
        case "json":
            return render_list(rows)
        case _:
            raise ValueError("invalid format option")


def _rows(root: str) -> list[Row]:
    rows: list[Row] = []
    for name in sorted(os.listdir(root)):
        directory = StateDirectory(root, name)
        if name == FOLDER or not os.path.isdir(directory.path):
            continue
        view, record = directory.look()
        if warning := listing_warning(name, view):
            stdio.write(2, f"{warning}\n")
        elif record:
            rows.append((record, status(view).value, _owner(directory.path)))
    return rows


def _owner(path: str) -> str:
    uid = os.stat(path).st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"


def _table(rows: list[Row]) -> str:
    """Columns as Go's tabwriter sets them with runc's numbers; the last one is left ragged."""
    lines = [_HEADER, *(_cells(*row) for row in rows)]
    widths = [max(_NARROWEST, *(len(line[k]) + _GAP for line in lines)) for k in range(5)]
    return "".join(
        "".join(cell.ljust(width) for cell, width in zip(line, widths, strict=False))
        + line[-1]
        + "\n"
        for line in lines
    )


def _cells(record: Record, word: str, owner: str) -> tuple[str, ...]:
    pid = 0 if word == "stopped" else record.pid
    return (record.id, str(pid), word, record.bundle, record.created, owner)
