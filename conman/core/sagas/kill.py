"""The signals that clients ask for, each sent once at most. No intent: an object has one, and a stop that waits has it.

The answer that holds if conmand dies in between, that it may have been sent, is durable before it is sent; so
recovery has nothing to do. It must never send a signal before that, nor twice for one request.
"""

from conman.core import restarts
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Outcome
from conman.core.execs import found
from conman.core.model import Change, Container, DropAnswer, Init, Intent, PutContainer
from conman.core.requests import Okay, Reply
from conman.core.sagas.commits import answering, commit, persist
from conman.core.sagas.run import insist, not_sent
from conman.errors import Code, Refusal
from conman.primitives.steps import Done, ProcessId

SIGKILL = 9


async def kill_container(row: Container, intent: Intent, *, is_still: bool) -> Reply:
    stopped = told_to_end(row, intent)
    if (refusal := await _recorded(row, intent, *stopped)) is not None:
        return refusal
    sent = await v.SignalInit(_init(row).process, intent.signal)
    if not isinstance(sent, Done):
        undone = (PutContainer(row),) if stopped else ()
        return await _undone(intent, f"cannot kill container {row.name}", sent, *undone)
    if is_still and intent.signal == SIGKILL:
        # What stands still dies only when it goes on; any other signal waits for unpause.
        await insist(row.id, v.Thaw(row.id, row.run))
    return await _answered(intent)


async def kill_exec(row: Container, intent: Intent) -> Reply:
    """What an exec is sent says nothing of its container."""
    if (refusal := await _recorded(row, intent)) is not None:
        return refusal
    sent = await v.SignalExec(_process(row, intent), intent.signal)
    if not isinstance(sent, Done):
        return await _undone(intent, f"cannot kill exec {intent.exec_id}", sent)
    return await _answered(intent)


def told_to_end(row: Container, intent: Intent) -> tuple[PutContainer, ...]:
    """KILL and the container's own stop signal are an explicit stop, also to a policy that it is given only then."""
    ends = intent.signal in (SIGKILL, row.spec.stop_signal)
    return (PutContainer(restarts.left_alone(row)),) if ends else ()


def may_be_sent(row: Container, intent: Intent) -> Refusal:
    """Never repeated: whether the signal was sent cannot be known."""
    of = f"exec {intent.exec_id} of " if intent.exec_id else ""
    return Refusal(
        Code.ABORTED,
        "SignalMayBeSent",
        f"conmand died while it sent signal {intent.signal} to {of}container {row.name}: "
        "the signal may have been sent",
        "look at it, then decide whether to kill it again",
    )


async def _recorded(row: Container, intent: Intent, *stopped: Change) -> Refusal | None:
    """Who asks again, and nobody knows how far it came, is told this; and it may have worked."""
    changes = (*answering(intent, may_be_sent(row, intent)), *stopped)
    return await commit(v.RecordSignal(changes), intent.id) if changes else None


async def _answered(intent: Intent) -> Okay:
    if answer := answering(intent):
        await persist(v.CommitAnswer(answer), intent.id)
    return Okay()


async def _undone(intent: Intent, what: str, sent: Outcome, *undone: Change) -> Refusal:
    """It was not sent: whoever asks again with the same words has it tried again."""
    forgotten = (DropAnswer(intent.request_id),) if intent.request_id else ()
    if changes := (*forgotten, *undone):
        await persist(v.CommitUndone(changes), intent.id)
    return not_sent(what, sent)


def _init(row: Container) -> Init:
    if row.init is None:
        raise AssertionError(row)
    return row.init


def _process(row: Container, intent: Intent) -> ProcessId:
    one = found(row.execs, intent.exec_id)
    if one is None or one.process is None:
        raise AssertionError(intent)
    return one.process
