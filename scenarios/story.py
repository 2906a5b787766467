"""What a story is: what is given, then what clients ask. Crashes are the explorer's business."""

from dataclasses import dataclass

from scenarios.clients import Ask


@dataclass(frozen=True, slots=True)
class Story:
    """`scenario`: its number in docs/invariants.md. `given` runs undisturbed, `asks` is explored."""

    name: str
    scenario: str
    tells: str
    asks: tuple[Ask, ...]
    given: tuple[Ask, ...] = ()
