"""A log that somebody has moved away is reopened by its shim, which writes on in a file of the log's name.

Nothing is recorded, and a shim may be told as often as one likes: so there is no intent, and nothing to recover.
It has a turn of its own (`turns.beside`): it must never wait for what is done to the container, least of all for
a program that takes its time to end.
"""

from collections.abc import Collection

from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.ledger import Ledger, not_found
from conman.core.model import Container
from conman.core.reach import out_of_reach
from conman.core.requests import Okay, ReopenContainerLog, Reply
from conman.core.shim_call import told_state, unanswered
from conman.errors import Code, Refusal


def admit_reopening(
    request: ReopenContainerLog,
    container_id: str,
    ledger: Ledger,
    setting: Setting,
    ended: Collection[tuple[str, int]],
) -> Container | Refusal:
    """Whose log is being written: of a run that is prepared, whether its program has begun or not.

    `ended`: the runs whose end was seen. The rest of what they wrote goes where their log is, and is there once that
    end is written down.
    """
    if not ledger.knows(container_id):
        return not_found(request.container)
    view = ledger.view(container_id, setting.layout)
    name = view.name or container_id
    if objection := out_of_reach(view, f"the log of container {name} cannot be reopened"):
        return objection
    row = ledger.containers[container_id]
    intent = ledger.intents.get(container_id)
    if intent is not None and intent.prepares:
        # The shim may have the log, and its program may write to it, before that is written down.
        return _not_now(row.name, "its next run is being prepared")
    if not row.is_prepared(setting.layout.boot_id):
        return _nobody_writes(row.name, f"it is {view.state.value}")
    if (row.id, row.run) in ended:
        return _not_now(row.name, "its program has just ended")
    return row


async def reopen_container_log(row: Container) -> Reply:
    told = await v.ReopenLog(row.id, row.run)
    known = told_state(told)
    if known is not None and known.log is None and not known.is_idle:
        # Whoever has output to log answers that, unless it has never heard of it.
        return _never(row)
    if known is None or known.log is None:
        return _not_now(row.name, unanswered(told))
    return _not_reopened(row, known.log) if known.log else Okay()


def _nobody_writes(name: str, why: str) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "NotRunning",
        f"nobody writes to the log of container {name}: {why}",
        "there is nothing to reopen: the next run opens the log by its name",
        "container_id",
    )


def _not_now(name: str, why: str) -> Refusal:
    return Refusal(
        Code.UNAVAILABLE,
        "HostFailed",
        f"the log of container {name} cannot be reopened now: {why}",
        "it is being started, has just ended, or another shim is on its way: try again",
    )


def _never(row: Container) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "LogNotReopened",
        f"the log of container {row.name} cannot be reopened: its shim is of an older conmand",
        "its next run's shim can: stop it and start it; until then it is written to where it was",
    )


def _not_reopened(row: Container, why: str) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "LogNotReopened",
        f"the log of container {row.name} cannot be reopened: {why}",
        "until the cause is mended, in the container's directory, it is written to where it was",
    )
