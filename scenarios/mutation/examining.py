"""What the simulator does with a mutant, cheapest first; ended by the first find.

Each story lived once; each explored for a moment, and for a while; seeds of the swarm; single faults; each story
explored to the fixpoint. Runs are deterministic: a story that never came to the changed line would go as it
always goes, so it is left out.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress

from scenarios import swarm
from scenarios.explore import EAGER, LAZY, Explorer, Report
from scenarios.lives import Life, Places
from scenarios.nodes import initial
from scenarios.single_faults import each
from scenarios.stories.all_stories import STORIES
from scenarios.story import Story
from scenarios.violation import Violation

#: The name that stands for all seeds, beside those of stories.
SWARM = "swarm"
SEEDS = 300
LIVES_FIRST, LIVES_THEN = 150, 600

Progress = Callable[[], None]


class _Enough(Exception):
    """As many lives as were asked for."""


#: (what it is, how it is done).
Part = tuple[str, Callable[[Progress], None]]


def parts(names: Collection[str], *, is_brief: bool = False) -> Iterator[Part]:
    """Of these stories, in their order, and of the swarm if it is named. `is_brief`: those of a moment only."""
    known = {story.name: story for story in STORIES}
    stories = [known[name] for name in names if name in known]
    yield from _brief(stories)
    if not is_brief:
        yield from _thorough(stories, has_swarm=SWARM in names)


def _brief(stories: Sequence[Story]) -> Iterator[Part]:
    for story in stories:
        yield story.name, lambda _, story=story: lived(story)
    for story in stories:
        yield story.name, lambda progress, story=story: explored(story, progress, LIVES_FIRST)


def _thorough(stories: Sequence[Story], *, has_swarm: bool) -> Iterator[Part]:
    for story in stories:
        yield story.name, lambda progress, story=story: explored(story, progress, LIVES_THEN)
    if has_swarm:
        yield SWARM, lambda progress: swarmed(range(SEEDS), progress)
    for story in stories:
        yield f"faults of {story.name}", lambda progress, story=story: faulted(story, progress)
    for story in stories:
        yield story.name, lambda progress, story=story: explored(story, progress)


def lived(story: Story) -> None:
    """Undisturbed, in both orders. Raises Violation, as all of these do."""
    for schedule in (LAZY, EAGER):
        Life(initial(story), schedule, Places(), on_instant=_unseen).live()


def _unseen(_life: Life, _point: str, _changed: bool) -> None:  # noqa: FBT001 - a callback
    pass


def explored(story: Story, progress: Progress, lives: int = 0) -> None:
    """To the fixpoint, or for some lives."""

    def on_progress(report: Report) -> None:
        progress()
        if lives and report.runs >= lives:
            raise _Enough

    explorer = Explorer(story, on_progress=on_progress)
    with suppress(_Enough):
        explorer.explore()
    for invariant, _, what in explorer.report.violations[:1]:
        raise Violation(invariant, what)


def swarmed(seeds: range, progress: Progress) -> None:
    for seed in seeds:
        _refuse(swarm.run(seed).violation, f"seed {seed}")
        progress()


def faulted(story: Story, progress: Progress) -> None:
    for fault, result in each(story):
        _refuse(result.violation, fault)
        progress()


def _refuse(violation: tuple[str, str] | None, where: str) -> None:
    if violation:
        raise Violation(violation[0], f"{where}: {violation[1]}")
