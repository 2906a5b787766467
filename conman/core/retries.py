"""What clients are told of what they asked for, now or before: of a retry, of what is over, of what was not begun.

Pure looks at the ledger. A request id stands for one request. It must never be obeyed twice, nor answered with another's answer.
"""

from conman.core.ledger import Ledger
from conman.core.requests import (
    ContainerCreated,
    CreateContainer,
    CreateExec,
    ExecCreated,
    MutatingRequest,
    Okay,
    Reply,
)
from conman.core.turns import Kind, Result, Work
from conman.errors import Code, Refusal
from conman.frozen import replace
from conman.primitives.steps import Inventory


def known_answer(ledger: Ledger, request: MutatingRequest) -> Reply | None:
    """What this request was told before; None: it is new."""
    answer = ledger.answers.get(request.request_id)
    if answer is None:
        return None
    if answer.digest != request.digest:
        return other_body(request.request_id)
    if answer.refusal is not None:
        return answer.refusal
    match request:
        case CreateContainer():
            return ContainerCreated(answer.container_id, answer.warnings)
        case CreateExec():
            return ExecCreated(answer.container_id, answer.exec_id)
        case _:
            return Okay()


#: For callers who joined an operation while recovery was undoing it.
UNDONE = Refusal(
    Code.UNAVAILABLE,
    "Undone",
    "conmand died during this operation and has undone it",
    "try again",
)


_NOT_BEGUN = "what you asked for is not begun: ask again"
_HURRIED = (
    "its program may have been ended for what you asked for, the rest of it is not begun: ask again"
)


def not_begun(why: Refusal, *, is_hurried: bool = False) -> Refusal:
    """Of what waits, or would wait, behind what cannot go on for this reason: not now, whatever that is told.

    `is_hurried`: for it that was not to let a program take its time.
    """
    said = _HURRIED if is_hurried else _NOT_BEGUN
    return replace(why, code=Code.UNAVAILABLE, hint=f"{said}; of what goes before it: {why.hint}")


def answer_of(work: Work, result: Result, ledger: Ledger) -> Reply:
    """What whoever asked is told once this has come of it."""
    reply = None if isinstance(result, Inventory | tuple) else result
    if work.kind is Kind.RECOVER:
        # As whoever asks later: what is recorded of it.
        known = known_answer(ledger, work.request) if work.request else None
        reply = known or (reply if isinstance(reply, Refusal) else None)
    return UNDONE if reply is None else reply


def other_body(request_id: str) -> Refusal:
    return Refusal(
        Code.INVALID_ARGUMENT,
        "RequestIdReused",
        f"the request id {request_id!r} was used before for another request",
        "draw a new request id",
        "request_id",
    )
