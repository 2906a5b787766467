"""Whom the oracle lets conman end: a shim that was silent to three hellos in a row, and no other one under a program that goes on.

A deadline that comes first (`slow`) makes a shim silent that would have answered.
"""

from dataclasses import replace

import pytest

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Outcome
from conman.core.execs import Exec
from conman.core.model import Container
from conman.core.sagas import execs
from conman.core.sagas.run import insist
from conman.primitives import steps as s
from conman.primitives.steps import Failed, TimedOut
from scenarios.faults import SLOW
from scenarios.fencing import heard, waited_in_vain
from scenarios.museum.exhibit import Replaced, planted
from scenarios.nodes import initial
from scenarios.reaching import begun
from scenarios.replay_ids import find_single
from scenarios.shims import Shim, left_alone
from scenarios.single_faults import OneFault, one
from scenarios.world import World
from tests.unit import accusing
from tests.unit.test_oracle import only, running


async def _not_greeted(_original: object, row: Container, late: Exec) -> Outcome:
    """Who does not tell an exec's end in time hangs."""
    told = await insist(row.id, v.AwaitExecExit(row.id, row.run, late.id), Failed)
    if isinstance(told, TimedOut):
        await insist(row.id, v.FenceShim(row.id, row.run))
    return told


def told_late() -> set[str]:
    """What is found where a deadline comes first, at any event of the story."""
    story = find_single("exec-kill")
    start, found, index = initial(story), set[str](), 0
    while True:
        fault = OneFault(SLOW, "", index)
        result = one(start, story, fault)
        if not fault.struck:
            return found
        found.update(result.violation[:1] if result.violation else ())
        index += 1


def test_an_exec_whose_end_is_told_late_is_no_reason_to_end_its_shim() -> None:
    assert told_late() == set()
    with planted((Replaced(f"{execs.__name__}._told_by_shim", _not_greeted),)):
        assert told_late() == {"I15"}


@pytest.mark.parametrize("hellos", [0, 2, 3])
def test_that_is_judged_also_where_it_is_ended_by_its_mark(hellos: int) -> None:
    """As it is first where its lock went with all of RUN."""
    world = running()
    row, layout = only(world), world.layout()
    shim, marker = layout.shim(row.id, row.run), layout.shim_marker(row.id, row.run)
    world.shims[shim] = replace(world.shims[shim], hellos=hellos)
    fence = s.Fence(layout.shim_lock(row.id, row.run), marker, "", 1)
    for step in (fence, s.EndMembers("", marker, 1)):
        accused = accusing.found(lambda step=step: begun(world, step))
        assert accused == ([] if hellos == 3 else ["I15"])


@pytest.mark.parametrize("op", ["exit", "exec-exit", "exec", "stream"])
def test_only_hellos_say_that_a_shim_hangs(op: str) -> None:
    world = World()
    world.shims["/d"] = Shim(1, "/d")
    for _ in range(3):
        waited_in_vain(world, "/d", op)
    assert world.shims["/d"] == Shim(1, "/d")


def test_one_that_answers_was_never_silent_nor_was_it_to_another_daemon() -> None:
    world = World()
    world.shims["/d"] = Shim(1, "/d")
    for _ in range(3):
        waited_in_vain(world, "/d", "hello")
    silent = world.shims["/d"]
    assert silent.hellos == 3
    heard(world, "/d", "stream")
    assert world.shims["/d"] == silent
    heard(world, "/d", "hello")
    assert world.shims["/d"] == Shim(1, "/d")
    assert left_alone(silent) == left_alone(Shim(1, "/d"))
