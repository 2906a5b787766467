"""Of the oracle what is about a container's log (I16): at the commit of a run's end, and at an answer.

A simulated host has no output, only who may have read it (`world.kept`), and whether a log has its name.
"""

from conman.core.model import Container
from scenarios.tally import met
from scenarios.violation import Violation
from scenarios.world import World


def ended(world: World, row: Container) -> None:
    """Its end is durable: nothing that it wrote was thrown away, and somebody has read all."""
    met("I16")
    run = (row.id, row.run)
    if run in world.kept.dropped:
        raise Violation("I16", f"run {row.run} of {row.name} has ended, and its output was dropped")
    if _has_rest(world, row):
        raise Violation(
            "I16", f"run {row.run} of {row.name} has ended, and its log is not complete"
        )


def _has_rest(world: World, row: Container) -> bool:
    """Whether what its program wrote is not all in the log yet."""
    run = (row.id, row.run)
    # Where the environment has killed its shim, what it had not read may have gone with the FIFOs.
    is_excused = world.disturbed or world.kept.has_lost_run
    began = (run, world.boot) in world.started
    return began and run not in world.kept.drained and not is_excused


def reopened(world: World, row: Container) -> None:
    """That is what was answered just now."""
    met("I16")
    if world.disk.find(world.layout().log(row.id)) is None:
        raise Violation("I16", f"the log of {row.name} is told as reopened, and there is none")


def not_written_to(world: World, row: Container) -> None:
    """That is what was answered just now: whoever believes it never asks again."""
    met("I16")
    cgroups = {world.layout().cgroup(row.id, run) for run in (row.run, row.run + 1)}
    inits = [one for one in world.processes.values() if one.kind == "init" and one.alive]
    if any(one.cgroup in cgroups for one in inits):
        raise Violation(
            "I16", f"nobody writes to the log of {row.name}, it is told, and somebody may"
        )
    if _has_rest(world, row):
        raise Violation(
            "I16", f"nobody writes to the log of {row.name}, it is told, and a rest comes"
        )
