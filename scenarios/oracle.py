"""Whether the world is as conman told it. Invariants I1 to I20, each at its moment.

It compares what clients were told with what is on the simulated host. It never looks into the core, and
knows none of its code but the rows that the store holds. A violation names its invariant.
"""

from collections.abc import Collection, Iterable, Mapping

from conman.core.model import (
    Change,
    Container,
    DropContainer,
    Intent,
    Operation,
    PutContainer,
    State,
)
from conman.primitives.steps import ProcessId
from conman.shim.machine import Phase
from scenarios import census, exec_oracle, log_oracle, removing, restarting
from scenarios.clients import Told
from scenarios.control_groups import FROZEN, MEMORY, SWAP, THAWED, ControlGroup
from scenarios.disk import is_whole
from scenarios.performing import names_in, run_names
from scenarios.programs import EXITS_BY_ITSELF, OBEYS_TERM, OUT_OF_MEMORY
from scenarios.tally import met
from scenarios.violation import Violation
from scenarios.world import SECOND, USR1, World, run_of

_LIVE = (State.RUNNING, State.PAUSED)

# ---- always ------------------------------------------------------------------------------------


def always(world: World) -> None:
    """Every instant, also in the middle of a saga and after a crash."""
    storage = world.storage
    present = _present(world)
    if present:
        met("I3")
    for object_id in sorted(present.difference(storage.containers, storage.intents)):
        raise Violation("I3", f"something of {object_id} exists, and neither row nor intent does")
    held = sorted(storage.names.values())
    if held:
        met("I2")
    if len(held) != len(set(held)):
        raise Violation("I2", f"one id holds two names: {storage.names}")
    for row in storage.containers.values():
        ordered(row)
        if row.id not in storage.intents:
            _held_as_told(world, row)
            _is_untorn(world, row)


def _present(world: World) -> set[str]:
    """Ids of which something is there."""
    runs = run_names(world)
    runs.update(p.cgroup for p in world.processes.values() if p.alive and p.cgroup)
    ids = {name.rpartition("/")[2].rpartition("-")[0] for name in runs}
    ids.update(names_in(world, "/data/containers"))
    ids.update(mount.split("/")[3] for mount in world.mounts)
    return ids


def _held_as_told(world: World, row: Container) -> None:
    if row.init is not None and world.alive(row.init.process) is not None:
        met("I8")
        held_as_told(row, world.control_group(world.layout().cgroup(row.id, row.run)).freezer)


def held_as_told(row: Container, freezer: str) -> None:
    """PAUSED stands still, RUNNING does not, whoever has died meanwhile."""
    if row.state is State.PAUSED and freezer != FROZEN:
        raise Violation("I8", f"{row.name} is PAUSED, and its freezer {freezer}")
    if row.state is State.RUNNING and freezer != THAWED:
        raise Violation("I8", f"{row.name} is RUNNING, and its freezer {freezer}")


def ordered(row: Container) -> None:
    """Its times, by a logical clock."""
    times = [t for t in (row.created_at, row.started_at, row.finished_at) if t]
    if len(times) > 1:
        met("I13")
    if times != sorted(times):
        raise Violation("I13", f"{row.name}: created, started, finished at {times}")
    if row.state in _LIVE and not row.started_at:
        raise Violation("I13", f"{row.name} is {row.state.value}, and was never started")


def committed(world: World, intents: Mapping[str, Intent], changes: tuple[Change, ...]) -> None:
    """A transaction is durable: a run's terminal status is given once. `intents`: open before it."""
    for change in changes:
        if isinstance(change, DropContainer):
            _removed(intents.get(change.id), change.id)
        if isinstance(change, PutContainer):
            exec_oracle.committed(world, change.container)
        if isinstance(change, PutContainer) and change.container.state is State.EXITED:
            row = change.container
            status = (row.exit_code, row.reason)
            first = world.terminal.setdefault((row.id, row.run), status)
            if first != status:
                raise Violation("I11", f"run {row.run} ended with {first}, and now {status}")
            _honest(world, row)
            log_oracle.ended(world, row)
            world.kept.recorded.discard((row.id, row.run))
            if world.members(world.layout().cgroup(row.id, row.run)):
                raise Violation(
                    "I8", f"{row.name} is committed EXITED, and its cgroup is not empty"
                )


def _removed(intent: Intent | None, container_id: str) -> None:
    if intent is None or intent.operation is not Operation.REMOVE:
        raise Violation("I15", f"the row of {container_id} is dropped, and nobody removes it")


