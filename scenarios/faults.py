"""What goes wrong in a swarm run while a daemon lives, and between two of them. Chance decides, by name.

Each fault is one that a host has: a process killed, a call that hangs, a step that fails with an error it
may have, a deadline that comes first, a store that cannot say. A fault that the world would not give in
that state must not be here.
"""

from collections import Counter
from collections.abc import Callable

from conman.primitives import steps as s
from scenarios import actors, full_disk, power
from scenarios.befalling import delete_from_runtime
from scenarios.choices import Choices
from scenarios.coverage.seen import Seen
from scenarios.cut_names import with_commit
from scenarios.world import RUN, SECOND, World

SHIM_DIES, INIT_DIES, CALL_HANGS, SLOW = "shim-dies", "init-dies", "call-hangs", "slow"
#: Never drawn: an init that waits for its start dies; a stranger's `delete --force`; the kernel tells nobody how
#: orphans end; a shim cannot read who was killed for want of memory.
WAITING_DIES, DELETED = "waiting-init-dies", "runtime-deleted"
UNTOLD, OOM_UNREAD = "kernel-does-not-tell", "oom-unread"
RECORD_FAILS, DISK_FULL, CLOCK_JUMPS = "record-fails", "disk-full", "clock-jumps"
STEP_FAILS, FAILS_AFTER, STEP_HANGS = "step-fails", "fails-after-its-work", "step-hangs"
NOT_COMMITTED, UNKNOWN_KEPT, UNKNOWN_LOST = "not-committed", "unknown-kept", "unknown-lost"
STAYS_SHUT = "unknown-and-stays-shut"
POWER_CUT, CRASH = "power-cut", "crash"

#: Those that strike at an event, at a step, at a commit.
AT_EVENT = (SHIM_DIES, INIT_DIES, CALL_HANGS, RECORD_FAILS, SLOW, DISK_FULL, CLOCK_JUMPS)
AT_STEP = (STEP_FAILS, FAILS_AFTER, STEP_HANGS)
AT_COMMIT = (NOT_COMMITTED, UNKNOWN_KEPT, UNKNOWN_LOST, STAYS_SHUT)

ERRORS = ("ENOSPC", "EIO", "EMFILE", "ENOMEM")

#: By how many seconds a wall clock is set.
JUMPS = (-1_000, 40, -40, 315_360_000)

#: After these more is forgiven; those who kill say so themselves.
_DISTURBING = {CALL_HANGS, SLOW}

#: Steps that end by a deadline of their own when what they wait for does not come.
_MAY_HANG = s.EndMembers | s.FreezeMembers | s.Fence
#: Those that do not fail here: looks that cannot be refused, processes that are there or not, actors that
#: fail in their own ways.
_CANNOT_FAIL = (
    s.SignalProcess
    | s.StopProcess
    | s.ReadExitStatus
    | s.Release
    | s.RunRuntime
    | s.CallShim
    | s.SpawnShim
)


