"""One story on one stage: undisturbed, or with its daemon killed at named points, and what became of it.

The same steps on every stage: what is given, lives of a daemon, the judgement. A play that does not end as
it must is told with all that there is to say, never raised: the next one goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from conman.core.admission import Setting
from scenarios.clients import Client, Told
from scenarios.stages.real import Real
from scenarios.stages.recorded import Life, Trace, sagas, setting
from scenarios.stages.simulated import Simulated, expected
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

    def lives(self) -> list[Life]: ...

    def differences(self) -> list[str]: ...

    def log(self) -> str: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Played:
    """`problem`: "" where all was as told. `host`: at rest, before the probe. `setting`: its conmand's."""

    story: Story
    stage: str
    crashes: tuple[str, ...]
    told: tuple[Told, ...] = ()
    host: list[str] = field(default_factory=list[str])
    problem: str = ""
    log: str = ""
    setting: Setting | None = None


def play(story: Story, stage: str, crashes: tuple[str, ...] = ()) -> Played:
    """`crashes`: POINT or POINT@n, each of one life of a daemon."""
    played, on = Played(story, stage, crashes), _stage(story, stage)
    try:
        _play(played, on)
        traces = [trace for life in on.lives() for trace in sagas(life)]
        played.setting = like = setting(on.lives()[0])
        on.judge()
        played.problem = "; ".join([*on.differences(), *_foreign(played, like, traces)])
    except Violation as violation:
        played.problem = str(violation)
    except (AssertionError, OSError) as error:
        played.problem = f"the stage failed: {error!r}"
    finally:
        played.told = on.client.history
        played.log = on.log() if played.problem else ""
        on.close()
    return played


def _stage(story: Story, stage: str) -> Stage:
    return Simulated(story) if stage == "simulated" else Real(story, RUNTIMES[stage])


def _play(played: Played, on: Stage) -> None:
    on.given()
    for crash in played.crashes:
        if not on.live(crash):
            raise Violation("stage", f"{crash} is never passed on {played.stage}")
    on.live("")
    played.host = on.found()


def _foreign(played: Played, like: Setting, traces: Sequence[Trace]) -> list[str]:
    """Sagas that are none of the simulated play's."""
    foreign = list[Trace]()
    for widely in (False, True):
        known = expected(played.story, like, played.crashes, widely=widely)
        foreign = [trace for trace in traces if trace not in known]
        if not foreign:
            return []
    return [f"not simulated: {', '.join(trace)}" for trace in foreign]
