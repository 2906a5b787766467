"""The process in which one mutant meets the simulator: `python -m scenarios.mutation.trial`.

It stands in a tree whose conman is changed already, and says on stdout what became of that, as JSON. With
`--lines` the conman is the unchanged one, and what is told is which lines each story and the swarm run.
"""

import argparse
import json
import resource
import signal
import sys
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from time import process_time
from types import FrameType
from typing import Literal

from scenarios.mutation import examining
from scenarios.mutation.examining import Progress
from scenarios.mutation.lines import Lines, Watch
from scenarios.stories.all_stories import STORIES
from scenarios.violation import Violation

#: Seconds of a processor without a step forward: it hangs.
SILENCE = 10.0
MEMORY = 3 << 30

By = Literal["oracle", "exception", "hang", "test", ""]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who noticed, "" for nobody, and how. `seconds`: of a processor. `is_complete`: all was tried."""

    by: By
    what: str = ""
    seconds: float = 0.0
    is_complete: bool = True


class Hangs(BaseException):
    """Nothing came of it for too long."""


class _Enough(Exception):
    """The time of one mutant is over."""


def judged(
    names: Collection[str], limit: float, silence: float, *, is_brief: bool = False
) -> Verdict:
    """`names`: stories, and the swarm. `limit` and `silence`: seconds of a processor."""

    def progress() -> None:
        signal.setitimer(signal.ITIMER_PROF, silence)
        if process_time() > limit:
            raise _Enough

    for where, examine in examining.parts(names, is_brief=is_brief):
        by, what, is_complete = _examined(examine, progress)
        if by or not is_complete:
            return Verdict(by, f"{where}: {what}", process_time(), is_complete)
    return Verdict("", "", process_time())


def _examined(examine: Callable[[Progress], None], progress: Progress) -> tuple[By, str, bool]:
    try:
        progress()
        examine(progress)
    except _Enough:
        return "", "no time was left", False
    except Violation as violation:
        return "oracle", f"{violation.invariant}: {violation.what}", True
    except Hangs:
        return "hang", "no step forward", True
    except Exception as error:  # noqa: BLE001 - whatever a mutant raises is the result
        return "exception", f"{type(error).__name__}: {error}", True
    return "", "", True


def lines() -> dict[str, Lines]:
    """By story, and by the swarm."""
    watch, told = Watch(sys.path[0] or "."), dict[str, Lines]()
    for story in STORIES:
        watch.fresh()
        with watch.watching():
            examining.lived(story)
            examining.explored(story, _nothing, examining.LIVES_FIRST)
            examining.faulted(story, _nothing)
        told[story.name] = watch.seen()
    watch.fresh()
    with watch.watching():
        examining.swarmed(range(examining.SEEDS), _nothing)
    told[examining.SWARM] = watch.seen()
    return told


def _nothing() -> None:
    pass


def _hangs(_signal: int, _frame: FrameType | None) -> None:
    raise Hangs


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--limit", type=float, default=60.0)
    parser.add_argument("--silence", type=float, default=SILENCE)
    parser.add_argument("--briefly", action="store_true")
    parser.add_argument("--lines", action="store_true")
    options = parser.parse_args()
    if options.lines:
        json.dump(lines(), sys.stdout)
        return
    signal.signal(signal.SIGPROF, _hangs)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    verdict = judged(options.names, options.limit, options.silence, is_brief=options.briefly)
    json.dump(asdict(verdict), sys.stdout)


if __name__ == "__main__":
    main()
