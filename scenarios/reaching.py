"""What a step of the daemon may reach: the processes that it means, and nothing of what is whole or answers.

The oracle's moment before each step, I15 and I17. It looks at the host as it is then, and never into the core.
"""

from conman.core.model import State
from conman.primitives import steps as s
from conman.primitives.steps import ProcessId
from scenarios.fencing import HELLOS
from scenarios.identities import is_passed_on, is_strangers
from scenarios.tally import met
from scenarios.violation import Violation
from scenarios.world import World

_GOES_ON = (State.RUNNING, State.PAUSED)


def begun(world: World, step: s.Step) -> None:
    """The daemon is about to do this: to whom it means, and to nothing that is whole."""
    match step:
        case s.SignalProcess(process) | s.StopProcess(process) | s.WatchProcess(process=process):
            _reaches(world, type(step).__name__, process)
        case s.Rename(path) | s.Unlink(path) | s.RemoveTree(path):
            _takes(world, path)
        case s.Fence(marker=marker) | s.EndMembers("", marker):
            _spares(world, marker)
        case _:
            pass


def _reaches(world: World, what: str, process: ProcessId) -> None:
    if is_passed_on(world, process.pid):
        met("I17")
    if is_strangers(world, process):
        raise Violation("I17", f"{what} reaches a stranger, who has the pid of an ended process")


def _takes(world: World, path: str) -> None:
    """What a row without an open intent keeps is not the daemon's to take."""
    layout = world.layout()
    for row in world.storage.containers.values():
        valid = (layout.container, layout.bundle, layout.config, layout.upper, layout.rootfs)
        if row.id not in world.storage.intents and path in {of(row.id) for of in valid}:
            raise Violation("I15", f"{row.name} is whole, and {path} is removed")


def _spares(world: World, marker: str) -> None:
    """A shim that answers is not ended under a program that is to go on, nor one that was not asked."""
    fenced = {pid for pid in world.bearers(marker) if not world.processes[pid].stopped}
    for row in world.storage.containers.values():
        one = world.shims.get(world.layout().shim(row.id, row.run))
        is_going_on = row.state in _GOES_ON and row.init and world.alive(row.init.process)
        if one is not None and is_going_on and one.pid in fenced and one.hellos < HELLOS:
            raise Violation("I15", f"{row.name} goes on, and its shim, which answers, is ended")
