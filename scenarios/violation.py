"""What an invariant says, in the words of docs/invariants.md, and the exception that says it does not hold."""

import traceback
from pathlib import Path

SENTENCES = {
    "I1": "conmand becomes ready on every state that crashes and torn files can leave; a bad record is quarantined, never fatal",
    "I2": "name and id stand for each other; a removed name is free at once; nobody holds one that is not listed",
    "I3": "whatever is made on the host is named in a durable intent before",
    "I4": "repeating a call converges; one request never yields two processes",
    "I5": "no limbo: with faults off everything comes to rest in bounded time, every call returns",
    "I6": "remove --force succeeds at the first call, whatever is missing",
    "I7": "at rest the host holds exactly what records own",
    "I8": "no answer contradicts what the daemon was told; RUNNING iff its init lives; never EXITED with a living member",
    "I9": "what was answered survives; what was not is wholly there or not at all",
    "I10": "after a reboot nothing is RUNNING; the old boot's runtime state is ignored, then removed",
    "I11": "the code told is the kernel's, or 255 and Unknown; one terminal status a run",
    "I12": "a full or failing disk leaves the old version readable; service resumes",
    "I13": "created <= started <= finished, also when the clock jumps; events in order",
    "I14": "a new pull replaces what is corrupt",
    "I15": 'recovery deletes nothing valid, and nothing of what lives; "failed" is not "absent"',
    "I16": "attach and logs work after a restart; no byte lost or doubled",
    "I17": "no signal reaches a process whose boot or start time differs from the record",
    "I18": "the daemon's death never changes a container",
    "I19": "restart policy is a pure function, evaluated also for exits while the daemon was down",
    "I20": "recovery survives crashes, any number, and converges",
    "I21": "each committed change has its event, in the same transaction; a follower who goes on with the last number that it has seen is told each once, in order",
}


class Violation(Exception):
    """An invariant does not hold."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant} ({SENTENCES.get(invariant, '')}): {what}")
        self.invariant, self.what = invariant, what


def failure(who: str, error: BaseException) -> str:
    """A violation in its own words; with its place what nobody has thought of, though `who` it befell failed."""
    if isinstance(error, Violation):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{who} failed: {error!r} ({Path(place.filename).name}:{place.lineno})"
