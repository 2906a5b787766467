"""How a run ended: from the shim's record, else from the kernel, else unknown; and its last words.

Whatever is told is in a durable record first, and an existing record is never replaced. It must never
invent a code: what nobody saw is 255, and said to be unknown.
"""

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Outcome
from conman.core.model import Init
from conman.core.sagas.run import insist
from conman.core.sagas.successor import begin_successor
from conman.core.shim_call import Exit, ShimState, exit_record, render_exit, told_state
from conman.errors import Code, Refusal
from conman.primitives.steps import (
    Absent,
    Content,
    ExitStatus,
    Failed,
    Held,
    OomCount,
    ShimAnswer,
    TimedOut,
)

RECORD_AGAIN_NS = 1_000_000_000
UNKNOWN_CODE = 255

_UNWRITTEN = Refusal(
    Code.UNAVAILABLE,
    "ExitNotRecorded",
    "the exit cannot be written; is the disk full?",
    "make space or mend the disk below the data directory; conman goes on by itself",
)

#: A successor may be killed too while it reads what is left.
_SUCCESSORS = 3


async def read_exit(container_id: str, run: int, init: Init, at: int) -> Exit:
    """How the run ended, from a durable record; where there is none, one is written now."""
    told = await _word_of_shim(container_id, run, init)
    known = _known(told, init)
    if known is not None and known.exit is not None:
        return known.exit
    if isinstance(told, TimedOut):
        # It hangs, and what it has not read must not go with it: as if it were dead already.
        await insist(container_id, v.FenceShim(container_id, run))
    if _is_orphaned(told):
        await _log_last_words(container_id, run, init)
    # A record without the shim's word is believed only when no shim is left to write it.
    await insist(container_id, v.FenceShim(container_id, run))
    found = await insist(container_id, v.ReadExitRecord(container_id, run))
    ended = _record_of(init, found)
    if ended is not None:
        # Whoever wrote it may have died before its name was durable.
        await insist(container_id, v.KeepExitRecord(container_id, run))
        return ended
    return await _own_record(container_id, run, init, at)


async def _word_of_shim(container_id: str, run: int, init: Init) -> Outcome:
    """Whatever it says of this init's exit, but that it cannot write it: then it is asked again.

    As is one that we could not ask: it lives, and may be the only one who knows.
    """
    told = await v.AwaitExitRecord(container_id, run)
    if _why_again(told, init) is None:
        return told
    while (why := _why_again(told, init)) is not None:
        await v.Tell(why)
        await v.Mark(container_id, why.reason, why.what)
        await v.WaitFor(container_id, RECORD_AGAIN_NS)
        told = await v.AwaitExitRecord(container_id, run)
    await v.Mark(container_id, "", "")
    return told


def _why_again(told: Outcome, init: Init) -> Refusal | None:
    if _is_unwritten(told, init):
        return _UNWRITTEN
    # One that speaks another protocol never will.
    if not isinstance(told, Failed) or told.error == "EPROTO":
        return None
    return Refusal(
        Code.UNAVAILABLE,
        "LookFailed",
        f"the shim cannot be asked how the run ended: {told.text}",
        "conman asks again every second; mend the cause",
    )


def _is_unwritten(told: Outcome, init: Init) -> bool:
    known = _known(told, init)
    return known is not None and not known.recorded


def _known(told: Outcome, init: Init) -> ShimState | None:
    """What a shim knows that has seen the end of this very init."""
    known = told_state(told)
    is_its = known is not None and known.exit is not None and known.exit.process == init.process
    return known if is_its else None


def _record_of(init: Init, found: Outcome) -> Exit | None:
    ended = exit_record(found.data) if isinstance(found, Content) else None
    return ended if ended is not None and ended.process == init.process else None


async def _own_record(container_id: str, run: int, init: Init, at: int) -> Exit:
    """By the daemon, before the evidence goes."""
    counted = await v.ReadOomKills(container_id, run)
    kills = counted.kills if isinstance(counted, OomCount) else 0
    told = await v.ReadExitStatus(container_id, run)
    if isinstance(told, ExitStatus):
        ended = Exit(init.process, told.code, told.signal, kills, at, "daemon")
    else:
        ended = Exit(init.process, UNKNOWN_CODE, 0, kills, at, "daemon", known=False)
    await insist(container_id, v.WriteExitRecord(container_id, run, render_exit(ended)))
    return ended


def _is_orphaned(told: Outcome) -> bool:
    """Whether no shim is there that reads the output; of one that was silent: any more."""
    known = told_state(told)
    return isinstance(told, Absent | TimedOut) or (known is not None and known.is_idle)


async def _log_last_words(container_id: str, run: int, init: Init) -> None:
    """What the container wrote after its shim's death is not thrown away with the FIFOs."""
    for _ in range(_SUCCESSORS):
        held = await v.HoldOutput(container_id, run)
        if not isinstance(held, Held):
            return
        recorded = _record_of(init, await v.ReadExitRecord(container_id, run))
        if recorded is not None and not held.unread:
            return  # its shim has done all that there was to do
        if await begin_successor(container_id, run):
            continue
        if isinstance(await v.AwaitExitRecord(container_id, run), ShimAnswer):
            return
