"""Exhibits of execs: processes that a daemon loses, or begins twice, when it comes back."""

from collections.abc import Awaitable, Callable

from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Outcome
from conman.core.execs import after_the_run
from conman.core.model import Change, Container, DropIntent, Intent, PutAnswer, PutContainer
from conman.core.requests import Okay
from conman.core.sagas import execs, kill, recovery
from conman.core.sagas.commits import persist
from conman.core.sagas.run import insist
from conman.errors import Refusal
from conman.frozen import replace
from conman.primitives.steps import TimedOut
from scenarios.museum.exhibit import Exhibit, Replaced

_Recovered = tuple[Container, Refusal | None]


async def _forgotten(_original: object, row: Container) -> None:
    """Whoever comes back remembers those only that have ended."""
    if row.execs != after_the_run(row.execs):
        kept = replace(row, execs=after_the_run(row.execs))
        await persist(v.CommitExecExited((PutContainer(kept),)), row.id)


async def _not_watched(_original: object, row: Container) -> None:
    """Who ends from here on ends unseen."""


async def _begun_again(
    _original: object, row: Container, intent: Intent, setting: Setting
) -> _Recovered:
    """What was interrupted is simply done."""
    await persist(v.CommitUndone((DropIntent(row.id),)), row.id)
    told = await execs.start_exec(row, intent, setting)
    return row, told if isinstance(told, Refusal) else None


async def _not_looked_for(
    original: Callable[..., Awaitable[Container]],
    row: Container,
    intent: Intent,
    one: object,
    why: Refusal,
) -> Container:
    """It was interrupted, so it is over; nobody looks whether its program began."""
    if why.reason not in {"ExecInterrupted", "ShimDied"}:
        return await original(row, intent, one, why)
    gone = replace(row, execs=after_the_run(row.execs))
    await persist(v.CommitExecExited((PutContainer(gone), DropIntent(row.id))), row.id)
    return gone


def _answer_without_its_id(
    original: Callable[..., tuple[Change, ...]], intent: Intent, *why: object, **told: object
) -> tuple[Change, ...]:
    """As every other request is remembered: that it was done."""
    return tuple(
        PutAnswer(replace(one.answer, exec_id="")) if isinstance(one, PutAnswer) else one
        for one in original(intent, *why, **told)
    )


async def _asked_for_ever(_original: object, row: Container, _times: int) -> Outcome:
    """A shim that lives is to answer."""
    return await insist(row.id, v.HelloShim(row.id, row.run))


async def _not_asked(_original: object, row: Container, _times: int) -> Outcome:
    """It may hang."""
    await insist(row.id, v.FenceShim(row.id, row.run))
    return TimedOut()


def _sent_to_nobody(_original: object, _what: str, _sent: object) -> Okay:
    """Who is gone needs no signal."""
    return Okay()


_EXECS = execs.__name__

EXHIBITS = (
    Exhibit(
        "exec-leaks-after-a-restart",
        "J",
        "a daemon that comes back does not know the execs that it left, and they stay",
        "containerd#8856",
        "core",
        ("I7",),
        "exec-goes-on",
        (Replaced(f"{recovery.__name__}._watch_execs", _forgotten),),
    ),
    Exhibit(
        "exec-not-watched-after-a-restart",
        "J",
        "an exec that ends after the daemon came back is RUNNING for ever",
        "",
        "core",
        ("I5",),
        "exec",
        (Replaced(f"{recovery.__name__}._watch_execs", _not_watched),),
    ),
    Exhibit(
        "exec-half-begun-is-left",
        "J",
        "an exec whose start was interrupted is forgotten, and its process runs",
        "",
        "core",
        ("I7",),
        "exec-timeout",
        (Replaced(f"{_EXECS}._not_begun", _not_looked_for),),
    ),
    Exhibit(
        "exec-begun-again",
        "J",
        "an exec whose start was interrupted is begun again, and its program runs twice",
        "",
        "core",
        ("I4",),
        "exec",
        (Replaced(f"{recovery.__name__}.recover_exec", _begun_again),),
    ),
    Exhibit(
        "exec-retry-without-its-id",
        "J",
        "whoever made and began an exec asks again, and is not told which it is",
        "",
        "core",
        ("I9",),
        "exec-at-once",
        (Replaced(f"{_EXECS}.closing", _answer_without_its_id),),
    ),
    Exhibit(
        "exec-killed-when-it-was-over",
        "J",
        "a signal to an exec that has just ended is told as sent",
        "",
        "core",
        ("I9",),
        "exec-kill-exit",
        (Replaced(f"{kill.__name__}.not_sent", _sent_to_nobody),),
    ),
    Exhibit(
        "exec-of-a-hung-shim-holds-up-all",
        "J",
        "a shim that hangs and has an exec is asked for ever, and its container cannot be stopped",
        "",
        "core",
        ("I5",),
        "exec-and-stop-hung",
        (Replaced(f"{_EXECS}._hello", _asked_for_ever),),
    ),
    Exhibit(
        "exec-ends-its-shim",
        "J",
        "an exec whose start was interrupted ends the shim of its container, which would have answered",
        "",
        "core",
        ("I15",),
        "exec",
        (Replaced(f"{_EXECS}._hello", _not_asked),),
    ),
)
