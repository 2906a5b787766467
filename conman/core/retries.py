"""Requests that are asked again: what their retry is told. Pure looks at the ledger.

A request id stands for one request. It must never be obeyed twice, nor answered with another's answer.
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
from conman.errors import Code, Refusal


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


def other_body(request_id: str) -> Refusal:
    return Refusal(
        Code.INVALID_ARGUMENT,
        "RequestIdReused",
        f"the request id {request_id!r} was used before for another request",
        "draw a new request id",
        "request_id",
    )
