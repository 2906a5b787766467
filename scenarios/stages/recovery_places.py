"""At which two places a story's daemon can die one after the other: in a life, then in the recovery from that death.

Told by what daemons record in plays in which the first dies and the second does not. A simulated recovery does not tell
it: how far others have come when it looks is chance, on a real host.
"""

from collections.abc import Iterator

from scenarios.stages.all_stages import RUNTIMES, cannot, tail
from scenarios.stages.deaths import Death, death
from scenarios.stages.real import Real
from scenarios.stages.recorded import passed
from scenarios.story import Story

_RECOVERY = "recover/"


def places(story: Story, stage: str, conmand: str = "") -> tuple[list[str], list[tuple[str, str]]]:
    """Where the first can die, and the pairs, in order. What the stage cannot play is left out."""
    firsts = _possible(stage, _recorded(story, stage, "", conmand))
    return firsts, [(one, again) for one in firsts for again in _after(story, stage, one, conmand)]


def _after(story: Story, stage: str, first: str, conmand: str) -> Iterator[str]:
    found = _possible(stage, _recorded(story, stage, first, conmand))
    yield from (one for one in found if one.startswith(_RECOVERY))


def _possible(stage: str, points: list[str]) -> list[str]:
    why = cannot()
    return [one for one in points if (tail(one), stage) not in why]


def _recorded(story: Story, stage: str, crash: str, conmand: str) -> list[str]:
    """Of the last life; nothing, where its first death never came."""
    deaths: list[Death] = [death(crash)] if crash else []
    on = Real(story, RUNTIMES[stage], deaths, conmand)
    try:
        on.given()
        if crash and not on.live(crash):
            return []
        on.live("")
        return passed(on.lives()[-1])
    finally:
        on.close()
