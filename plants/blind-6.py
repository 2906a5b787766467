"""The intent of an update is recorded without the list of what it sets.

`_set` is handed the controls beside the intent, sets them, and takes them back if the kernel refuses:
everything works. Only the recorded intent has none, and all of nothing is set: recovery takes the update
for done.

A user suffers: conmand dies while it lowers a memory limit. The retry is told OK, the record shows the
new limit, and the cgroup holds the old one, or one file of two.

Expected: I8, or I9 (the row and the cgroup differ at rest). Guessed story: `update`, `update-refused`.
"""

from dataclasses import replace

from conman.core.effects import vocabulary as v
from conman.core.limits import refused
from conman.core.model import PutIntent
from conman.core.requests import ContainerUpdated
from conman.core.sagas import update
from conman.core.sagas.commits import commit, persist
from conman.primitives.steps import Absent, Done, Failed
from scenarios.museum.exhibit import Replaced


async def set_limits(_, row, intent, warnings):
    """The original's lines; what is recorded is not what is done."""
    recorded = v.RecordIntent((PutIntent(replace(intent, controls=())),))
    if (refusal := await commit(recorded, row.id)) is not None:
        return refusal
    outcome = await v.SetLimits(row.id, row.run, intent.controls)
    if isinstance(outcome, Done | Absent):
        await persist(v.CommitUpdated(update._updated(row, intent)), row.id)
        return ContainerUpdated(warnings)
    put_back = await update._undo(row, intent)
    words = outcome.text if isinstance(outcome, Failed) else "nothing in time"
    if isinstance(put_back, Failed):
        words += f", and then, of what was before, {put_back.text}"
    return refused(row.name, words)


PATCHES = (Replaced("conman.core.sagas.update._set", set_limits),)