class Faults:
    """What is in store for one life: a few kinds, each at its moment."""

    def __init__(self, choices: Choices, counted: Counter[str]) -> None:
        self._choices, self._counted = choices, counted
        #: (strikes at, from which count on, kind).
        self._ahead: list[tuple[str, int, str]] = []
        self._steps = self._commits = self._events = 0
        #: Of the life that these are in; whoever is aimed somewhere asks it.
        self.seen = Seen(set())
        for _ in range(choices.weighted("faults", ((0, 4), (1, 4), (2, 2), (3, 1)))):
            self._draw()

    def _draw(self) -> None:
        when, kinds, reach = self._choices.among(
            "fault",
            (("event", AT_EVENT, 160), ("step", AT_STEP, 80), ("commit", AT_COMMIT, 12)),
        )
        kind = self._choices.among(when, kinds)
        self._ahead.append((when, self._choices.below("from", reach), kind))

    def _strike(self, when: str, count: int, strikes: Callable[[str], bool]) -> str:
        """The first that is due and can strike now, does."""
        for fault in self._ahead:
            if fault[0] == when and fault[1] < count and strikes(fault[2]):
                self._ahead.remove(fault)
                self._counted[fault[2]] += 1
                return fault[2]
        return ""

    # ---- at an event

    def at_event(self, world: World) -> str:
        """What happens now, for the trace; "": nothing."""
        self._events += 1
        return self._strike("event", self._events, lambda kind: self.befall(world, kind))

    def befall(self, world: World, kind: str) -> bool:
        """It happens, to one of those that it may happen to; False: there is none."""
        ones = victims(world, kind)
        if not ones:
            return False
        one = self._choices.among(kind, ones)
        match kind:
            case "shim-dies":
                self.seen.kills(world.shims[str(one)])
                world.shim_killed(str(one))
            case "init-dies" | "waiting-init-dies":
                world.end(int(one), 137, 9)
            case "kernel-does-not-tell":
                world.kept.kernel_tells = False
            case "oom-unread":
                world.oom_unread = True
            case "runtime-deleted":
                delete_from_runtime(world)
            case "call-hangs":
                world.hung.add(int(one))
            case "record-fails":
                world.record_fails_in = 1 + self._choices.below(kind, 5)
            case "disk-full":
                full_disk.fill(world, self._choices.among("space-after", (3, 1, 8)))
            case "clock-jumps":
                world.clock_error += self._choices.among("by", JUMPS) * SECOND
            case _:
                pass
        world.disturbed = world.disturbed or kind in _DISTURBING
        return True

    # ---- at a step

    def at_step(self, step: s.Step, world: World) -> str:
        """How this step goes wrong; "": it does not."""
        self._steps += 1
        return self._strike("step", self._steps, lambda kind: may_fail(world, step, kind))

    def failure(self, kind: str, step: s.Step) -> s.Result:
        if kind == STEP_HANGS:
            return s.TimedOut() if isinstance(step, s.FreezeMembers) else s.Remaining((1,))
        error = self._choices.among("error", ERRORS)
        return s.Failed(error, f"{error} as the fault has it")

    # ---- at a commit

    def at_commit(self) -> str:
        self._commits += 1
        return self._strike("commit", self._commits, lambda _kind: True)

    def at_reopening(self) -> bool:
        """Whether the store, which could not say, stays shut once more."""
        return False


def may_fail(world: World, step: s.Step, kind: str) -> bool:
    """Whether this step may go wrong so. What is held open is only asked how much it has."""
    if kind == STEP_HANGS:
        return isinstance(step, _MAY_HANG)
    if isinstance(step, s.HoldOutput) and (step.container_id, step.run) in world.kept.held:
        return False
    return kind in AT_STEP and not isinstance(step, _CANNOT_FAIL)


def victims(world: World, kind: str) -> list[str] | list[int]:
    """Whom this may befall now, in order."""
    match kind:
        case "shim-dies" | "record-fails" | "oom-unread":
            return sorted(world.shims)
        case "init-dies" | "runtime-deleted":
            return living_inits(world)
        case "waiting-init-dies":
            return living_inits(world, image=1)
        case "call-hangs":
            return sorted(set(world.calls) - world.hung)
        case _:
            return ["the daemon"]


def living_inits(world: World, image: int = 2) -> list[int]:
    """Those whose user's program runs; `image` 1: those that wait for their start."""
    return [
        p.pid for p in world.processes.values() if p.alive and p.kind == "init" and p.image == image
    ]


def between_lives(world: World, choices: Choices, counted: Counter[str]) -> tuple[bool, list[str]]:
    """After a daemon's death. Whether the power was cut, and what happened, in order."""
    happened: list[str] = []
    for _ in range(choices.weighted("moves", ((0, 3), (1, 2), (4, 2), (40, 1)))):
        enabled = actors.enabled(world)
        if not enabled:
            break
        happened.append(actors.act(world, choices.among("mover", enabled)))
    if world.shims and choices.once_in("shim-dies-too", 8):
        counted[SHIM_DIES] += 1
        world.shim_killed(choices.among("which-shim", sorted(world.shims)))
        happened.append("a shim is killed")
    if not choices.once_in("cut", 4):
        return False, happened
    cut = power.one_cut(world.disk, RUN, lambda bound: choices.below("kept", bound))
    if cut is None:
        return False, happened
    counted[POWER_CUT] += 1
    name, disk = cut
    if world.storage.unsynced:
        if choices.below("commit", 2) == 0:
            world.storage.lose()
        else:
            name = with_commit(name)
    world.power_cut(disk)
    return True, [*happened, f"the power is cut, {name}"]
