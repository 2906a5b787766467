"""How long a call is tried while conmand does not answer: arithmetic, no clock.

It exists so that the rules of retrying can be read and tested without waiting. It must
never sleep or ask the time: `client` does, and tells it here.
"""

import os
from dataclasses import dataclass

CONNECT_TIMEOUT_S = 10.0
DEADLINE_S = 60.0
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_DOUBLINGS = 5


@dataclass(frozen=True, slots=True)
class Patience:
    """Both in seconds; None = without end.

    `connect_s` bounds one stretch of unanswered tries, `deadline_s` the whole call.
    """

    connect_s: float | None = CONNECT_TIMEOUT_S
    deadline_s: float | None = DEADLINE_S

    def remaining(self, elapsed_s: float) -> float | None:
        """What a try may still take, `elapsed_s` after the call began; None = no limit."""
        return None if self.deadline_s is None else max(self.deadline_s - elapsed_s, 0.0)

    def pause(self, failures: int, unanswered_s: float, elapsed_s: float) -> float | None:
        """How long to wait before the next try, None to give up.

        `failures` (from 1) in a row, over `unanswered_s`; the pauses double up to 1 s.
        """
        wanted = min(_FIRST_PAUSE_S * 2 ** min(failures - 1, _DOUBLINGS), _LONGEST_PAUSE_S)
        limits = [wanted]
        if self.connect_s is not None:
            limits.append(self.connect_s - unanswered_s)
        if self.deadline_s is not None:
            limits.append(self.deadline_s - elapsed_s)
        shortest = min(limits)
        return shortest if shortest > 0 else None


def new_request_id() -> str:
    """What makes a retry safe: 32 hex digits, drawn once for each thing to be done."""
    return os.urandom(16).hex()
