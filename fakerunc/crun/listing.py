"""What crun's `list` finds: every container of a root; who has no status file is none.

One that does not parse ends it, unlike runc's. It must never change anything.
"""

import os

from fakerunc.cgroups import FOLDER
from fakerunc.crun import plans, printed
from fakerunc.crun.files import CRUN
from fakerunc.crun.line import Misused
from fakerunc.model import Answer, StateFile
from fakerunc.place import made
from fakerunc.state import StateDirectory


def shown(root: str, form: str, *, only_ids: bool) -> Answer:
    if form not in {"table", "json"}:
        raise Misused(f"crun: invalid format `{form}`")
    rows, complaint = _rows(root)
    if complaint and form == "json":
        return Answer(1, "", complaint)
    if only_ids:
        text = "".join(f"{record.id}\n" for record, _, _ in rows)
    else:
        text = printed.listed(rows) if form == "json" else printed.table(rows)
    # crun has begun to print by then, and leaves with what its last call gave it.
    return Answer(255, text, complaint, unlogged=True) if complaint else Answer(0, text, "")


def _rows(root: str) -> tuple[list[printed.Row], str]:
    rows: list[printed.Row] = []
    for name in sorted(os.listdir(made(root))):
        directory = StateDirectory(root, name, CRUN)
        if name == FOLDER or not os.path.isdir(directory.path):
            continue
        view, record = directory.look()
        if record:
            rows.append((record, plans.status(view).value, record.owner))
        elif view.state is not StateFile.ABSENT:
            return rows, plans.complaint_about_status(view, directory.path)
    return rows, ""
