"""The life of one run, piece by piece: prepare it, look at it, end it, take it apart.

These pieces are shared by the operations, by their undo, and by recovery: one code, several callers.
Each may be interrupted at every await and begun again from its first line, by another process.
"""

from enum import Enum
from types import UnionType

from conman.core import runtime
from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Effect, Outcome, why_not
from conman.core.model import Container, Init, RootfsMode
from conman.core.shim_call import told_state
from conman.core.spec import ConsoleSize
from conman.errors import Code, Refusal
from conman.primitives.steps import (
    Absent,
    Done,
    Failed,
    Gone,
    Remaining,
    Stopped,
    TimedOut,
)

LOOK_AGAIN_NS = 10_000_000_000
SIGCONT = 18

_STUCK = Failed | TimedOut | Remaining


def runtime_of(container: Container | None, setting: Setting) -> str:
    return (container.spec.runtime if container else "") or setting.runtime


async def insist(container_id: str, effect: Effect, again: type | UnionType = _STUCK) -> Outcome:
    """Perform what must succeed; while it does not, say so, wait, and look again. `again`: what is no success."""
    outcome: Outcome = await effect
    if not isinstance(outcome, again):
        return outcome
    while isinstance(outcome, again):
        refusal = stuck(container_id, type(effect).__name__, outcome)
        await v.Tell(refusal)
        await v.Mark(container_id, refusal.reason, refusal.what)
        await v.WaitFor(container_id, LOOK_AGAIN_NS)
        outcome = await effect
    await v.Mark(container_id, "", "")
    return outcome


def stuck(container_id: str, name: str, outcome: Outcome) -> Refusal:
    """What is told while the effect of this name does not go on."""
    match outcome:
        case Remaining(pids):
            listed = ", ".join(str(pid) for pid in pids)
            return Refusal(
                Code.DEADLINE_EXCEEDED,
                "RemovePending",
                f"container {container_id}: process {listed} has not ended yet ({name})",
                "conman finishes by itself when it ends",
            )
        case _:
            why = why_not(outcome, "it did not end in time")
    return Refusal(
        Code.UNAVAILABLE,
        "LookFailed",
        f"container {container_id}: {name} failed: {why}",
        "conman tries again every 10 s; mend the cause",
    )


# ---- prepare -----------------------------------------------------------------------------------


async def prepare(
    container: Container, run: int, setting: Setting, console_size: ConsoleSize | None = None
) -> Init | Refusal:
    """Bundle, root file system, shim, runtime create: a waiting init, watched. Undo is the caller's."""
    made = await v.PrepareBundle(container, run, setting.permits, console_size)
    if not isinstance(made, Done):
        return cannot("prepare the bundle", made)
    if (rootfs := _rootfs_effect(container, run)) is not None:
        made = await rootfs
        if not isinstance(made, Done):
            return cannot(f"provide the root file system {container.spec.rootfs_path}", made)
    made = await v.SpawnShim(container.id, run)
    if not isinstance(made, Done):
        return cannot("start a shim", made)
    binary = runtime_of(container, setting)
    spec = container.spec
    created = await v.RuntimeCreate(container.id, run, binary, spec.log, spec.stdio)
    init = _created(container, binary, created)
    if isinstance(init, Refusal):
        return init
    watched = await v.WatchInit(container.id, run, init.process)
    return init if isinstance(watched, Done | Gone) else cannot("watch its process", watched)


def _rootfs_effect(container: Container, run: int) -> v.HostEffect | None:
    """How this container gets its root file system for this run; None: it has it already."""
    match container.rootfs_mode:
        case RootfsMode.OVERLAY:
            return v.MountRootfs(container.id, run, container.spec.rootfs_path)
        case RootfsMode.COPY:
            return v.CopyRootfs(container.id, container.spec.rootfs_path) if run == 1 else None


def _created(container: Container, binary: str, outcome: Outcome) -> Init | Refusal:
    known = told_state(outcome)
    if known is None or known.call is None:
        return cannot(f"have the shim run {binary} create", outcome)
    if known.call.init is None or known.call.answer.code != 0:
        failure = runtime.failure_of(known.call.answer)
        return runtime.refusal_of("create", binary, failure, container.spec.command)
    return known.call.init


