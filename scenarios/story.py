"""What a story is: what is given, then what clients ask. Crashes are the explorer's business.

A story knows of no host: the same one is played by the simulator and by real processes (`stages`).
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from scenarios.clients import Ask, Told


class Befalls(Enum):
    """What befalls the host while no daemon lives, as a person says it."""

    SHIM_KILLED = "its shim is killed"
    SHIM_HANGS = "its shim hangs"
    PROGRAM_KILLED = "somebody kills its program"
    RUN_REMOVED = "somebody removes RUN"
    RUNTIME_DELETED = "somebody deletes it from the runtime, by force"
    UNMOUNTED = "somebody unmounts its root file system"
    LOG_MOVED = "somebody moves its log away"
    REBOOT = "the machine reboots"
    CLOCK_SET_BACK = "the clock is set back by 1,000 s"
    TIME_PASSES = "time passes, more than any back-off"

    @property
    def ends_programs(self) -> bool:
        return self in {Befalls.PROGRAM_KILLED, Befalls.RUNTIME_DELETED, Befalls.REBOOT}

    def told(self) -> Told:
        """Its place in the history of what clients were told."""
        return Told(Ask("befalls", self.name), "ends" if self.ends_programs else "")


@dataclass(frozen=True, slots=True)
class Story:
    """`scenario`: its number in docs/stories.md. `given` runs undisturbed, `asks` is explored.

    `fills`: the disk is full for a while, from each event on, too. `befalls`: what happens in between, its daemon killed, in this order. `kernel_tells`: how an orphan ended,
    to whoever has a pidfd of it. `overlays`: the data directory can hold them; else root file systems are copied.
    `restarts`: it is followed for so many restarts, until the next begins; None: to its end.
    `only_daemons_die`: no shim does, no power is cut and nothing fails, so that a long one comes to its fixpoint.
    """

    name: str
    scenario: str
    tells: str
    asks: tuple[Ask, ...]
    given: tuple[Ask, ...] = ()
    befalls: tuple[Befalls, ...] = ()
    kernel_tells: bool = True
    overlays: bool = True
    fills: bool = False
    restarts: int | None = None
    only_daemons_die: bool = False


@dataclass(frozen=True, slots=True)
class SeveralClients:
    """What several ask at once, each its own `asks` in turn. Their interleavings are explored, not crashes alone.

    `one_request`: all clients are one, on several connections, with the same request ids. `workers`: how
    many threads perform host effects. `hangs`: of which container the create makes no progress.
    `record_fails`: a shim cannot write an exit record at first. `prompt`: clients who are answered before any time
    passes, whatever hangs; where a record fails they may be told to ask again. `fine`: others may come
    between the steps of an effect, of a runtime call and of a shim, too. `preemptions`: at most so many in a run.
    `befalls`: as a story of one client has it. Whatever conman waits for by itself may come due at any moment.
    """

    name: str
    scenario: str
    tells: str
    clients: tuple[tuple[Ask, ...], ...]
    given: tuple[Ask, ...] = ()
    one_request: bool = False
    workers: int = 32
    hangs: str = ""
    record_fails: bool = False
    prompt: tuple[str, ...] = ()
    fine: bool = False
    preemptions: int = 2
    befalls: tuple[Befalls, ...] = ()


AnyStory: TypeAlias = Story | SeveralClients
