"""A disk below DATA without space, until somebody makes some: what fails on it, and what a failed write leaves.

RUN is in memory, and has space. Names go and come back without any, so what is renamed or removed is. Nothing here
knows what conman wants.
"""

from conman.primitives import steps as s
from scenarios.world import DATA, World

#: How often time passes before there is space again; at rest there is some at once.
FOR_A_WHILE = 3


def fill(world: World, times: int = FOR_A_WHILE) -> None:
    world.full = times
    world.disturbed = True


def time_passes(world: World) -> None:
    world.full = max(0, world.full - 1)


def empty(world: World) -> bool:
    """Space returns, whoever has waited for it; False: there was some."""
    was_full, world.full = bool(world.full), 0
    return was_full


def refusal(world: World, step: s.Step) -> s.Failed | None:
    """None: there is space for this step, or it needs none. A file that was opened for writing is empty then."""
    if not world.full or not _needs_space(world, step):
        return None
    if isinstance(step, s.WriteFile) and world.disk.find(step.path) is not None:
        world.disk.write(step.path, b"")
    return s.Failed("ENOSPC", "No space left on device")


def _needs_space(world: World, step: s.Step) -> bool:
    match step:
        case s.MakeDirectory(path) | s.MakeFifo(path):
            return _is_on_it(path) and world.disk.find(path) is None
        case s.WriteFile(path) | s.CopyTree(target=path):
            return _is_on_it(path)
        case _:
            return False


def _is_on_it(path: str) -> bool:
    return path.startswith(f"{DATA}/")
