"""Each invariant that the oracle judges has a history that it alone finds bad.

A host is made by the real core, running one container undisturbed: on it no check has anything to say. Then
one thing is changed by hand, as if conman had done it, and of all checks of that moment just one must speak.
What has no hand-made history here: I12 and I20 are properties of many runs (`faults`, the fixpoint), I14 speaks
of what does not exist yet, I19 is `test_restarting.py`'s, I21 `test_told_events.py`'s.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from conman.core.model import (
    Change,
    Container,
    DropContainer,
    Intent,
    Operation,
    PutContainer,
    State,
)
from conman.primitives import steps as s
from scenarios import oracle, told_events
from scenarios.befalling import befall
from scenarios.clients import Ask, Told
from scenarios.identities import LATER
from scenarios.nodes import initial
from scenarios.reaching import begun
from scenarios.stories.single_client import CREATE, START
from scenarios.story import Befalls, Story
from scenarios.world import World
from tests.unit.accusing import found

STRANGER = "f" * 32


def running() -> World:
    """One container, whose program runs; its daemon has died since."""
    return initial(Story("running", "", "", (), given=(CREATE, START))).world


def only(world: World) -> Container:
    return next(iter(world.storage.containers.values()))


def put(world: World, row: Container) -> None:
    world.storage.containers[row.id] = row


# ---- always ------------------------------------------------------------------------------------


def two_names(world: World) -> None:
    world.storage.names["db"] = only(world).id


def something_of_nobody(world: World) -> None:
    world.disk.make(f"/data/containers/{STRANGER}", "dir")


def frozen_and_running(world: World) -> None:
    world.freeze(world.layout().cgroup(only(world).id, only(world).run))


def finished_before_it_began(world: World) -> None:
    row = only(world)
    put(world, replace(row, finished_at=row.created_at - 1))


def never_started(world: World) -> None:
    put(world, replace(only(world), started_at=0))


@pytest.mark.parametrize(
    ("spoil", "invariant"),
    [
        (two_names, "I2"),
        (something_of_nobody, "I3"),
        (frozen_and_running, "I8"),
        (finished_before_it_began, "I13"),
        (never_started, "I13"),
    ],
)
def test_always(spoil: Callable[[World], None], invariant: str) -> None:
    world = running()
    assert found(lambda: oracle.always(world)) == []
    spoil(world)
    assert found(lambda: oracle.always(world)) == [invariant]


# ---- at a step ---------------------------------------------------------------------------------


def test_a_step_that_takes_what_is_whole() -> None:
    world = running()
    row, layout = only(world), world.layout()
    steps = (
        s.Rename(layout.container(row.id), layout.trash(row.id)),
        s.RemoveTree(layout.rootfs(row.id)),
        s.Unlink(layout.config(row.id)),
    )
    for step in steps:
        assert found(lambda step=step: begun(world, step)) == ["I15"]
    harmless = (s.Unlink(layout.exit_record(row.id, 1)), s.SyncDirectory(layout.containers()))
    assert found(*(lambda step=step: begun(world, step) for step in harmless)) == []
    world.storage.intents[row.id] = removal(row, Operation.REMOVE)
    assert found(*(lambda step=step: begun(world, step) for step in steps)) == []


def reaches(world: World, process: s.ProcessId) -> list[str]:
    """By each of the steps that are given a process."""
    row = only(world)
    steps = (
        s.SignalProcess(process, 9),
        s.StopProcess(process),
        s.WatchProcess(row.id, row.run, process),
    )
    return found(*(lambda step=step: begun(world, step) for step in steps))


def init_of(world: World) -> s.ProcessId:
    init = only(world).init
    assert init is not None
    return init.process


def test_a_step_that_reaches_a_stranger() -> None:
    """Who ended is a zombie until its shim has waited for it; then its pid is another's."""
    world = running()
    init = init_of(world)
    later = replace(init, start_time=LATER)
    assert reaches(world, init) == []
    world.end(init.pid, 0)
    assert reaches(world, later) == []
    world.shims = {d: replace(one, inbox=()) for d, one in world.shims.items()}
    assert reaches(world, init) == []
    assert reaches(world, later) == ["I17"] * 3


