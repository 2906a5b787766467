"""Execs: further programs in a container that runs. Values, and what follows from them alone.

They are a part of their container's row: so they change with it in one transaction, and go with it. An exec
belongs to one run, and none outlives it. What has ended is remembered, but not for ever.
"""

from enum import Enum

from conman.core.spec import Resolved
from conman.frozen import frozen, replace
from conman.primitives.steps import ProcessId

#: How many that have ended a container's row remembers, unless more end at once; the oldest go first.
ENDED_KEPT = 50
#: How many that have not ended a container may have.
OPEN_AT_MOST = 256


class ExecState(Enum):
    """CREATED: not yet started. EXITED: its program ended, or never began; `reason` says which."""

    CREATED = "CREATED"
    RUNNING = "RUNNING"
    EXITED = "EXITED"


@frozen
class ExecSpec:
    """The request. `cwd`, `user` "": as the container's. `timeout_ms` 0: it may run for ever."""

    command: str
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    cwd: str = ""
    user: str = ""
    privileged: bool = False
    tty: bool = False
    stdin: bool = False
    timeout_ms: int = 0


@frozen
class Exec:
    """One of them. Times in ns since the epoch, 0 = not yet; `deadline`: monotonic ns, 0 = none.

    `identity`: who `spec.user` is. `process`: of one that was started.
    """

    id: str
    run: int
    spec: ExecSpec
    identity: Resolved
    state: ExecState = ExecState.CREATED
    process: ProcessId | None = None
    created_at: int = 0
    started_at: int = 0
    finished_at: int = 0
    exit_code: int | None = None
    reason: str = ""
    message: str = ""
    deadline: int = 0


Execs = tuple[Exec, ...]


def found(execs: Execs, exec_id: str) -> Exec | None:
    return next((one for one in execs if one.id == exec_id), None)


def running(execs: Execs) -> Execs:
    return tuple(one for one in execs if one.state is ExecState.RUNNING)


def open_ones(execs: Execs) -> Execs:
    return tuple(one for one in execs if one.state is not ExecState.EXITED)


def having(execs: Execs, *new: Exec) -> Execs:
    """With these as they are now; who ends goes behind all others, so that no clock says who ended last.

    Of those that had ended before only the latest stay. Those that end now all do: whoever waits for one is to be told,
    and they stay until another ends.
    """
    if not new:
        return execs
    for one in new:
        if one.state is ExecState.EXITED or found(execs, one.id) is None:
            execs = (*(each for each in execs if each.id != one.id), one)
        else:
            execs = tuple(one if each.id == one.id else each for each in execs)
    over = [one for one in execs if one.state is ExecState.EXITED]
    before = [one for one in over if one not in new]
    oldest = before[: max(0, len(over) - ENDED_KEPT)]
    return tuple(one for one in execs if one not in oldest)


def after_the_run(execs: Execs, told: Execs = ()) -> Execs:
    """When their container's run is over: how each ended is `told`, and who never began is gone."""
    return tuple(one for one in having(execs, *told) if one.state is ExecState.EXITED)


def ended(one: Exec, at: int, code: int, reason: str, message: str = "") -> Exec:
    """The same, over. A clock that was set back changes no order."""
    return replace(
        one,
        state=ExecState.EXITED,
        finished_at=max(at, one.started_at, one.created_at),
        exit_code=code,
        reason=reason,
        message=message,
        deadline=0,
    )
