"""Whether what several clients were told of one exec fits one order: from CREATED to EXITED, and one end.

The same as `exec_oracle.explains` of one client: whoever asks after an answer is told of no earlier state. It never
looks at the core or the host.
"""

from collections.abc import Sequence

from scenarios.clients import MAKE_EXEC, OF_EXEC
from scenarios.exec_oracle import AFTER_START, MADE, ORDER
from scenarios.linearizability import Call
from scenarios.violation import Violation


def check(history: Sequence[Call]) -> None:
    """Raises Violation."""
    for exec_id in dict.fromkeys(one for call in history for one in _execs_of(call)):
        calls = [call for call in history if exec_id in _execs_of(call) and call.answer]
        for after in calls:
            for before in calls:
                if before.answered < after.asked and _least(before) > _most(after):
                    raise Violation("I9", f"{after.told()}; before, {before.told()}")
        _one_end(exec_id, {call.code for call in calls if call.answer == "EXITED"}, calls)


def _one_end(exec_id: str, codes: set[int | None], calls: Sequence[Call]) -> None:
    """Whom KILL has reached that does not end by itself any more; how it ended may be unknown."""
    if len(codes) > 1:
        raise Violation("I11", f"exec {exec_id} is told to have ended with each of {codes}")
    for call in calls:
        is_killed = call.ask.verb == "kill-exec" and (call.ask.signal, call.answer) == (9, "ok")
        if is_killed and not codes <= {137, 255}:
            raise Violation("I9", f"{call.told()}, and the exec ended with {codes}")


def _execs_of(call: Call) -> tuple[str, ...]:
    """Which it made, or is about."""
    if call.ask.verb in MAKE_EXEC:
        return call.ids
    return (call.about,) if call.ask.verb in OF_EXEC else ()


def _least(call: Call) -> int:
    """How far the exec had come when this was answered, at least."""
    verb, answer = call.ask.verb, call.answer
    if verb in MADE and answer == "ok":
        return MADE[verb]
    if verb in {"start-exec", "run-exec"}:
        return AFTER_START.get(answer, 0)
    if verb == "kill-exec" and answer == "ok":
        return ORDER["RUNNING"]
    return ORDER.get(answer, 0)


def _most(call: Call) -> int:
    """At most, when it was asked: what is told of a state, and what only one that is not over can be answered."""
    verb, answer = call.ask.verb, call.answer
    if verb in {"exec-status", "wait-exec"}:
        return ORDER.get(answer, ORDER["EXITED"])
    return ORDER["RUNNING"] if verb == "attach-exec" and answer == "ok" else ORDER["EXITED"]
