"""Which execs have ended, and whose time is over: what a container's next turn is for. Pure; clocks are given."""

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Effect, Outcome
from conman.core.execs import running
from conman.core.ledger import Ledger
from conman.core.model import Container
from conman.primitives.steps import Gone


class ExecEnds:
    """Ends that were observed, until they are committed."""

    def __init__(self) -> None:
        self._ended: set[tuple[str, int, str]] = set()
        self._over: dict[str, tuple[str, ...]] = {}

    def ended(self, object_id: str, run: int, exec_id: str) -> None:
        self._ended.add((object_id, run, exec_id))

    def note(self, effect: Effect, outcome: Outcome) -> None:
        """Who was found gone when it was to be watched."""
        match effect, outcome:
            case v.WatchExec(object_id, run, exec_id), Gone():
                self.ended(object_id, run, exec_id)
            case _:
                pass

    def due(self, object_id: str, row: Container | None, now: int, *, still: bool) -> int | None:
        """When something is to be done of this container's execs (monotonic ns); None: nothing is.

        What was observed of others than those that run is forgotten. `still`: of what stands so no time is over,
        it would be killed, and not die, before it goes on.
        """
        alive = running(row.execs) if row is not None else ()
        known = {(object_id, one.run, one.id) for one in alive}
        self._ended = {end for end in self._ended if end[0] != object_id or end in known}
        self._over.pop(object_id, None)
        limited = () if still else alive
        late = {one.id for one in limited if 0 < one.deadline <= now}
        over = tuple(
            one.id for one in alive if (object_id, one.run, one.id) in self._ended or one.id in late
        )
        if over:
            self._over[object_id] = over
            return now
        return min((one.deadline for one in limited if one.deadline), default=None)

    def over(self, object_id: str) -> tuple[str, ...]:
        """Those that are to be settled, as `due` has just found."""
        return self._over.pop(object_id, ())

    def ending(self, ledger: Ledger) -> set[str]:
        """Containers of whose execs an end was seen, and is not committed."""
        return {end[0] for end in self._ended if end[0] in ledger.containers} - set(ledger.marks)