def test_a_step_that_reaches_a_stranger_of_another_boot() -> None:
    """His start time may be the same, to the tick."""
    world = running()
    init = init_of(world)
    befall(world, Befalls.REBOOT)
    assert reaches(world, init) == []
    assert reaches(world, replace(init, boot_id=world.boot_id)) == ["I17"] * 3


# ---- at a commit -------------------------------------------------------------------------------


def ended(world: World, code: int = 137, **more: object) -> tuple[Change, ...]:
    """A commit that says how the container ended, after it has by SIGKILL and its log is complete."""
    row = only(world)
    world.kept.drained.add((row.id, row.run))
    if row.init is not None:
        world.end(row.init.process.pid, 137, 9)
    told = replace(row, state=State.EXITED, init=None, exit_code=code, finished_at=world.wall)
    return (PutContainer(replace(told, **more)),)  # pyright: ignore[reportArgumentType]


def committed(world: World, changes: tuple[Change, ...]) -> list[str]:
    return found(lambda: oracle.committed(world, world.storage.intents, changes))


def test_an_end_that_is_told_as_it_was() -> None:
    world = running()
    assert committed(world, ended(world)) == []


@pytest.mark.parametrize(
    "told",
    [
        {"code": 0},
        {"code": 255, "reason": "Unknown"},
        {"oom_killed": True},
        {"reason": "OOMKilled"},
        {"code": 127, "reason": "StartError"},
    ],
)
def test_an_end_that_is_told_otherwise(told: dict[str, object]) -> None:
    world = running()
    changes = ended(world, **told)  # pyright: ignore[reportArgumentType]
    assert committed(world, changes) == ["I11"]


def test_an_end_that_is_told_twice_and_differently() -> None:
    world = running()
    changes = ended(world)
    world.terminal[only(world).id, 1] = (7, "")
    assert committed(world, changes) == ["I11"]


def test_an_end_with_a_living_member() -> None:
    world = running()
    init = only(world).init
    assert init is not None
    child = replace(world.processes[init.process.pid], kind="child", parent=init.process.pid)
    changes = ended(world)
    world.spawn(replace(child, alive=True))
    assert committed(world, changes) == ["I8"]


def test_output_that_was_thrown_away() -> None:
    world = running()
    changes = ended(world)
    world.kept.dropped.add((only(world).id, 1))
    assert committed(world, changes) == ["I16"]


def test_output_that_was_not_read_yet() -> None:
    world = running()
    changes = ended(world)
    world.kept.drained.clear()
    assert committed(world, changes) == ["I16"]


def removal(row: Container, operation: Operation) -> Intent:
    return Intent(row.id, operation, row.run, "boot-1", 1)


def test_a_row_that_is_dropped_unasked() -> None:
    world = running()
    row = only(world)
    changes = (DropContainer(row.id),)
    world.storage.intents[row.id] = removal(row, Operation.REMOVE)
    assert committed(world, changes) == []
    world.storage.intents[row.id] = removal(row, Operation.STOP)
    assert committed(world, changes) == ["I15"]
    world.storage.intents.clear()
    assert committed(world, changes) == ["I15"]


# ---- at an answer ------------------------------------------------------------------------------

KILLED = "its init is killed"


@pytest.mark.parametrize(
    ("told", "happened", "invariant"),
    [
        (Told(Ask("create", "db"), "ok", STRANGER), "", "I9"),
        (Told(Ask("create", "web"), "ok", STRANGER), "", "I9"),
        (Told(Ask("remove", "web"), "ok"), "", "I2"),
        (Told(START, "ok"), "its start is forgotten", "I8"),
        (Told(Ask("status", "web"), "RUNNING"), KILLED, "I8"),
        (Told(Ask("status", "web"), "PAUSED"), KILLED, "I8"),
        (Told(Ask("wait", "web"), "EXITED"), "", "I8"),
        (Told(Ask("status", "web"), "RUNNING"), "a reboot", "I10"),
    ],
)
def test_an_answer(told: Told, happened: str, invariant: str) -> None:
    world = running()
    pid = process_of(world)
    match happened:
        case "its start is forgotten":
            world.started = ()
        case "its init is killed":
            world.end(pid, 137, 9)
        case "a reboot":
            world.power_cut(world.disk.clone())
    assert found(lambda: oracle.answered(world, told)) == [invariant]


