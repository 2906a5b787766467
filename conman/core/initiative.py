"""What conman does with an object by itself, and when: a dead shim's successor, what follows an end, also of an
exec.

The machine asks whenever something of an object is over, and when an alarm of its own goes off. Pure: clocks
are given. It must never begin anything itself, for whatever is done waits for the object's turn.
"""

from conman.core.admission import Now, Setting
from conman.core.effects.effect import Effect, Outcome
from conman.core.exec_ends import ExecEnds
from conman.core.ledger import Ledger
from conman.core.model import State
from conman.core.orphans import Orphans
from conman.core.outputs import Alarm, ExecEnded
from conman.core.restarts import Restarts
from conman.core.turns import Kind, Result, Work
from conman.errors import Refusal
from conman.frozen import frozen


@frozen
class Wake:
    """An alarm: for whom, and when (monotonic ns)."""

    object_id: str
    deadline: int


class Initiative:
    """By object id; alarms by their tickets."""

    def __init__(self) -> None:
        self._orphans = Orphans()
        self._execs = ExecEnds()
        self._restarts = Restarts()
        self._wakes: dict[int, Wake] = {}

    def next(
        self, kind: Kind, object_id: str, ledger: Ledger, setting: Setting, now: Now, *, ticket: int
    ) -> Work | Alarm | None:
        """What is to be done now, or an alarm of this ticket for when it is; None: nothing, or there is one."""
        due = self._due(kind, object_id, ledger, setting, now)
        if due is None:
            return None
        if due <= now.monotonic:
            execs = self._execs.over(object_id) if kind is Kind.SETTLE_EXECS else ()
            if kind is Kind.SUCCEED:
                self._orphans.tried(object_id)
            return Work(kind, object_id, execs=execs)
        return Alarm(ticket, due) if self._wakes_at(ticket, object_id, due) else None

    def _due(
        self, kind: Kind, object_id: str, ledger: Ledger, setting: Setting, now: Now
    ) -> int | None:
        """When this is to be done (monotonic ns); None: it is not to be done."""
        row = ledger.containers.get(object_id)
        if kind is Kind.AFTER_END:
            return self._restarts.due(row, object_id, now)
        if kind is Kind.SETTLE_EXECS:
            # An operation that others come between is a stop that waits: it has let its container go.
            is_let_go = object_id in ledger.intents
            still = row is not None and row.state is State.PAUSED and not is_let_go
            return self._execs.due(object_id, row, now.monotonic, still=still)
        due = self._orphans.due(row, object_id, setting.layout.boot_id)
        if due is not None and due > now.monotonic:
            ledger.note(object_id, self._orphans.waiting(object_id))
        return due

    def execs_ending(self, ledger: Ledger) -> set[str]:
        """Containers of whose execs nothing is to be told now."""
        return self._execs.ending(ledger)

    # ---- alarms

    def _wakes_at(self, ticket: int, object_id: str, due: int) -> bool:
        """Whether an alarm of this ticket is to be set: one is enough, unless it is too late."""
        for wake in self._wakes.values():
            if wake.object_id == object_id and wake.deadline <= due:
                return False
        self._wakes[ticket] = Wake(object_id, due)
        return True

    def woken(self, ticket: int) -> str:
        """Whose alarm went off; "": it is none of these."""
        wake = self._wakes.pop(ticket, None)
        return wake.object_id if wake else ""

    # ---- what came of it

    def noted(self, effect: Effect, outcome: Outcome) -> None:
        self._execs.note(effect, outcome)

    def exec_ended(self, end: ExecEnded) -> None:
        self._execs.ended(end.container_id, end.run, end.exec_id)

    def shim_died(self, object_id: str, run: int, now: Now) -> None:
        self._orphans.died(object_id, run, now.monotonic)

    def concluded(self, work: Work, result: Result, ledger: Ledger, now: Now) -> None:
        """This is over; it may have been one try of what is conman's own."""
        if isinstance(result, tuple):
            self._orphans.conclude(work.key, *result, ledger, now.monotonic)
        elif work.kind is Kind.AFTER_END and isinstance(result, Refusal):
            self._not_followed(work.key, result, ledger, now)

    def _not_followed(self, object_id: str, refusal: Refusal, ledger: Ledger, now: Now) -> None:
        """What the runtime refused has ended, and its row says what follows."""
        row = ledger.containers.get(object_id)
        if row is not None and self._restarts.awaits(row):
            ledger.note(object_id, self._restarts.failed(row, refusal.what, now))
