"""Containers that were removed when they had ended, as they were created to be: how they ended is told a while longer.

Whoever waits for such a container may come just after it has gone, or again after a daemon's death. Kept with the
answers of requests, as long as those, and by full id only, for the name may be another's by now.
"""

from conman.core.ledger import Ledger
from conman.core.model import Answer, Container, PutAnswer, State
from conman.core.requests import ContainerView


def _key(container_id: str) -> str:
    """No request id, which is 32 digits."""
    return f"end of {container_id}"


def kept(row: Container, at: int) -> tuple[PutAnswer, ...]:
    """A part of the transaction that drops the row. Of one that is removed by force before it ends there is nothing to tell."""
    if not row.spec.auto_remove or row.state is not State.EXITED:
        return ()
    return (PutAnswer(Answer(_key(row.id), "", at, row.id, ended=row)),)


def departed(ledger: Ledger, container_id: str) -> ContainerView | None:
    """None: nothing is known of it any more."""
    answer = ledger.answers.get(_key(container_id))
    row = answer.ended if answer is not None else None
    if row is None:
        return None
    return ContainerView(row.id, row.name, row.state, row.reason, row.message, row)
