"""One story on one stage: undisturbed, or with its daemon killed at named points, and what became of it.

The same steps on every stage: what is given, lives of a daemon, the judgement. A play that does not end as
it must is told with all that there is to say, never raised: the next one goes on.
"""

import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain, product
from pathlib import Path
from time import strftime
from typing import Protocol

from conman.core.admission import Setting
from conman.engine.thread_names import COMM_BYTES
from scenarios.clients import Client, Told
from scenarios.stages.all_stages import RUNTIMES
from scenarios.stages.deaths import By, Death, With, death
from scenarios.stages.left import Left, is_simulated
from scenarios.stages.real import Real
from scenarios.stages.recorded import Life, Trace, sagas, setting
from scenarios.stages.simulated import Simulated, alike, expected, points
from scenarios.story import Story
from scenarios.violation import Violation, failure


class Stage(Protocol):
    """What a story is played on."""

    @property
    def client(self) -> Client: ...

    def given(self) -> None: ...

    def live(self, crash: str) -> bool: ...

    def judge(self) -> None: ...

    def found(self) -> list[str]: ...

    @property
    def after_death(self) -> list[Left]: ...

    def lives(self) -> list[Life]: ...

    def differences(self) -> list[str]: ...

    def log(self) -> str: ...

    def report(self, folder: Path, what: str, again: str, /) -> bool: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Played:
    """`problem`: "" where all was as told; `folder`: what there is to see of it then, if there is.

    `is_missed`: its death never came. `host`: at rest, before the probe. `setting`: its conmand's, but for where
    things lie.
    """

    story: Story
    stage: str
    crashes: tuple[str, ...]
    told: tuple[Told, ...] = ()
    host: list[str] = field(default_factory=list[str])
    problem: str = ""
    is_missed: bool = False
    log: str = ""
    folder: Path | None = None
    setting: Setting | None = None

    @property
    def again(self) -> str:
        """The command that repeats it."""
        crashes = "".join(f" --crash {one}" for one in self.crashes)
        return f"python -m scenarios play {self.story.name} --stage {self.stage}{crashes}"


def play(
    story: Story,
    stage: str,
    crashes: tuple[str, ...] = (),
    conmand: str = "",
    reports: Path | None = None,
) -> Played:
    """`crashes`: as `deaths` has them, each of one life of a daemon. `conmand`: on a real stage another one.

    `reports`: where a folder is made of what is not as told.
    """
    played = Played(story, stage, crashes)
    with _told(played), ExitStack() as closing:
        on = _stage(story, stage, crashes, conmand)
        closing.callback(on.close)
        with _told(played):
            _judged(played, on)
        played.told = on.client.history
        if played.problem:
            _look_into(played, on, reports)
    return played


@contextmanager
def _told(played: Played) -> Generator[None]:
    """Whatever fails is a problem of this play, beside those that it has; none of these is a miss."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a stage may fail of anything
        played.is_missed = played.is_missed and not played.problem
        problems = (played.problem, failure("the stage", error))
        played.problem = "; ".join(filter(None, problems))


def _judged(played: Played, on: Stage) -> None:
    _play(played, on)
    lives = [sagas(life) for life in on.lives()]
    played.setting = like = alike(setting(on.lives()[0]))
    on.judge()
    problems = (on.differences(), _unknown(played, like, on.after_death))
    played.problem = "; ".join([*chain(*problems), *foreign(played, like, lives)])


def _look_into(played: Played, on: Stage, reports: Path | None) -> None:
    """While all of it is still there."""
    with _told(played):
        played.log = on.log()
    if not played.is_missed and reports is not None:
        with _told(played):
            _report(played, on, reports)


def _report(played: Played, on: Stage, reports: Path) -> None:
    how = re.sub(r"[^A-Za-z0-9]+", "-", "-".join(played.crashes)) or "undisturbed"
    folder = reports / f"{strftime('%Y%m%d-%H%M%S')}-{played.story.name}-{played.stage}-{how}"
    if on.report(folder, played.problem, played.again):
        played.folder = folder


def _stage(story: Story, stage: str, crashes: tuple[str, ...], conmand: str) -> Stage:
    if stage == "simulated":
        return Simulated(story)
    return Real(story, RUNTIMES[stage], [*map(death, crashes)], conmand)


def _play(played: Played, on: Stage) -> None:
    on.given()
    for crash in played.crashes:
        if not on.live(crash):
            played.is_missed = True
            raise Violation("stage", f"{crash} is never passed on {played.stage}")
    on.live("")
    played.host = on.found()


def _unknown(played: Played, like: Setting, left: Sequence[Left]) -> list[str]:
    """What a first death left and no simulated one does; a second daemon has two deaths' to deal with.

    How a daemon begins is not simulated, nor what it leaves then.
    """
    begins = bool(left) and death(played.crashes[0]).comm == "conmand"
    if not left or begins or is_simulated(left[0], played.story, like):
        return []
    return [f"no simulated death leaves: {', '.join(left[0])}"]


def foreign(played: Played, like: Setting, lives: Sequence[Sequence[Trace]]) -> list[str]:
    """Sagas that are none of the simulated play's. Where not the daemon died alone all are its own.

    What it died of befell one saga: how far another one had come by then is chance.
    """
    deaths = [death(crash) for crash in played.crashes]
    if any(one.company is not With.NOTHING or not one.is_the_daemons for one in deaths):
        return []
    ways = list(product(*(_simulated(one, played.story, like) for one in deaths)))
    foreign = list[Trace]()
    for widely in (False, True):
        known = _known(played.story, like, ways, widely=widely)
        foreign = [trace for life in lives for trace in life if trace not in known]
        for number, struck in enumerate(map(_sagas, deaths)):
            whole = _known(played.story, like, {way[:number] for way in ways}, widely=widely)
            foreign = [
                trace
                for trace in foreign
                if trace not in lives[number] or trace[0] in struck or not _begins(trace, whole)
            ]
        if not foreign:
            return []
    return [f"not simulated: {', '.join(trace)}" for trace in foreign]


def _known(
    story: Story, like: Setting, ways: Iterable[tuple[str, ...]], *, widely: bool
) -> set[Trace]:
    known = set[Trace]()
    for crashes in ways:
        known |= expected(story, like, crashes, widely=widely)
    return known


def _sagas(how: Death) -> set[str]:
    """In which it came, if that is known: a thread's name does not tell."""
    return {how.point.partition("/")[0]} if how.by is By.POINT else set()


def _begins(trace: Trace, known: Iterable[Trace]) -> bool:
    """Whether one of these goes on where it ends: its last effect may have had no outcome yet."""
    *before, last = trace
    place = len(before)
    return any(
        len(one) > place
        and one[:place] == tuple(before)
        and f"{one[place]} ".startswith(f"{last} ")
        for one in known
    )


def _simulated(how: Death, story: Story, like: Setting) -> list[str]:
    """The crash points that a death may be: of a syscall point all of its effect's, in the store any commit's.

    What is overdue goes on beside the look for garbage: whoever dies in that may be anywhere in the other.
    """
    every = points(story, like, widely=True) if how.by is not By.POINT or _is_beside(how) else ()
    if how.by is By.POINT:
        return [how.point, *every]
    return [one for one in every if _comm(one) == how.comm] or ["", *every]


def _is_beside(how: Death) -> bool:
    return how.point.startswith("garbage/")


def _comm(point: str) -> str:
    """Of the thread that passes a crash point."""
    effect = point.split("/")[1]
    return "store" if effect.startswith("Commit") or "Record" in effect else effect[:COMM_BYTES]
