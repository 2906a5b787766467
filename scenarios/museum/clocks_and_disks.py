"""Exhibits N and O: clocks that are set, and disks that are full for a while."""

from collections.abc import Callable

from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.model import Change, Container, Init, Intent, PutContainer
from conman.core.sagas import commits, container, settle
from conman.core.sagas.commits import commit
from conman.core.shim_call import Exit
from conman.frozen import replace
from conman.primitives import steps as s
from scenarios.museum.exhibit import Exhibit, Recipe, Replaced, Steps

_TRIES = 2


def _finished_by_the_clock(
    original: Callable[..., tuple[Change, ...]], row: Container, intent: Intent, ended: Exit
) -> tuple[Change, ...]:
    """The wall clock's time, whatever it is."""
    return tuple(
        replace(one, container=replace(one.container, finished_at=ended.at))
        if isinstance(one, PutContainer)
        else one
        for one in original(row, intent, ended)
    )


def _started_by_the_clock(
    original: Callable[..., Container], row: Container, intent: Intent, init: Init, at: int
) -> Container:
    return replace(original(row, intent, init, at), started_at=at)


async def _given_up(_original: object, effect: v.Commit, container_id: str) -> None:
    """It was tried, and that it did not work is nobody's business."""
    for _ in range(_TRIES):
        if await commit(effect, container_id) is None:
            return


async def _refused_and_left(_original: object, _intent: Intent, _setting: Setting) -> None:
    """Who was refused for want of space has nothing, has he."""


def _in_place(steps: Steps) -> Steps:
    """What was to be renamed over the old one is written over it."""
    names = {one.source: one.target for one in steps if isinstance(one, s.Rename)}
    return tuple(
        replace(one, path=names.get(one.path, one.path))
        if isinstance(one, s.WriteFile | s.SyncFile)
        else one
        for one in steps
        if not isinstance(one, s.Rename)
    )


EXHIBITS = (
    Exhibit(
        "finished-before-it-started",
        "N",
        "a clock is set back, and a run has finished before it started",
        "moby#45445",
        "core",
        ("I13",),
        "clock-set-back",
        (Replaced(f"{settle.__name__}.exited", _finished_by_the_clock),),
    ),
    Exhibit(
        "started-before-it-was-created",
        "N",
        "a clock is set back, and a container has started before it was created",
        "containerd#10842",
        "core",
        ("I13",),
        "clock-set-back-created",
        (Replaced(f"{container.__name__}._running", _started_by_the_clock),),
    ),
    Exhibit(
        "name-kept-for-want-of-space",
        "O",
        "a create finds the disk full, is refused, and keeps its name and what it has made",
        "podman#7800",
        "core",
        ("I5", "I2", "I9"),
        "create",
        (Replaced(f"{container.__name__}.undo_create", _refused_and_left),),
    ),
    Exhibit(
        "given-up-when-full",
        "O",
        "what has happened is tried to be recorded twice, on a full disk, and then forgotten",
        "CRI-O#9097",
        "core",
        ("I5",),
        "stop-obedient",
        (Replaced(f"{commits.__name__}.persist", _given_up),),
    ),
    Exhibit(
        "config-in-place",
        "O",
        "a state file is written over the old one, and half of it is left",
        "CRI-O#2318",
        "core",
        ("I9",),
        "start-again",
        (Recipe(v.PrepareBundle, _in_place),),
    ),
)
