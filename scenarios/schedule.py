"""What varies between the lives of a daemon that begin on one host: who moves first, and what strikes when.

A strike is the environment's, once in a life. It must never be one that a host could not give.
"""

from dataclasses import dataclass

SHIM_DIES, CALL_HANGS, RECORD_FAILS = "shim-dies", "call-hangs", "record-fails"
DISK_FULL = "disk-full"
UNKNOWN_KEPT, UNKNOWN_LOST = "commit-unknown-kept", "commit-unknown-lost"
UNKNOWNS = (UNKNOWN_KEPT, UNKNOWN_LOST)
STRIKES = (SHIM_DIES, CALL_HANGS, DISK_FULL, RECORD_FAILS, *UNKNOWNS)


@dataclass(frozen=True, slots=True)
class Schedule:
    """`eager`: actors before the daemon, else after it. `inits_first`: the daemon sees the ends of inits before those of others.

    `prompt`: the client asks as soon as it is served, before the daemon goes on with what it has begun by itself.
    `strike`: at this event a shim dies, a call hangs, or the disk is full for a while; or at this commit its outcome is unknown, or this step of the
    exit record that a shim writes first fails; -1: never.
    """

    eager: bool = False
    strike: int = -1
    kind: str = ""
    inits_first: bool = False
    prompt: bool = False

    def name(self) -> str:
        base = "eager" if self.eager else "lazy"
        return f"{base},{self.kind}@{self.strike}" if self.strike >= 0 else base
