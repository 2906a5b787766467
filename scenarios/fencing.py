"""Whom a fence ends on the simulated host, and what goes with a shim that hung.

A shim that is silent may be ended by conman: that nobody knows then what it knew is no fault of conman's. Of
one that would have answered it is.
"""

from dataclasses import replace

from scenarios.runtime_calls import end_call
from scenarios.world import World

#: So many that it let pass in a row say that a shim hangs; no other question does, for that may take its time.
HELLOS = 3
#: What may be asked beside what is done to the container: its answer, or none, decides nothing there.
_BESIDE = ("stream", "reopen-log")


def fence(world: World, lock: str, marker: str, state_directory: str) -> None:
    """Nobody holds this lock or bears these marks any more."""
    if world.disk.find(lock) is None:
        return
    marks = [marker]
    if state_directory:
        marks.append(f"_LIBCONTAINER_STATEDIR={state_directory}")
    # Among the holders may be a request in the zygote's hands: it is waited for, and its shim ended.
    for pid in sorted({*world.bearers(*marks), *world.holders(lock)}):
        end_silent(world, pid)
        end_call(world, pid)


def end_silent(world: World, pid: int) -> None:
    """If this is a shim that hangs, as far as anybody can tell: it is ended, and nobody knows what it knew."""
    for one in list(world.shims.values()):
        if one.pid == pid and (one.hellos >= HELLOS or world.processes[pid].stopped):
            world.shim_lost(one.directory)


def waited_in_vain(world: World, directory: str, op: str) -> None:
    """A daemon's patience with this shim was over before it answered."""
    if op == "hello":
        one = world.shims[directory]
        world.shims[directory] = replace(one, hellos=one.hellos + 1)


def heard(world: World, directory: str, op: str) -> None:
    """It has answered a daemon, unless it is dead by now: so it did not hang."""
    one = world.shims.get(directory)
    if one is not None and op not in _BESIDE:
        world.shims[directory] = replace(one, hellos=0)
