"""A commit of which the store could not say whether it happened is taken for one that did not.

No look at the reopened store: what was refused may be durable, and what is "tried again" may be
committed twice.

A user suffers: the disk hangs for a moment in a `stop`; the stop is refused ("nothing happened"), its
intent is in the store, and from then on every operation on the container is refused: `NameTaken`. Or the
event of one end is told twice.

Expected: I21 (an event twice), I9 or I5 (an open intent at rest). Guessed story: any, if a commit's
outcome can be unknown in the simulator; `faults` rather than `explore`.
"""

from conman.core.effects.effect import NotCommitted, Unknown
from scenarios.museum.exhibit import Replaced


async def settled(_, effect, container_id):  # noqa: ARG001 - as the original has it
    """One try, and no second look."""
    outcome = await effect
    return NotCommitted("the store does not answer") if isinstance(outcome, Unknown) else outcome


PATCHES = (Replaced("conman.core.sagas.commits._settled", settled),)
