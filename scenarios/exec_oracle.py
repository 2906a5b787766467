"""Whether execs are as conman told them: the same invariants as a container's, each at its moment.

It looks at rows, the host, and what clients heard, and never into the core.
"""

from conman.core.execs import Exec, ExecState, running
from conman.core.model import Container
from scenarios.clients import Told
from scenarios.exec_ghosts import exec_of
from scenarios.tally import met
from scenarios.violation import Violation
from scenarios.world import World

#: Its program never ran, but of some of them: there it may have.
NOT_BEGUN = {
    "CommandNotFound": 127,
    "CommandNotExecutable": 126,
    "RuntimeMissing": 128,
    "RuntimeFailed": 128,
    "DiskFull": 128,
    "HostFailed": 128,
    "ShimDied": 128,
    "RuntimeTimedOut": 128,
    "ExecInterrupted": 128,
}
_MAY_HAVE_BEGUN = {"RuntimeTimedOut", "ExecInterrupted", "HostFailed", "ShimDied"}

ORDER = {"CREATED": 0, "RUNNING": 1, "EXITED": 2}
MADE = {"exec": 0, "run-exec": 1}
AFTER_START = {"ok": 1, "ExecStarted": 1, **dict.fromkeys(NOT_BEGUN, 2)}


def committed(world: World, row: Container) -> None:
    """A transaction is durable: an exec's terminal status is given once, and is the kernel's."""
    for one in row.execs:
        if one.state is not ExecState.EXITED:
            continue
        status = (one.exit_code, one.reason)
        first = world.execs.terminal.setdefault(one.id, status)
        if first != status:
            raise Violation("I11", f"exec {one.id} ended with {first}, and now {status}")
        _honest(world, one)
        if _living(world, one.id):
            raise Violation("I8", f"exec {one.id} is committed EXITED, and its process lives")


def _honest(world: World, one: Exec) -> None:
    met("I11")
    truth = world.execs.exits.get(one.id)
    if one.reason in NOT_BEGUN:
        if one.exit_code != NOT_BEGUN[one.reason]:
            raise Violation("I11", f"exec {one.id} is told {one.reason}, and {one.exit_code}")
        if one.id in world.execs.began and one.reason not in _MAY_HAVE_BEGUN:
            raise Violation("I11", f"exec {one.id} is told {one.reason}, and its program ran")
    elif one.reason == "Unknown":
        if one.id not in world.execs.unseen or one.exit_code != 255:
            raise Violation(
                "I11", f"exec {one.id} exited with {truth}, which could be known, and 255 is told"
            )
    elif one.exit_code != truth:
        raise Violation("I11", f"exec {one.id} exited with {truth}, and {one.exit_code} is told")


def answered(world: World, told: Told) -> None:
    """A client was told something of an exec just now."""
    one, name = told.container_id, told.ask.name
    unseen = [ended[2] for ended in world.kept.exec_endings]
    is_known = one not in unseen and world.execs.runs.get(one) not in world.endings
    if told.answer == "RUNNING" and not _living(world, one) and is_known:
        raise Violation("I8", f"an exec of {name} is told RUNNING; it is dead, and conman knew")
    if told.answer == "EXITED" and _living(world, one):
        raise Violation("I8", f"an exec of {name} is told EXITED; its process lives")


def at_rest(world: World) -> None:
    """RUNNING iff its process lives; none began twice. What is left of others is the census'."""
    rows = world.storage.containers.values()
    running = {one.id: row for row in rows for one in row.execs if one.state is ExecState.RUNNING}
    for exec_id, row in running.items():
        if not _living(world, exec_id):
            raise Violation("I8", f"exec {exec_id} of {row.name} is RUNNING at rest; it is dead")
    began = world.execs.began
    if began:
        met("I4")
    if len(began) != len(set(began)):
        raise Violation("I4", f"one exec's program began twice: {began}")


def owned(kind: str, row: Container) -> list[str]:
    """What a row has of its execs that run, as `census` names it."""
    return [f"{kind} {one.id}" for one in running(row.execs)]


def census(world: World) -> list[str]:
    """Of execs, as `scenarios.census` has it."""
    alive = [exec_of(p.marks) for p in world.processes.values() if p.alive and p.kind == "exec"]
    runs = world.disk.inside("/run/shims")
    left = [one for run in runs for one in world.disk.inside(f"/run/shims/{run}/execs")]
    return [*(f"exec {one}" for one in alive), *(f"exec directory {one}" for one in left)]


def _living(world: World, exec_id: str) -> bool:
    return any(p.alive and exec_of(p.marks) == exec_id for p in world.processes.values())


def explains(history: tuple[Told, ...]) -> None:
    """Of one exec a client is told of later states only, and of one end. Raises Violation."""
    seen: dict[str, tuple[int, int | None]] = {}
    for told in history:
        if told.ask.verb in MADE:
            # Whoever was refused one asks of none from here on, and no more of the last one.
            seen.pop(told.ask.name, None)
            if told.answer == "ok":
                seen[told.ask.name] = (MADE[told.ask.verb], None)
        if told.ask.name not in seen:
            continue
        before, code = seen[told.ask.name]
        if told.ask.verb == "start-exec" and told.answer in AFTER_START:
            seen[told.ask.name] = (max(before, AFTER_START[told.answer]), code)
        if told.answer == "ExecNotFound" and seen[told.ask.name][0] > 0:
            raise Violation("I9", f"an exec of {told.ask.name} was begun, and is not found")
        if told.ask.verb in {"exec-status", "wait-exec"} and told.answer in ORDER:
            now = ORDER[told.answer]
            if now < before or (code is not None and told.code != code):
                raise Violation(
                    "I9", f"an exec of {told.ask.name} is told {told.answer}, after {before}"
                )
            seen[told.ask.name] = (now, told.code)
