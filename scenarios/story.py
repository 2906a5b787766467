"""What a story is: what is given, then what clients ask. Crashes are the explorer's business."""

from dataclasses import dataclass

from scenarios.clients import Ask


@dataclass(frozen=True, slots=True)
class Story:
    """`scenario`: its number in docs/invariants.md. `given` runs undisturbed, `asks` is explored.

    `shim_is_dead`: the shim of what is given is killed in between, its daemon too. `kernel_tells`: how an
    orphan ended, to whoever has a pidfd of it. `run_is_lost`: all of RUN is removed, in the same boot.
    """

    name: str
    scenario: str
    tells: str
    asks: tuple[Ask, ...]
    given: tuple[Ask, ...] = ()
    shim_is_dead: bool = False
    kernel_tells: bool = True
    run_is_lost: bool = False
