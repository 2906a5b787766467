"""Exhibits D: exit codes and times that are wrong, or lost."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.model import (
    Change,
    Container,
    Init,
    Intent,
    Operation,
    PutIntent,
    State,
)
from conman.core.sagas import ending, recovery, run, settle
from conman.core.sagas.commits import persist
from conman.core.shim_call import Exit, exit_record, render_exit
from conman.primitives import steps as s
from conman.shim import machine as shim
from scenarios.museum.exhibit import Exhibit, Replaced

_KILLED = 137


def _unknown(init: Init, at: int) -> Exit:
    return Exit(init.process, ending.UNKNOWN_CODE, 0, 0, at, "daemon", known=False)


async def _record_or_nothing(
    _original: object, container_id: str, number: int, init: Init, at: int
) -> Exit:
    """The record is read once; the shim that is just about to write it is not asked."""
    found = await run.insist(container_id, v.ReadExitRecord(container_id, number))
    if isinstance(found, s.Content):
        ended = exit_record(found.data)
        if ended is not None and ended.process == init.process:
            return ended
    return _unknown(init, at)


async def _kernel_not_asked(
    _original: object, container_id: str, number: int, init: Init, at: int
) -> Exit:
    ended = _unknown(init, at)
    await run.insist(container_id, v.WriteExitRecord(container_id, number, render_exit(ended)))
    return ended


def _invented(code: int) -> Callable[..., Awaitable[Exit]]:
    async def own(_original: object, container_id: str, number: int, init: Init, at: int) -> Exit:
        ended = Exit(init.process, code, 0, 0, at, "daemon")
        data = render_exit(ended)
        await run.insist(container_id, v.WriteExitRecord(container_id, number, data))
        return ended

    return own


def _signal_forgotten(
    original: Callable[..., shim.Reaction], state: shim.State, event: shim.ChildEnded
) -> shim.Reaction:
    """Only how it exited by itself is looked at."""
    return original(state, replace(event, code=0) if event.signal else event)


def _from_127(
    original: Callable[..., shim.Reaction], state: shim.State, event: shim.ChildEnded
) -> shim.Reaction:
    return original(state, replace(event, code=127 + event.signal) if event.signal else event)


async def _unknown_after_a_restart(
    original: Callable[..., Awaitable[None]], row: Container | None, setting: Setting, now: Now
) -> None:
    """Who is not found any more is 255: nobody looks whether its end was recorded."""
    if row is None or row.init is None or row.state is not State.RUNNING:
        await original(row, setting, now)
        return
    found = await run.insist(row.id, v.WatchInit(row.id, row.run, row.init.process))
    if not isinstance(found, s.Gone):
        await original(row, setting, now)
        return
    intent = Intent(row.id, Operation.SETTLE, row.run, setting.layout.boot_id, now.wall)
    await persist(v.RecordIntent((PutIntent(intent),)), row.id)
    await run.end_members(row.id, row.run, row.init)
    await run.dismantle_prepared(row, setting)
    over = settle.exited(row, intent, _unknown(row.init, intent.at))
    await persist(v.CommitExited(over), row.id)


def _told_before_it_is_written(
    original: Callable[..., shim.Reaction], state: shim.State
) -> shim.Reaction:
    """The exit is told as recorded first, and recorded then."""
    told = replace(state, recorded=True)
    body = shim.describe(told)
    sends = tuple(shim.Send(state.connection, seq, body) for seq in state.asking)
    after, actions = original(replace(told, asking=()))
    return after, (*sends, *actions)


def _oom_of_nobody(
    original: Callable[..., tuple[Change, ...]], row: Container, intent: Intent, ended: Exit
) -> tuple[Change, ...]:
    """The counter of the cgroup is not asked for."""
    return original(row, intent, replace(ended, oom_kills=0))


def _never_started(
    original: Callable[..., Container], row: Container, intent: Intent, init: Init, at: int
) -> Container:
    return replace(original(row, intent, init, at), started_at=0)


_ENDING, _MACHINE, _SETTLE = ending.__name__, shim.__name__, settle.__name__

EXHIBITS = (
    Exhibit(
        "fast-exit-is-255",
        "D",
        "who ends at once is 255: the record is read before it is written",
        "CRI-O#9840",
        "core",
        ("I11",),
        "exits-at-once",
        (Replaced(f"{_ENDING}.read_exit", _record_or_nothing),),
    ),
    Exhibit(
        "exit-told-before-it-is-kept",
        "D",
        "the monitor tells the exit, and writes it down then",
        "",
        "shim",
        ("I16",),
        "kill",
        (Replaced(f"{_MACHINE}._record", _told_before_it_is_written),),
    ),
    Exhibit(
        "monitor-killed-code-lost",
        "D",
        "with its monitor dead, a container's exit code is lost, though the kernel tells it",
        "podman#439",
        "core",
        ("I11",),
        "shim-dies-then-exits",
        (Replaced(f"{_ENDING}._own_record", _kernel_not_asked),),
    ),
    Exhibit(
        "zero-after-sigkill",
        "D",
        "who is killed has exited with 0",
        "podman#389",
        "shim",
        ("I11",),
        "kill",
        (Replaced(f"{_MACHINE}._child_ended", _signal_forgotten),),
    ),
    Exhibit(
        "exit-137-invented",
        "D",
        "whose end nobody saw is told to have been killed",
        "containerd#8381",
        "core",
        ("I11",),
        "shim-dies-unseen",
        (Replaced(f"{_ENDING}._own_record", _invented(_KILLED)),),
    ),
    Exhibit(
        "exit-0-invented",
        "D",
        "whose end nobody saw is told to have ended well",
        "conmon ctr_exit.c",
        "core",
        ("I11",),
        "shim-dies-unseen",
        (Replaced(f"{_ENDING}._own_record", _invented(0)),),
    ),
    Exhibit(
        "255-after-a-restart",
        "D",
        "whoever ended while no daemon was there is 255",
        "moby#30308",
        "core",
        ("I11",),
        "exits-at-once",
        (Replaced(f"{recovery.__name__}._recover_row", _unknown_after_a_restart),),
    ),
    Exhibit(
        "oom-not-told",
        "D",
        "the kernel killed it for want of memory, and nobody is told",
        "moby#18510",
        "core",
        ("I11",),
        "out-of-memory",
        (Replaced(f"{_SETTLE}.exited", _oom_of_nobody),),
    ),
    Exhibit(
        "signals-from-127",
        "D",
        "an end by signal n is told as 127 + n",
        "the first conman",
        "shim",
        ("I11",),
        "kill",
        (Replaced(f"{_MACHINE}._child_ended", _from_127),),
    ),
    Exhibit(
        "started-at-0",
        "D",
        "a container runs, and was never started",
        "the first conman",
        "core",
        ("I13",),
        "start",
        (Replaced("conman.core.sagas.container._running", _never_started),),
    ),
)
