"""What a run uses, and its processes, as they are told: values without any decision.

Counters begin with the run and only grow; whoever wants a rate takes two of them.
"""

from conman.frozen import frozen


@frozen
class Usage:
    """At one moment (ns since the epoch). Limits: 0, none of its own. `memory_bytes`: what cannot be dropped at once."""

    at: int
    cpu_ns: int = 0
    memory_bytes: int = 0
    memory_limit_bytes: int = 0
    pids: int = 0
    pids_limit: int = 0
    read_bytes: int = 0
    written_bytes: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0


@frozen
class Process:
    """One member of a run, by its pid on the host. `command`: its words, or its name in brackets."""

    pid: int
    ppid: int
    uid: int
    state: str
    started_at: int
    cpu_ns: int
    memory_bytes: int
    tty: str
    command: str
