"""What follows an end: another run by the container's policy, or its removal; and when, on this boot's clock.

The decision is in the row, and so in the very transaction that commits the end; here is only how it gets there,
and what the machine must remember of it. What the host does not let happen is tried ever later.
"""

from conman.core.admission import Now
from conman.core.model import Container, Note, State
from conman.core.restart import End, RestartPolicy, delay, is_restarted, short_runs
from conman.frozen import frozen, replace

_SECOND = 1_000_000_000
_LONGEST = 60 * _SECOND


def judged(row: Container) -> Container:
    """The row of a run that has just ended, with the time of the next, if one follows."""
    lasted = row.finished_at - row.started_at if row.started_at else 0
    short = short_runs(row.short_runs, lasted)
    follows = is_restarted(row.spec.restart, _end(row))
    due = row.finished_at + delay(short) if follows else 0
    return replace(row, short_runs=short, next_restart_at=due)


def under(policy: RestartPolicy, row: Container) -> Container:
    """Another policy from now on. It can take back a restart that is awaited, never begin one."""
    changed = replace(row, spec=replace(row.spec, restart=policy))
    keeps = row.next_restart_at and is_restarted(policy, _end(row))
    return replace(changed, next_restart_at=row.next_restart_at if keeps else 0)


def left_alone(row: Container) -> Container:
    """After an explicit stop: no run follows but by an explicit start."""
    return replace(row, is_stopped=True, next_restart_at=0)


def follows_at(row: Container) -> int:
    """When conman is to restart or remove it by itself, as the row has it; 0: never."""
    removes = row.spec.auto_remove and row.state is State.EXITED
    return row.finished_at if removes else row.next_restart_at


def _end(row: Container) -> End:
    code = row.exit_code if row.exit_code is not None else 0
    has_begun = row.reason != "StartError"
    return End(code, row.restart_count, is_asked_for=row.is_stopped, has_begun=has_begun)


@frozen
class _Awaited:
    """`at`: what its row says; `deadline`: monotonic ns of this boot. `failures`: tries in a row."""

    at: int
    deadline: int
    failures: int = 0


class Restarts:
    """By object id."""

    def __init__(self) -> None:
        self._known: dict[str, _Awaited] = {}

    def due(self, row: Container | None, object_id: str, now: Now) -> int | None:
        """When it may begin (monotonic ns); None: nothing follows."""
        if row is None or not follows_at(row):
            self._known.pop(object_id, None)
            return None
        one = self._known.get(object_id)
        if one is None or one.at != follows_at(row):
            one = _Awaited(follows_at(row), now.monotonic + _left(row, now.wall))
            self._known[object_id] = one
        return one.deadline

    def awaits(self, row: Container) -> bool:
        """Whether what its row speaks of is what was tried last."""
        one = self._known.get(row.id)
        return one is not None and one.at == follows_at(row)

    def failed(self, row: Container, why: str, now: Now) -> Note:
        """The host did not let it happen, and it was undone. What is told of it."""
        one = self._known[row.id]
        wait = min(_SECOND << min(one.failures, 10), _LONGEST)
        self._known[row.id] = _Awaited(one.at, now.monotonic + wait, one.failures + 1)
        what = "be removed" if row.spec.auto_remove else "run again"
        text = (
            f"it is to {what}, and that failed {one.failures + 1} times in a row: {why}; "
            f"the next is tried {wait // _SECOND} s after the last"
        )
        reason = "RemoveFailed" if row.spec.auto_remove else "RestartFailed"
        return Note(row.run, reason, text)


def _left(row: Container, wall: int) -> int:
    """What of the delay is left. A clock that was set may not make it longer than it was."""
    return min(max(row.next_restart_at - wall, 0), delay(row.short_runs))
