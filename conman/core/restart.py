"""Whether a program that has ended is begun again, and when: a pure function of how it ended.

docker's policies and its back-off. Nothing is asked of a host or of a clock, so the next daemon, also one of
another boot, comes to the same answer. An explicit stop is never undone.
"""

from enum import Enum

from conman.frozen import frozen

_SECOND = 1_000_000_000
FIRST_DELAY, LONGEST_DELAY = _SECOND // 10, 60 * _SECOND

#: A run that lasted this long was a healthy one: after it the delays begin anew.
HEALTHY = 10 * _SECOND


class RestartName(Enum):
    """As docker says them. UNLESS_STOPPED is ALWAYS: neither undoes an explicit stop."""

    NO = "no"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"
    UNLESS_STOPPED = "unless-stopped"


@frozen
class RestartPolicy:
    """`maximum_retry_count`, of ON_FAILURE: so many restarts after an explicit start; 0: any number."""

    name: RestartName = RestartName.NO
    maximum_retry_count: int = 0


NEVER = RestartPolicy()


@frozen
class End:
    """How a run ended. `restarts`: how many there were since the last explicit start.

    `is_asked_for`: by an explicit stop. `has_begun` False: its start was refused, and it never ran.
    """

    code: int
    restarts: int
    is_asked_for: bool = False
    has_begun: bool = True


def is_restarted(policy: RestartPolicy, end: End) -> bool:
    """Whether a run follows this end. An explicit start that was refused was its caller's to judge."""
    if end.is_asked_for or not (end.has_begun or end.restarts):
        return False
    match policy.name:
        case RestartName.NO:
            return False
        case RestartName.ON_FAILURE:
            most = policy.maximum_retry_count
            return end.code != 0 and (not most or end.restarts < most)
        case RestartName.ALWAYS | RestartName.UNLESS_STOPPED:
            return True


def short_runs(before: int, lasted: int) -> int:
    """How many runs in a row, this one too, have ended soon; a healthy one is the first of a new row."""
    return 1 if lasted >= HEALTHY else before + 1


def delay(short: int) -> int:
    """From the end of a run to the next: 0.1 s, 0.2 s, 0.4 s ... 60 s."""
    return min(FIRST_DELAY << min(short - 1, 10), LONGEST_DELAY) if short > 0 else 0
