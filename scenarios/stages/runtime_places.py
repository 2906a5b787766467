"""At which places a story's runtime calls can be killed: told by plays in which nobody is.

Whether they come again in the next play is asked, not assumed: fakerunc does the same each time, the threads of a
real runtime share their work as it comes.
"""

from scenarios.stages.all_stages import RUNTIMES
from scenarios.stages.deaths import By, Death
from scenarios.stages.faulty_runtime import COMMANDS
from scenarios.stages.real import Real
from scenarios.story import Story

#: Of a runtime that makes its system calls itself.
_DRY_RUNS = 3


def places(story: Story, stage: str, conmand: str = "") -> list[str]:
    """COMMAND@STEP#n of the daemon that the story's client asks, in order, by command."""
    if stage == "fake":
        return _passed(story, stage, "", conmand)
    return [place for command in COMMANDS for place in _alike(story, stage, command, conmand)]


def _alike(story: Story, stage: str, command: str, conmand: str) -> list[str]:
    """Those of every dry run."""
    first = _passed(story, stage, command, conmand)
    again = _DRY_RUNS - 1 if first else 0
    others = [{*_passed(story, stage, command, conmand)} for _ in range(again)]
    return [place for place in first if all(place in other for other in others)]


def _passed(story: Story, stage: str, command: str, conmand: str) -> list[str]:
    on = Real(story, RUNTIMES[stage], [Death("", By.RUNTIME)], conmand)
    try:
        on.given()
        return on.watch(command)
    finally:
        on.close()