def process_of(world: World) -> int:
    init = only(world).init
    assert init is not None
    return init.process.pid


@pytest.mark.parametrize(
    "told",
    [
        Told(START, "ok"),
        Told(Ask("status", "web"), "RUNNING"),
        Told(Ask("status", "db"), "ContainerNotFound"),
        Told(Ask("remove", "db"), "ok"),
    ],
)
def test_a_true_answer(told: Told) -> None:
    world = running()
    assert found(lambda: oracle.answered(world, told)) == []


# ---- at rest -----------------------------------------------------------------------------------


def open_intent(world: World) -> None:
    world.storage.intents[STRANGER] = removal(only(world), Operation.CREATE)


def torn_config(world: World) -> None:
    path = f"/data/containers/{only(world).id}/bundle/config.json"
    world.disk.write(path, b"{")


def left_cgroup(world: World) -> None:
    """Of a run that its container has no more."""
    world.cgroups.add(world.layout().cgroup(only(world).id, 9))


def lost_mount(world: World) -> None:
    world.mounts.clear()


def init_is_dead(world: World) -> None:
    """And the rest is as it was."""
    pid = process_of(world)
    world.processes[pid] = replace(world.processes[pid], alive=False)


def started_twice(world: World) -> None:
    world.started = (*world.started, *world.started)


def runs_and_exited(world: World) -> None:
    put(world, replace(only(world), state=State.CREATED))


def shim_was_told_nothing(world: World) -> None:
    directory, shim = next(iter(world.shims.items()))
    world.shims[directory] = replace(shim, state=type(shim.state)())


def other_limit(world: World) -> None:
    row = only(world)
    limits = replace(row.spec.resources, memory_bytes=4096)
    put(world, replace(row, spec=replace(row.spec, resources=limits)))


def unheard_event(world: World) -> None:
    world.followed = world.followed[:-1]


AT_REST = [
    (started_twice, ["I4"]),
    (open_intent, ["I5"]),
    (left_cgroup, ["I7"]),
    (lost_mount, ["I7"]),
    (init_is_dead, ["I8"]),
    (runs_and_exited, ["I8"]),
    (other_limit, ["I8"]),
    (torn_config, ["I9"]),
    (shim_was_told_nothing, ["I16"]),
    (unheard_event, ["I21"]),
]


def checks_at_rest(world: World) -> list[str]:
    return found(
        lambda: oracle.always(world),
        lambda: oracle.at_rest(world),
        lambda: told_events.at_rest(world),
    )


@pytest.mark.parametrize(("spoil", "invariants"), AT_REST)
def test_at_rest(spoil: Callable[[World], None], invariants: list[str]) -> None:
    world = running()
    assert checks_at_rest(world) == []
    spoil(world)
    assert checks_at_rest(world) == invariants


def test_running_after_a_reboot() -> None:
    world = running()
    world.power_cut(world.disk.clone())
    assert checks_at_rest(world) == ["I10"]


# ---- after a boot ------------------------------------------------------------------------------


@pytest.mark.parametrize("harm", ["stopped", "killed"])
def test_a_recovery_that_touches_what_runs(harm: str) -> None:
    world = running()
    innocents = oracle.innocents(world)
    assert innocents == (process_of(world),)
    assert found(lambda: oracle.unharmed(world, innocents)) == []
    world.signal(innocents[0], 9 if harm == "killed" else 19)
    assert found(lambda: oracle.unharmed(world, innocents)) == ["I18"]
