"""One story on one stage: undisturbed, or with its daemon killed at named points, and what became of it.

The same steps on every stage: what is given, lives of a daemon, the judgement. A play that does not end as
it must is told with all that there is to say, never raised: the next one goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, product
from typing import Protocol

from conman.core.admission import Setting
from conman.engine.thread_names import COMM_BYTES
from scenarios.clients import Client, Told
from scenarios.stages.deaths import Death, death
from scenarios.stages.left import Left, is_simulated
from scenarios.stages.real import Real
from scenarios.stages.recorded import Life, Trace, sagas, setting
from scenarios.stages.simulated import Simulated, alike, expected, points
from scenarios.story import Story
from scenarios.violation import Violation

#: What the real stages run containers with.
RUNTIMES = {"fake": "fakerunc", "runc": "runc"}


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

    def close(self) -> None: ...


@dataclass(slots=True)
class Played:
    """`problem`: "" where all was as told. `is_missed`: its death never came. `host`: at rest, before the probe. `setting`: its conmand's, but for where things lie."""

    story: Story
    stage: str
    crashes: tuple[str, ...]
    told: tuple[Told, ...] = ()
    host: list[str] = field(default_factory=list[str])
    problem: str = ""
    is_missed: bool = False
    log: str = ""
    setting: Setting | None = None


def play(story: Story, stage: str, crashes: tuple[str, ...] = (), conmand: str = "") -> Played:
    """`crashes`: as `deaths` has them, each of one life of a daemon. `conmand`: on a real stage another one."""
    played, on = Played(story, stage, crashes), _stage(story, stage, crashes, conmand)
    try:
        _play(played, on)
        traces = [trace for life in on.lives() for trace in sagas(life)]
        played.setting = like = alike(setting(on.lives()[0]))
        on.judge()
        problems = (on.differences(), _unknown(played, like, on.after_death))
        played.problem = "; ".join([*chain(*problems), *_foreign(played, like, traces)])
    except Violation as violation:
        played.problem = str(violation)
    except (AssertionError, OSError) as error:
        played.problem = f"the stage failed: {error!r}"
    finally:
        played.told = on.client.history
        played.log = on.log() if played.problem else ""
        on.close()
    return played


def _stage(story: Story, stage: str, crashes: tuple[str, ...], conmand: str) -> Stage:
    if stage == "simulated":
        return Simulated(story)
    can_cut = any(death(one).is_cut for one in crashes)
    return Real(story, RUNTIMES[stage], can_cut=can_cut, conmand=conmand)


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
    begins = bool(left) and death(played.crashes[0]).point.startswith("conmand@")
    if not left or begins or is_simulated(left[0], played.story, like):
        return []
    return [f"no simulated death leaves: {', '.join(left[0])}"]


def _foreign(played: Played, like: Setting, traces: Sequence[Trace]) -> list[str]:
    """Sagas that are none of the simulated play's. After a power cut, or a shim's death, all are its own."""
    deaths = [death(crash) for crash in played.crashes]
    if any(one.is_cut or not one.is_the_daemons for one in deaths):
        return []
    ways = list(product(*(_simulated(one, played.story, like) for one in deaths)))
    foreign = list[Trace]()
    for widely in (False, True):
        known = set[Trace]()
        for crashes in ways:
            known |= expected(played.story, like, crashes, widely=widely)
        foreign = [trace for trace in traces if trace not in known]
        if not foreign:
            return []
    return [f"not simulated: {', '.join(trace)}" for trace in foreign]


def _simulated(how: Death, story: Story, like: Setting) -> list[str]:
    """The crash points that a death may be: of a syscall point all of its effect's, in the store any commit's."""
    if not how.is_call:
        return [how.point]
    comm = how.point.rpartition("@")[0]
    every = points(story, like, widely=True)
    return [one for one in every if _comm(one) == comm] or ["", *every]


def _comm(point: str) -> str:
    """Of the thread that passes a crash point."""
    effect = point.split("/")[1]
    return "store" if effect.startswith("Commit") or "Record" in effect else effect[:COMM_BYTES]
