"""A shim for a run whose own one is dead: it goes on logging, and can wait for nobody.

It is the run's shim like the first: the same directory, lock and mark, owned by the row. So it needs no
intent: whoever finds it half begun goes on from its first line.
"""

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import why_not
from conman.core.shim_call import told_state
from conman.primitives.steps import Done

_SILENT = "it has not said that it does"


async def begin_successor(container_id: str, run: int) -> str:
    """Why there is none; "" when a shim reads this run's output. Its FIFOs are held already."""
    spawned = await v.SpawnShim(container_id, run)
    if not isinstance(spawned, Done):
        return f"no shim could be started: {why_not(spawned)}"
    return await _succeed(container_id, run)


async def greet(container_id: str, run: int) -> None:
    """A new daemon says hello. A shim that its predecessor had only begun is told what it is for."""
    known = told_state(await v.HelloShim(container_id, run))
    if known is not None and known.is_idle:
        await _succeed(container_id, run)


async def _succeed(container_id: str, run: int) -> str:
    told = await v.SucceedShim(container_id, run)
    known = told_state(told)
    if known is None or known.is_idle:
        return f"the new shim does not read: {why_not(told, _SILENT)}"
    return known.trouble and f"the new shim cannot read: {known.trouble}"
