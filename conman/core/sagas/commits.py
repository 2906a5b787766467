"""How sagas commit: one transaction, and what to do when the store cannot say whether it happened.

Nothing is answered before a commit's outcome is known; after Unknown the reopened store decides.
"""

from conman.core.effects.effect import Committed, Conflict, NotCommitted, Outcome, Unknown
from conman.core.effects.vocabulary import Commit, Mark, ReopenStore, Tell, WaitFor
from conman.core.execs import Exec
from conman.core.model import (
    Answer,
    AppendEvent,
    Change,
    Container,
    DropIntent,
    Event,
    Intent,
    PutAnswer,
)
from conman.errors import Code, Refusal

RETRY_NS = 1_000_000_000


async def commit(effect: Commit, container_id: str) -> Refusal | None:
    """Commit once. None: it is durable. A Refusal: nothing of it happened."""
    match await _settled(effect, container_id):
        case Committed():
            return None
        case Conflict(holder):
            return Refusal(
                Code.ALREADY_EXISTS,
                "NameTaken",
                f"the name or object is taken by container {holder}",
                "choose another name, or remove that container",
                "name",
            )
        case NotCommitted(text):
            return cannot_store(text)
        case other:
            raise AssertionError(other)


async def persist(effect: Commit, container_id: str) -> None:
    """Commit what has already happened on the host: again and again until the store takes it."""
    refusal = await commit(effect, container_id)
    if refusal is None:
        return
    while refusal is not None:
        await Tell(refusal)
        await Mark(container_id, "StoreFailed", refusal.what)
        await WaitFor(container_id, RETRY_NS)
        refusal = await commit(effect, container_id)
    await Mark(container_id, "", "")


async def _settled(effect: Commit, container_id: str) -> Outcome:
    outcome: Outcome = await effect
    return await _reopened(outcome.token, container_id) if isinstance(outcome, Unknown) else outcome


async def _reopened(token: str, container_id: str) -> Outcome:
    """What the reopened store says; while it does not open, nobody is told anything of this object."""
    outcome: Outcome = await ReopenStore(token)
    if not isinstance(outcome, Unknown):
        return outcome
    while isinstance(outcome, Unknown):
        await Mark(container_id, "StoreFailed", _not_open(outcome.text))
        await WaitFor(container_id, RETRY_NS)
        outcome = await ReopenStore(outcome.token)
    await Mark(container_id, "", "")
    return outcome


def _not_open(text: str) -> str:
    return f"the store does not open: {text}" if text else "the store does not open"


def cannot_store(text: str) -> Refusal:
    return Refusal(
        Code.UNAVAILABLE,
        "StoreFailed",
        f"cannot write the store: {text}",
        "make space or mend the disk below the data directory, then try again",
    )


def closing(
    intent: Intent, refusal: Refusal | None = None, warnings: tuple[str, ...] = ()
) -> tuple[Change, ...]:
    """The intent is done with; its request, if it had one, has this answer from now on."""
    return (DropIntent(intent.id), *answering(intent, refusal, warnings))


def answering(
    intent: Intent, refusal: Refusal | None = None, warnings: tuple[str, ...] = ()
) -> tuple[PutAnswer, ...]:
    """Of a request without an id nobody can ask again."""
    if not intent.request_id:
        return ()
    answer = Answer(
        intent.request_id,
        intent.digest,
        intent.at,
        intent.id,
        refusal,
        warnings,
        exec_id=intent.exec_id,
    )
    return (PutAnswer(answer),)


def exec_event(kind: str, container: Container, one: Exec, at: int) -> AppendEvent:
    """Of one of its execs."""
    told = (at, container.id, kind, one.run, one.exit_code, container.name, one.id)
    return AppendEvent(Event(*told))


def event(kind: str, container: Container, at: int) -> AppendEvent:
    code = container.exit_code if kind == "exited" else None
    return AppendEvent(Event(at, container.id, kind, container.run, code, container.name))
