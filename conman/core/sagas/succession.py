"""What follows a shim's death: its container goes on, and a successor goes on logging.

Nothing of the container is touched. No intent is written, for a successor is nothing but the shim that
the row owns anyway. The saga tries once; when it is tried again is `conman.core.orphans`'.
"""

from enum import Enum

from conman.core.admission import Now, Setting, settle_intent
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import why_not
from conman.core.model import Container, State
from conman.core.sagas.settle import unprepare
from conman.core.sagas.successor import begin_successor
from conman.primitives.steps import Absent, Done, Held


class Fate(Enum):
    """What became of an orphaned run."""

    LOGGED = "a shim reads its output again"
    LOST = "its FIFOs are gone: nobody can ever read its output"
    AGAIN = "no successor could be started now"


async def succeed(row: Container, setting: Setting, now: Now) -> tuple[Fate, str]:
    """One try; the words say why not."""
    held = await v.HoldOutput(row.id, row.run)
    if isinstance(held, Absent):
        return await _without_output(row, setting, now)
    if not isinstance(held, Held):
        return Fate.AGAIN, why_not(held)
    if why := await begin_successor(row.id, row.run):
        return Fate.AGAIN, why
    watched = await v.WatchShim(row.id, row.run)
    if not isinstance(watched, Done):
        # Nobody would follow its death; the next try finds it there.
        return Fate.AGAIN, f"its end cannot be seen: {why_not(watched)}"
    return Fate.LOGGED, ""


async def _without_output(row: Container, setting: Setting, now: Now) -> tuple[Fate, str]:
    """A program goes on as it can. A run that waits for its start cannot be started any more."""
    if row.state is State.CREATED:
        await unprepare(row, settle_intent(row, setting, now), setting)
        return Fate.LOGGED, ""
    return Fate.LOST, ""
