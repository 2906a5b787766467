"""What swarm runs have found in the product: each a short story of several clients, told again.

A story gives the order of things by hand: each time that something may move, `next` says which, in the
order effects, ends that the daemon sees, clients, actors; where the list ends the first one moves.
"""

from collections import Counter
from itertools import product

from conman.core.requests import ContainerList, ListContainers
from conman.primitives import steps as s
from scenarios import faults, linearizability
from scenarios.choices import Choices
from scenarios.clients import Ask, Client
from scenarios.crowd import Crowd, Member
from scenarios.faults import Faults
from scenarios.linearizability import Call
from scenarios.power import one_cut
from scenarios.schedule import Schedule
from scenarios.simulator import Simulator
from scenarios.swarm import Swarm
from scenarios.world import RUN, World

WEB = Ask("create", "web", program="/bin/obey")
START, STATUS = Ask("start", "web"), Ask("status", "web")


def given(*asks: Ask) -> World:
    """A host on which this was asked, undisturbed; its daemon is dead."""
    world = World()
    Simulator(world, Client(asks), Schedule()).run()
    world.daemon_dies()
    return world


FIRST, LAST = 0, -1


class Order(Choices):
    """What moves next: by a list, then always the first of those that can, or the last."""

    def __init__(self, *nexts: int, then: int = FIRST) -> None:
        super().__init__(0)
        self._nexts, self._then = list(nexts), then

    def _give(self, name: str, bound: int) -> int:
        if name != "next":
            return 0
        wanted = self._nexts.pop(0) if self._nexts else self._then
        return bound - 1 if wanted == LAST else min(wanted, bound - 1)


class Once(Faults):
    """The first step of this kind does not do its work."""

    def __init__(self, choices: Choices, step: type[s.Step], kind: str) -> None:
        super().__init__(choices, Counter())
        self._step, self._kind = step, kind

    def at_step(self, step: s.Step, world: World) -> str:
        del world
        struck = self._kind if isinstance(step, self._step) else ""
        self._kind = "" if struck else self._kind
        return struck


def told(crowd: Crowd, member: int = 0) -> list[str]:
    who = crowd.members[member].who
    return [call.answer for call in crowd.history if call.who == who]


def life(
    world: World,
    order: Order,
    *asks: Ask,
    hangs: type[s.Step] | None = None,
    fails: type[s.Step] | None = None,
) -> Crowd:
    crowd = Crowd(order, (Member("client-1", asks),))
    struck = Once(order, hangs, faults.STEP_HANGS) if hangs else None
    struck = Once(order, fails, faults.STEP_FAILS) if fails else struck
    Swarm(world, crowd, struck, lambda _actor, _what, _outcome: None).run()
    return crowd


def test_what_was_removed_while_garbage_was_listed_is_not_collected() -> None:
    """Listed with its owner, who removes it before its turn comes: no event, no runtime call on nothing."""
    world = given(WEB, START, Ask("stop", "web"))
    order = Order(LAST)  # the client asks before the look at the host is over
    assert told(life(world, order, Ask("remove", "web"))) == ["ok"]
    assert [event.kind for event in world.storage.events][-1] == "removed"


def test_nobody_is_told_running_after_a_signal_found_it_ended() -> None:
    """Whenever it ends, and however late the daemon sees that by itself."""
    paused = given(Ask("create", "web", program="/bin/exit7"), START, Ask("pause", "web"))
    wishes = (Ask("unpause", "web"), Ask("kill", "web"), STATUS)
    heard: list[list[str]] = []
    for before, after in product(range(12), range(8)):
        order = Order(*[FIRST] * before, LAST, *[FIRST] * after, then=LAST)
        heard.append(told(life(paused.clone(), order, *wishes)))
    found_ended = [answers for answers in heard if answers[1] == "NotRunning"]
    assert found_ended
    assert {answers[2] for answers in found_ended} == {"EXITED"}


def seen_to_end(order: Order) -> Swarm:
    """A program ends while it is let go, and somebody else starts it; judged by what each was told."""
    world = given(Ask("create", "web", program="/bin/exit7"), START, Ask("pause", "web"))
    crowd = Crowd(order, (Member("one", (Ask("unpause", "web"),)), Member("two", (START,))))
    for verb in ("create", "start", "pause"):
        crowd.clock += 2
        ids = tuple(world.storage.containers) if verb == "create" else ()
        ask = Ask(verb, "web", program="/bin/exit7")
        crowd.history.append(Call(ask, crowd.clock - 1, crowd.clock, "ok", ids))
    swarm = Swarm(world, crowd, None, lambda _actor, _what, _outcome: None)
    swarm.run()
    swarm.rest()
    listed = swarm.ask(ListContainers())
    assert isinstance(listed, ContainerList)
    crowd.at_rest(listed)
    linearizability.check(crowd.history, disturbed=False)
    return swarm


def test_an_end_that_was_seen_goes_before_what_waits() -> None:
    """Whoever asks for a start after that gets one: the next run, and not an OK for the last."""
    runs = Counter[int]()
    for nexts in product(range(4), repeat=4):
        world = seen_to_end(Order(*[FIRST] * 6, 2, *nexts)).world
        runs[len(world.started)] += 1
    assert runs[1]
    assert runs[2]


def test_nobody_is_told_of_a_row_that_recovery_has_yet_to_look_at() -> None:
    """After a reboot, with a recovery that waited once, so that conmand was ready without it."""
    world = given(WEB, START)
    cut = one_cut(world.disk, RUN, lambda bound: min(1, bound - 1))
    assert cut is not None
    world.power_cut(cut[1])
    for before in range(40):
        order = Order(*[FIRST] * before, then=LAST)
        assert told(life(world.clone(), order, STATUS, hangs=s.Fence)) == ["EXITED"]


def test_a_start_that_fails_leaves_no_half_written_config() -> None:
    """Asked once, and not again: nobody else would clean up before the next start or remove."""
    world = given(WEB, START, Ask("stop", "web"))
    crowd = life(world, Order(), START, fails=s.Rename)
    assert told(crowd) == ["DiskFull"]
    assert [path for path in world.disk.tree("/data") if path.endswith(".tmp")] == []


def test_a_start_that_fails_leaves_no_half_written_record() -> None:
    """Its shim records the end of the init that waited, and is ended by us in the middle of that."""
    created = given(WEB)
    heard: set[str] = set()
    for before, after in product(range(0, 40, 3), range(8)):
        world = created.clone()
        order = Order(*[FIRST] * before, *[LAST] * after, then=FIRST)
        heard |= {*told(life(world, order, START, hangs=s.RunRuntime))}
        assert [path for path in world.disk.tree("/data") if path.endswith(".tmp")] == []
    assert "StartError" in heard