def _honest(world: World, row: Container) -> None:
    run = (row.id, row.run)
    met("I11")
    if row.reason == "StartError":
        if row.exit_code != 128:
            raise Violation("I11", f"{row.name} was not started, and {row.exit_code} is told")
        return
    truth = world.exits.get(run)
    if row.reason == "Unknown":
        # Of a shim whose RUN was removed nobody can ask whether it has recorded the exit yet: it is ended.
        if run not in world.kept.unknowable and not world.kept.has_lost_run:
            raise Violation(
                "I11", f"{row.name} exited with {truth}, which could be known, and 255 is told"
            )
        if row.exit_code != 255:
            raise Violation("I11", f"Unknown with exit code {row.exit_code}")
    elif row.exit_code != truth:
        raise Violation("I11", f"{row.name} exited with {truth}, and {row.exit_code} is told")
    elif row.oom_killed != (run in world.out_of_memory):
        raise Violation("I11", f"{row.name} is told oom_killed={row.oom_killed}")
    elif (row.reason == "OOMKilled") != (row.oom_killed and row.exit_code != 0):
        raise Violation("I11", f"{row.name} is told {row.reason}, code {row.exit_code}")


# ---- at an answer ------------------------------------------------------------------------------


#: What a client may be told of a signal that was sent so often. No request is obeyed twice.
_SENT = {"ok": {1}, "SignalMayBeSent": {0, 1}}


def answered(world: World, told: Told) -> None:
    """A client was told something just now."""
    if told.ask.verb == "kill" and told.ask.signal == USR1:
        if world.heard not in _SENT.get(told.answer, {0}):
            raise Violation("I9", f"kill was answered {told.answer}, and sent {world.heard} times")
        world.heard = 0
    rows = {row.name: row for row in world.storage.containers.values()}
    row = rows.get(told.ask.name)
    if told.answer == "ok":
        met("I9")
    if (
        told.answer == "ok"
        and told.ask.verb == "create"
        and (row is None or row.id != told.container_id)
    ):
        raise Violation("I9", f"create of {told.ask.name} was answered, and there is no such row")
    if told.answer == "ok" and told.ask.verb == "remove" and told.ask.name in world.storage.names:
        raise Violation("I2", f"{told.ask.name} was removed, and its name is held")
    if told.ask.verb in {"exec-status", "wait-exec"}:
        exec_oracle.answered(world, told)
    if row is None:
        return
    if (
        told.answer == "ok"
        and told.ask.verb == "start"
        and (row.id, row.run) not in {run for run, _ in world.started}
    ):
        raise Violation("I8", f"start of {row.name} was answered, and its program never ran")
    if told.answer == "ok" and told.ask.verb == "reopen-log":
        log_oracle.reopened(world, row)
    if told.answer == "NotRunning" and told.ask.verb == "reopen-log":
        log_oracle.not_written_to(world, row)
    if told.ask.verb in {"status", "wait"}:
        _true(world, row, told)


def _true(world: World, row: Container, told: Told) -> None:
    alive = row.init is not None and world.alive(row.init.process) is not None
    undelivered = (row.id, row.run) in world.endings
    if told.answer == "RUNNING" and not alive and not undelivered:
        raise Violation(
            _of_the_dead(world, row),
            f"{row.name} is told RUNNING; its init is dead, and conman knew",
        )
    if told.answer == "PAUSED" and not alive and not undelivered:
        raise Violation("I8", f"{row.name} is told PAUSED; its init is dead, and conman knew")
    if told.answer == "EXITED" and alive:
        raise Violation("I8", f"{row.name} is told EXITED; its init lives")


def _of_the_dead(world: World, row: Container) -> str:
    """Which invariant a dead RUNNING is: that of its boot, or of an earlier one."""
    return "I10" if row.init and row.init.process.boot_id != world.boot_id else "I8"


def in_time(world: World, told: Told) -> None:
    """A call takes no time but a stop's, of a program that does not obey, and no more than asked.

    So does waiting for an exec that has a limit of its own. Where nothing fails, time passes only because conman waits for it.
    """
    rows = {row.name: row for row in world.storage.containers.values()}
    row, spent = rows.get(told.ask.name), world.monotonic - world.asked_at
    is_stop = told.ask.verb == "stop" and row is not None
    obeys = row is not None and row.spec.command in {*OBEYS_TERM, *EXITS_BY_ITSELF}
    most = told.ask.timeout * SECOND if is_stop and not obeys else told.ask.limit * SECOND
    if spent > most and not world.disturbed:
        raise Violation(
            "I5",
            f"{told.ask.verb} {told.ask.name} took {spent / SECOND:g} s, and had {most / SECOND:g}",
        )


# ---- at rest -----------------------------------------------------------------------------------


def at_rest(world: World) -> None:
    """Nothing is pending: what the host holds is exactly what the records own."""
    met("I5")
    if world.storage.intents:
        raise Violation("I5", f"open intents at rest: {sorted(world.storage.intents)}")
    for row in world.storage.containers.values():
        _state_is_true(world, row)
        # Between a cut and the next run, which writes it anew, it may be missing (`disk`: a rename over it, half lost).
        if world.disk.find(world.layout().config(row.id)) is None:
            raise Violation("I9", f"the config.json of {row.name} is lost")
        if not world.overlays:
            _copied(world, row)
    rows = world.storage.containers.values()
    accounted([thing for row in rows for thing in census.owned(world, row)], census.found(world))
    let_go(world)
    exec_oracle.at_rest(world)
    starts = world.started
    if starts:
        met("I4")
    if len(starts) != len(set(starts)):
        raise Violation("I4", f"one run's program began twice: {starts}")
    restarting.at_rest(world)
    removing.at_rest(world)


