"""Rename: one commit and nothing on the host, for whatever lies there is named after ids.

The unique index decides between two who want one name. There is never an open intent, so no recovery.
"""

from conman.core.effects import vocabulary as v
from conman.core.model import Change, Container, Intent, PutContainer, ReleaseName, ReserveName
from conman.core.requests import Okay, Reply
from conman.core.sagas.commits import closing, commit, event
from conman.errors import Refusal
from conman.frozen import replace


async def rename_container(row: Container, intent: Intent) -> Reply:
    renamed = replace(row, name=intent.name)
    names: tuple[Change, ...] = (ReleaseName(row.id), ReserveName(renamed.name, row.id))
    told = event("renamed", renamed, intent.at)
    changes = (*names, PutContainer(renamed), *closing(intent), told)
    refusal = await commit(v.CommitRenamed(changes), row.id)
    return Okay() if refusal is None else _about_the_new_name(refusal)


def _about_the_new_name(refusal: Refusal) -> Refusal:
    return replace(refusal, field="new_name") if refusal.field == "name" else refusal
