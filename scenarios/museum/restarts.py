"""Exhibits P: restart policies that forget, undo what was asked for, or never end."""

from collections.abc import Awaitable, Callable

from conman.core import restarts
from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.ledger import Ledger
from conman.core.model import Container, Intent, Note, PutContainer, Stored
from conman.core.requests import Okay, Reply
from conman.core.restart import RestartPolicy
from conman.core.sagas import container, kill, recovery
from conman.core.sagas.commits import closing, persist
from conman.frozen import replace
from scenarios.museum.exhibit import Exhibit, Replaced


async def _unseen(
    original: Callable[..., Awaitable[None]], row: Container | None, setting: Setting, now: Now
) -> None:
    """Only an end that is seen is judged."""
    await original(row and replace(row, is_stopped=True), setting, now)


async def _kept_for_later(_original: object, row: Container, intent: Intent) -> Reply:
    """Who stops what has ended is told so, and what was planned goes on."""
    await persist(v.CommitAnswer(closing(intent)), row.id)
    return Okay()


def _no_stop(_original: object, _row: Container, _intent: Intent) -> tuple[PutContainer, ...]:
    return ()


def _at_once(
    original: Callable[..., Note], known: restarts.Restarts, row: Container, why: str, now: Now
) -> Note:
    """As if time had passed."""
    return original(known, row, why, replace(now, monotonic=now.monotonic - 100 * 1_000_000_000))


def _not_counted(_original: object, row: Container, _intent: Intent) -> Container:
    return replace(row, next_restart_at=0, is_stopped=False)


def _in_memory_only(original: Callable[..., None], ledger: Ledger, stored: Stored) -> None:
    """How often each was restarted a new daemon does not know."""
    rows = tuple(replace(row, restart_count=0) for row in stored.containers)
    original(ledger, replace(stored, containers=rows))


async def _as_the_first(
    original: Callable[..., Awaitable[Reply | None]],
    row: Container,
    intent: Intent,
    setting: Setting,
) -> Reply | None:
    """Of a restart that it finds under way a new daemon believes that there was none before."""
    return await original(replace(row, restart_count=0), intent, setting)


def _planned_is_planned(_original: object, policy: RestartPolicy, row: Container) -> Container:
    return replace(row, spec=replace(row.spec, restart=policy))


EXHIBITS = (
    Exhibit(
        "not-restarted-when-unseen",
        "P",
        "who ends while no daemon lives is never restarted",
        "containerd#10515",
        "core",
        ("I19",),
        "restart-killed-meanwhile",
        (Replaced(f"{recovery.__name__}._recover_row", _unseen),),
    ),
    Exhibit(
        "restarted-against-a-stop",
        "P",
        "a restart that was planned comes between somebody's request and what it wanted",
        "nerdctl#4886",
        "core",
        ("I19",),
        "restart-stopped",
        (Replaced(f"{container.__name__}.cancel_restart", _kept_for_later),),
    ),
    Exhibit(
        "restarted-after-a-kill",
        "P",
        "that a kill was asked for is not known any more when its end is judged",
        "",
        "core",
        ("I19",),
        "restart-killed",
        (Replaced(f"{kill.__name__}.told_to_end", _no_stop),),
    ),
    Exhibit(
        "restarts-without-end",
        "P",
        "a restart that fails is tried again at once, for ever",
        "moby#48912",
        "core",
        ("I5",),
        "restart-killed-meanwhile",
        (Replaced(f"{restarts.__name__}.Restarts.failed", _at_once),),
    ),
    Exhibit(
        "restarts-not-counted",
        "P",
        "on-failure:N has no end, for nobody counts",
        "",
        "core",
        ("I19",),
        "restart-on-failure",
        (Replaced(f"{container.__name__}._counted", _not_counted),),
    ),
    Exhibit(
        "restarts-counted-in-memory",
        "P",
        "whoever restarts the daemon has on-failure:N begin anew",
        "",
        "core",
        ("I19",),
        "restart-counted",
        (Replaced(f"{Ledger.__module__}.{Ledger.__name__}.__init__", _in_memory_only),),
    ),
    Exhibit(
        "restart-counted-as-the-first",
        "P",
        "a restart that is under way when the daemon dies is counted as the first one",
        "",
        "core",
        ("I19",),
        "restart-counted",
        (Replaced(f"{recovery.__name__}._recover_start", _as_the_first),),
    ),
    Exhibit(
        "restarted-without-its-policy",
        "P",
        "a restart that was planned comes though its policy was taken back",
        "",
        "core",
        ("I9",),
        "restart-update-start",
        (Replaced(f"{restarts.__name__}.under", _planned_is_planned),),
    ),
)
