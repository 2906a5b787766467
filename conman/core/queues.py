"""Who waits for whose turn, in order: one saga at a time per object.

A saga that waits for a program's end may do so for an hour. What must not wait that long comes between, before
what came earlier. It must never be anything that writes an intent: an object has one.
"""

from collections import deque
from collections.abc import Iterator

from conman.core.tasks import Task
from conman.core.turns import Kind, Work, comes_between, has_no_patience


class Queues:
    """By key, as `Work` has it."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Work]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._waiting

    def __iter__(self) -> Iterator[str]:
        return iter(self._waiting)

    def put(self, work: Work, *, first: bool) -> None:
        queue = self._waiting.setdefault(work.key, deque())
        if first:
            queue.appendleft(work)
        else:
            queue.append(work)

    def next(self, key: str, task: Task | None) -> Work | None:
        """Whose turn it is, who waits no longer then; None: nobody's. `task`: what is under way."""
        queue = self._waiting.get(key)
        if not queue or not (task is None or task.waits):
            return None
        if task is None:
            return queue.popleft()
        work = next((one for one in queue if comes_between(one)), None)
        if work is not None:
            queue.remove(work)
        return work

    def has_no_patience(self, key: str) -> bool:
        """Whether somebody waits who would not have let a program take its time to end."""
        return any(has_no_patience(one) for one in self._waiting.get(key, ()))

    def give_up(self, key: str) -> list[Work]:
        """What clients want and is not begun leaves, and nobody asks for it any more; what conman does by itself stays."""
        queue = self._waiting.get(key, deque())
        wanted = [one for one in queue if one.kind is Kind.REQUEST]
        for one in wanted:
            queue.remove(one)
        return wanted

    def forget(self, key: str) -> None:
        """Nobody waits any more."""
        self._waiting.pop(key, None)
