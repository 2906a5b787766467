"""What a story is: what is given, then what clients ask. Crashes are the explorer's business.

A story knows of no host: the same one is played by the simulator and by real processes (`stages`).
"""

from dataclasses import dataclass
from enum import Enum

from scenarios.clients import Ask, Told


class Befalls(Enum):
    """What befalls the host while no daemon lives, as a person says it."""

    SHIM_KILLED = "its shim is killed"
    PROGRAM_KILLED = "somebody kills its program"
    RUN_REMOVED = "somebody removes RUN"
    RUNTIME_DELETED = "somebody deletes it from the runtime, by force"
    UNMOUNTED = "somebody unmounts its root file system"
    REBOOT = "the machine reboots"
    CLOCK_SET_BACK = "the clock is set back by 1,000 s"

    @property
    def ends_programs(self) -> bool:
        return self in {Befalls.PROGRAM_KILLED, Befalls.RUNTIME_DELETED, Befalls.REBOOT}

    def told(self) -> Told:
        """Its place in the history of what clients were told."""
        return Told(Ask("befalls", self.name), "ends" if self.ends_programs else "")


@dataclass(frozen=True, slots=True)
class Story:
    """`scenario`: its number in docs/invariants.md. `given` runs undisturbed, `asks` is explored.

    `befalls`: what happens in between, its daemon killed, in this order. `kernel_tells`: how an orphan ended,
    to whoever has a pidfd of it.
    """

    name: str
    scenario: str
    tells: str
    asks: tuple[Ask, ...]
    given: tuple[Ask, ...] = ()
    befalls: tuple[Befalls, ...] = ()
    kernel_tells: bool = True
