"""A story on the simulated host, played as on a real one: one path of what an exploration tries.

Beside playing it says what the other stages are held to: which points a story passes, and which sagas, with
which outcomes, may be in it.
"""

import os
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

from conman.core.admission import Setting
from conman.core.layout import Layout
from conman.core.machine import Machine
from conman.core.model import Container
from conman.core.points import CrashPointNames
from scenarios import actors, census, power, verdict
from scenarios.clients import Client
from scenarios.nodes import initial
from scenarios.simulator import Schedule, Simulator
from scenarios.stages.recorded import Life, Noted, Trace, sagas
from scenarios.story import Story
from scenarios.world import RUN

LAZY, EAGER = Schedule(eager=False), Schedule(eager=True)
#: Who runs beside a container's program may end with it: whose end is seen first is the kernel's choice.
INITS_FIRST = Schedule(eager=False, inits_first=True)
#: Who asks as soon as he is served comes while the daemon does what nobody asks for: a successor is on its way.
PROMPT = Schedule(eager=False, prompt=True)
#: More events than any life has.
NEVER = 100_000


class _Dead(Exception):
    """The daemon has come to where it dies."""


class Simulated:
    """One play's host. `like`: whose conmand it is to be, in what it knows of its runtime and mounts.

    `turn`: from this event of each life on others move before the daemon, until then after it, by `lazy`.
    """

    def __init__(
        self,
        story: Story,
        like: Setting | None = None,
        turn: int = NEVER,
        lazy: Schedule = LAZY,
    ) -> None:
        self._node = initial(story, lambda own: Machine(_as(own, like)))
        self._like, self._turn, self._terms = like, turn, verdict.terms(self._node)
        self._lazy = lazy
        self._lives: list[Life] = []
        self._simulator: Simulator | None = None
        self.passed: list[str] = []
        #: Nobody asks what it leaves: it is what others are compared with.
        self.after_death: list[tuple[str, ...]] = []

    @property
    def client(self) -> Client:
        return self._node.client

    def given(self) -> None:
        """What is given is there from the beginning."""

    def live(self, crash: str) -> bool:
        """As on a real stage: True: the daemon died at `crash`, a point or `point@n`."""
        self._terms = verdict.terms(self._node)
        simulator = self._simulator = self._born(crash)
        try:
            simulator.run()
        except _Dead:
            simulator.world.daemon_dies()
            return True
        return False

    def go_on(self) -> bool:
        """Between two daemons somebody does one thing; False: nobody can."""
        able = actors.enabled(self._node.world)
        if able:
            actors.act(self._node.world, able[0])
        return bool(able)

    def cut(self) -> None:
        """The power, while no daemon lives: what was not synced is lost."""
        world = self._node.world
        _, disk = next(power.cuts(world.disk, RUN))
        world.power_cut(disk)

    def judge(self) -> None:
        assert self._simulator is not None, "nobody has lived"
        verdict.judge(self._simulator, self._terms)

    def found(self) -> list[str]:
        return sorted(census.found(self._node.world))

    def rows(self) -> list[Container]:
        return list(self._node.world.storage.containers.values())

    def lives(self) -> list[Life]:
        return self._lives

    def differences(self) -> list[str]:
        return []

    def log(self) -> str:
        return ""

    def report(self, _folder: Path, _what: str, _again: str) -> bool:
        """A path of an exploration is told by `replay`."""
        return False

    def close(self) -> None:
        """It is data, and goes by itself."""

    @property
    def events(self) -> int:
        """Of its last life."""
        return self._simulator.events if self._simulator else 0

    def _born(self, crash: str) -> Simulator:
        name, _, number = crash.partition("@")
        passed = Counter[str]()

        def on_point(point: str, _changed: bool) -> None:  # noqa: FBT001 - a callback
            passed[point] += 1
            self.passed.append(f"{point}@{passed[point]}")
            if point == name and passed[point] == int(number or 1):
                raise _Dead
            if simulator.events >= self._turn:
                simulator.schedule = EAGER

        node, schedule = self._node, self._lazy if self._turn else EAGER
        simulator = Simulator(node.world, node.client, schedule, on_point=on_point)
        machine = Noted(_as(simulator.machine.setting, self._like))
        simulator.machine = machine
        self._lives.append(machine.life)
        return simulator


def _as(own: Setting, like: Setting | None) -> Setting:
    """Where a runtime lies is not asked, only which it is."""
    if like is None:
        return own
    return replace(own, runtime=os.path.basename(like.runtime), rootfs_mode=like.rootfs_mode)


def alike(own: Setting) -> Setting:
    """Without where things lie: so a story's next play finds what was simulated for the last one."""
    return replace(own, layout=Layout("", "", "", ""))


@cache
def points(story: Story, like: Setting | None = None, *, widely: bool = False) -> tuple[str, ...]:
    """POINT@n of all that an undisturbed play passes and the real daemon knows, in order.

    `widely`: or one in which others move early from some event on, inits are seen to end first, or the client
    asks as soon as it may.
    """
    lazy, known = Simulated(story, like), CrashPointNames()
    lazy.live("")
    passed = dict.fromkeys(lazy.passed)
    others = [(NEVER, INITS_FIRST), (NEVER, PROMPT), *((turn, LAZY) for turn in range(lazy.events))]
    for turn, order in others if widely else ():
        play = Simulated(story, like, turn, order)
        play.live("")
        passed |= dict.fromkeys(play.passed)
    return tuple(one for one in passed if one.partition("@")[0] in known)


@cache
def recovery_points(story: Story, crash: str) -> tuple[str, ...]:
    """POINT@n of all that recovery passes when the power was cut at `crash`, in order."""
    play, known = Simulated(story), CrashPointNames()
    play.live(crash)
    play.cut()
    play.passed.clear()
    play.live("")
    recovered = (one for one in dict.fromkeys(play.passed) if one.startswith("recover/"))
    return tuple(one for one in recovered if one.partition("@")[0] in known)


@cache
def expected(
    story: Story, like: Setting, crashes: tuple[str, ...], *, widely: bool
) -> frozenset[Trace]:
    """The sagas that this play may have.

    `widely`: others may have moved early from any event on, and by any number of steps while no daemon lived.
    """
    found, lazy = set[Trace](), Simulated(story, like)
    _add(found, lazy, crashes, 0)
    _add(found, Simulated(story, like, 0), crashes, 0)
    for order in (INITS_FIRST, PROMPT):
        _add(found, Simulated(story, like, lazy=order), crashes, 0)
    if not widely:
        return frozenset(found)
    for turn in range(1, lazy.events):
        _add(found, Simulated(story, like, turn), crashes, 0)
    for turn in (NEVER, 0):
        steps = 1
        while _add(found, Simulated(story, like, turn), crashes, steps):
            steps += 1
    return frozenset(found)


def _add(found: set[Trace], play: Simulated, crashes: tuple[str, ...], steps: int) -> bool:
    """The sagas of one play; `steps`: that others make after each death. False: so many there are not."""
    moved = False
    for crash in crashes:
        play.live(crash)
        moved = all(play.go_on() for _ in range(steps))
    play.live("")
    found |= {trace for life in play.lives() for trace in sagas(life)}
    return moved
