"""Exhibits E, J and M: what goes on beside the daemon, left alone, killed, or begun twice."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.model import Container, Init, Intent, State
from conman.core.requests import Okay, Reply
from conman.core.sagas import container, ending, recovery, run, settle
from conman.core.sagas.commits import persist
from conman.errors import Code, Refusal
from conman.primitives import steps as s
from scenarios.museum.exhibit import Exhibit, Recipe, Replaced, Steps, without


def _only_looked_at(steps: Steps) -> Steps:
    """Locks are read, and nobody is ended."""
    return tuple(s.ReadFile(one.lock) if isinstance(one, s.Fence) else one for one in steps)


async def _nothing(*_: object) -> None:
    pass


async def _curt(_original: object, container_id: str, number: int) -> None:
    await v.HelloShim(container_id, number)


async def _failed_start_left(
    _original: object, row: Container, intent: Intent, init: Init, why: Refusal, _setting: Setting
) -> Reply:
    """The row says that it failed; what was made for it is left."""
    failed = replace(
        row,
        state=State.EXITED,
        init=None,
        finished_at=max(intent.at, row.created_at),
        exit_code=128,
        reason="StartError",
    )
    refusal = replace(why, code=Code.FAILED_PRECONDITION, reason="StartError")
    await run.end_members(row.id, intent.run, init)
    changes = (
        container.PutContainer(failed),
        *container.closing(intent, refusal),
        container.event("exited", failed, failed.finished_at),
    )
    await persist(v.CommitExited(changes), row.id)
    return refusal


async def _one_commit(
    _original: object, row: Container, intent: Intent, init: Init, setting: Setting
) -> Reply:
    """That it ran is recorded with how it ended, when all the evidence has gone."""
    started = replace(
        row,
        state=State.RUNNING,
        run=intent.run,
        init=init,
        started_at=intent.at,
        finished_at=0,
        exit_code=None,
    )
    ended = await settle.settle_run(started, init, intent.at, setting)
    changes = settle.exited(started, intent, ended)
    await persist(v.CommitExited(changes), row.id)
    return Okay()


async def _killed_first(
    original: Callable[..., Awaitable[bool]], row: Container, init: Init, setting: Setting
) -> bool:
    """A new daemon begins with a clean host."""
    await v.SignalInit(init.process, 9)
    return await original(row, init, setting)


async def _stopped_to_be_looked_at(
    original: Callable[..., Awaitable[bool]], row: Container, init: Init, setting: Setting
) -> bool:
    """And not let go again."""
    await v.StopInit(init.process)
    return await original(row, init, setting)


async def _started_again(
    _original: object, row: Container, intent: Intent, setting: Setting
) -> None:
    """A start that was interrupted is undone, whether its program ran or not; the client asks again."""
    undo = recovery._undo_start  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    init = intent.init if intent.prepares else row.init
    await undo(row, intent, init, setting)


_FENCES = (Recipe(v.FenceShim, _only_looked_at), Recipe(v.FenceCall, _only_looked_at))

EXHIBITS = (
    Exhibit(
        "shim-of-nobody",
        "E",
        "the daemon dies between a shim's start and its record: the shim stays",
        "containerd#6860",
        "core",
        ("I7",),
        "create",
        (
            *_FENCES,
            Recipe(v.EndShim, _only_looked_at),
        ),
    ),
    Exhibit(
        "shim-left-after-a-timeout",
        "E",
        "a create that fails leaves its shim",
        "containerd#7733",
        "core",
        ("I7",),
        "create",
        (Recipe(v.EndShim, without(s.Fence)), Recipe(v.FenceShim, _only_looked_at)),
    ),
    Exhibit(
        "running-without-shim",
        "E",
        "a shim's death goes unseen, and its container goes on without one",
        "containerd#8285",
        "core",
        ("I7",),
        "goes-on",
        (Recipe(v.WatchInit, without(s.WatchShim)),),
    ),
    Exhibit(
        "successor-of-nothing",
        "E",
        "a new shim that was only begun is taken for a whole one",
        "",
        "core",
        ("I16",),
        "goes-on",
        (Replaced(f"{recovery.__name__}.greet", _curt),),
    ),
    Exhibit(
        "failed-start-leaves-its-shim",
        "E",
        "a start that fails leaves shim, cgroup and mount",
        "kata-containers#5087",
        "core",
        ("I7",),
        "start",
        (Replaced(f"{container.__name__}._start_failed", _failed_start_left),),
    ),
    Exhibit(
        "last-words-lost",
        "J",
        "what a container wrote after its monitor's death is thrown away",
        "",
        "core",
        ("I16",),
        "shim-dies",
        (Replaced(f"{ending.__name__}._log_last_words", _nothing),),
    ),
    Exhibit(
        "restart-kills-containers",
        "M",
        "the daemon's restart kills what runs",
        "moby#21933",
        "core",
        ("I18",),
        "left-alone",
        (Replaced(f"{recovery.__name__}._found_again", _killed_first),),
    ),
    Exhibit(
        "restart-stops-containers",
        "M",
        "what runs is stopped by the daemon's restart, to be looked at",
        "",
        "core",
        ("I18",),
        "goes-on",
        (Replaced(f"{recovery.__name__}._found_again", _stopped_to_be_looked_at),),
    ),
    Exhibit(
        "second-copy-started",
        "M",
        "a start is undone though its program ran, and a retry runs it again",
        "containerd#386",
        "core",
        ("I4",),
        "start",
        (Replaced(f"{recovery.__name__}._recover_start", _started_again),),
    ),
    Exhibit(
        "evidence-gone-before-its-commit",
        "M",
        "with two crashes a program that ran is believed not to have, and runs again",
        "",
        "core",
        ("I4",),
        "exits-at-once",
        (Replaced(f"{container.__name__}.ran_and_ended", _one_commit),),
    ),
)