def cannot(what: str, outcome: Outcome) -> Refusal:
    match outcome:
        case Failed(error="ENOSPC" | "EDQUOT", text=text):
            return Refusal(
                Code.RESOURCE_EXHAUSTED, "DiskFull", f"cannot {what}: {text}", "make space"
            )
        case Failed(text=text):
            return Refusal(Code.FAILED_PRECONDITION, "HostFailed", f"cannot {what}: {text}")
        case Absent():
            why = "there is no shim any more" if "shim" in what else "it does not exist"
            return Refusal(Code.UNAVAILABLE, "HostFailed", f"cannot {what}: {why}")
        case _:
            return Refusal(Code.UNAVAILABLE, "HostFailed", f"cannot {what} in time")


# ---- look --------------------------------------------------------------------------------------


class Look(Enum):
    """What a waiting or running init was found to be."""

    RUNS = "the user's program runs"
    NEVER_RAN = "it waits still, stopped by us, and will never run"
    GONE = "it has ended"


async def stop_and_look(container_id: str, init: Init) -> Look:
    """Whether the user's program has started: comm, exec.fifo and `state` are no evidence."""
    match await insist(container_id, v.StopInit(init.process)):
        case Stopped(device, inode, cmdline):
            if (device, inode, cmdline) == (init.device, init.inode, init.cmdline):
                return Look.NEVER_RAN
            await insist(container_id, v.SignalInit(init.process, SIGCONT))
            return Look.RUNS
        case _:
            return Look.GONE


# ---- end ---------------------------------------------------------------------------------------


async def end_members(container_id: str, run: int, init: Init | None) -> None:
    await insist(container_id, v.EndMembers(container_id, run, init))


async def dismantle(
    container_id: str, run: int, binary: str, *, deletes: bool = True, keeps_root: bool = False
) -> None:
    """Everything of a run but its record goes; its members are dead already.

    Without `deletes` the runtime is not asked: what it would remove goes by our own hand anyway. A container's runs
    have one root in turn: it stays (`keeps_root`) where another run is in it.
    """
    # A dead daemon's delete may still be under way: two at once were never promised to work.
    await insist(container_id, v.FenceCall(container_id, run, "delete"))
    if deletes:
        await v.RuntimeDelete(container_id, run, binary)
    await insist(container_id, v.RemoveRuntimeState(container_id, run))
    await insist(container_id, v.RemoveCgroup(container_id, run))
    await insist(container_id, v.UnmountRootfs(container_id, run, keeps_root))
    await insist(container_id, v.EndShim(container_id, run))


async def dismantle_prepared(row: Container, setting: Setting) -> None:
    """The same for a run whose create was answered: it left nothing half-made."""
    binary = runtime_of(row, setting)
    deletes = runtime.needs_delete(binary, row.spec)
    await dismantle(row.id, row.run, binary, deletes=deletes)


async def fence_prepare(container_id: str, run: int) -> None:
    """Nobody prepares this run any more: first the shim, then the runtime call that it may have begun."""
    await insist(container_id, v.FenceShim(container_id, run))
    await insist(container_id, v.FenceCall(container_id, run, "create"))


async def undo_run(container_id: str, run: int, init: Init | None, binary: str) -> None:
    """As if this run had never been prepared, but for what it left in DATA."""
    await fence_prepare(container_id, run)
    await end_members(container_id, run, init)
    await dismantle(container_id, run, binary)


def is_gone(outcome: Outcome) -> bool:
    return isinstance(outcome, Gone)


def not_sent(what: str, outcome: Outcome) -> Refusal:
    """What is said of a signal that did not arrive; `what` could not be done for it."""
    if is_gone(outcome):
        why = "its process has just ended"
        return Refusal(Code.FAILED_PRECONDITION, "NotRunning", f"{what}: {why}")
    why = f"the signal was not sent: {why_not(outcome)}"
    return Refusal(Code.UNAVAILABLE, "HostFailed", f"{what}: {why}", "try again")
