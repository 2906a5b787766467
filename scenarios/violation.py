"""What an invariant says, and the exception that says it does not hold. docs/invariants.md has all."""

SENTENCES = {
    "I1": "conmand becomes ready for every state that crashes can leave",
    "I2": "a name and an id stand for each other; a removed name is free at once",
    "I3": "every external resource is named in a durable intent before it is created",
    "I4": "retrying converges; one request never yields two processes",
    "I5": "no limbo: everything comes to rest, every call returns",
    "I6": "remove --force succeeds on the first call",
    "I7": "at rest the host holds exactly what records own",
    "I8": "no answer contradicts the host",
    "I9": "what was answered survives; what was not is wholly there or wholly not",
    "I10": "after a reboot nothing is RUNNING",
    "I11": "the exit code told is the one the kernel delivered, else 255 and Unknown; once",
    "I13": "created <= started <= finished",
    "I15": "recovery never harms what is valid or alive",
    "I16": "what a container writes is logged, as long as anybody is there to keep it",
    "I18": "the daemon's death never changes a container",
    "I21": "each committed change has its event; a follower is told each once, in their order",
}


class Violation(Exception):
    """An invariant does not hold."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant} ({SENTENCES.get(invariant, '')}): {what}")
        self.invariant, self.what = invariant, what