def _is_untorn(world: World, row: Container) -> None:
    """Its state file is the old one or the new one, also when a write of it has failed."""
    config = world.disk.read(world.layout().config(row.id))
    if config is not None and not is_whole(config):
        raise Violation("I9", f"the config.json of {row.name} is torn")


def _copied(world: World, row: Container) -> None:
    """The container's own root file system is as the user's directory, whole."""
    source, target = row.spec.rootfs_path, world.layout().rootfs(row.id)
    for path in world.disk.tree(source):
        if world.disk.read(path) != world.disk.read(target + path.removeprefix(source)):
            raise Violation("I9", f"in the root file system of {row.name} {path} is torn or lost")


def accounted(expected: list[str], found: list[str]) -> None:
    """What records own is what is there."""
    if expected:
        met("I7")
    for thing in sorted(found):
        if thing not in expected:
            raise Violation("I7", f"nobody owns {thing}")
    for thing in sorted(expected):
        if thing not in found:
            raise Violation("I7", f"a record owns {thing}, which is not there")


def _state_is_true(world: World, row: Container) -> None:
    alive = row.init is not None and world.alive(row.init.process) is not None
    if world.boot > 1:
        met("I10")
    if alive:
        _limited_as_told(world, row)
    program_runs = any(
        p.alive and p.image == 2 and run_of(p.cgroup)[0] == row.id
        for p in world.processes.values()
        if p.cgroup
    )
    blame = "" if alive else _of_the_dead(world, row)
    alive_as_told(row, alive=alive, program_runs=program_runs, blame=blame)
    if row.is_prepared(world.boot_id) and not alive:
        raise Violation("I8", f"{row.name} is {row.state.value}, prepared; its init is dead")
    one = world.shims.get(world.layout().shim(row.id, row.run))
    if one is not None and one.state.phase == Phase.WAITING:
        raise Violation("I16", f"nobody has told the shim of {row.name} what it is for")


def let_go(world: World) -> None:
    """The living daemon holds descriptors only of runs that go on: of each ended one it would hold some."""
    kept = world.kept
    execs = {one[:2] for one in kept.watched_execs.values()}
    held = {*execs, *kept.held, *kept.told, *kept.watched_shims.values(), *world.watched.values()}
    rows = world.storage.containers.values()
    for run in sorted(held - {(row.id, row.run) for row in rows if row.is_prepared(world.boot_id)}):
        raise Violation(
            "I7", f"the daemon holds what it had of run {run[1]} open, and that is over"
        )


def alive_as_told(row: Container, *, alive: bool, program_runs: bool, blame: str = "I8") -> None:
    """RUNNING iff its init lives; `blame`: what it is where that is not so."""
    if row.state in _LIVE and not alive:
        raise Violation(blame, f"{row.name} is {row.state.value} at rest; its init is dead")
    if row.state not in _LIVE and program_runs:
        raise Violation("I8", f"{row.name} is {row.state.value} at rest; its program runs")


def _limited_as_told(world: World, row: Container) -> None:
    """What the row says that it may use is what its cgroup holds."""
    group = world.control_group(world.layout().cgroup(row.id, row.run))
    held, asked = dict(group.controls), row.spec.resources
    for name, said in (
        (MEMORY, asked.memory_bytes),
        (SWAP, asked.memory_swap_bytes or asked.memory_bytes),
        ("cpu.shares", asked.cpu_shares),
    ):
        if held[name] != (str(said) if said else dict(ControlGroup().controls)[name]):
            raise Violation("I8", f"{row.name} is told {said} for {name}, which is {held[name]}")


# ---- after a boot ------------------------------------------------------------------------------


def innocents(world: World) -> tuple[int, ...]:
    """The inits that recovery has no business with."""
    rows, busy = world.storage.containers.values(), set(world.storage.intents)
    return tuple(p.pid for p in blameless(rows, busy) if world.alive(p) is not None)


def blameless(rows: Iterable[Container], busy: Collection[str]) -> list[ProcessId]:
    """Committed RUNNING or PAUSED, no open intent. `busy`: the ids that have one."""
    return [
        row.init.process
        for row in rows
        if row.state in _LIVE and row.init is not None and row.id not in busy
    ]


def unharmed(world: World, pids: tuple[int, ...]) -> None:
    """After recovery, before any further request."""
    for pid in pids:
        met("I18")
        process = world.processes[pid]
        ended = not process.alive and process.signal and process.cmdline not in OUT_OF_MEMORY
        if process.stopped or ended:
            raise Violation("I18", f"recovery touched the running process {pid}")
