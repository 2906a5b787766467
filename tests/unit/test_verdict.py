"""A whole life's judgement and the history of its client: each has lives that it alone finds bad.

The daemons here are the real core, but for one thing that they do wrongly or not at all.
"""

import pytest

from conman.core.outputs import Output, Ready
from conman.core.requests import Okay, Reply, Request
from conman.errors import Code, Refusal
from scenarios import specification
from scenarios.clients import Ask, Client, Told
from scenarios.nodes import initial
from scenarios.simulator import Schedule, Simulator
from scenarios.stories.single_client import CREATE, CREATE_SHORT, START
from scenarios.story import Story
from scenarios.verdict import judged, probe, terms
from tests.unit.accusing import found

# ---- the judgement of a whole life -------------------------------------------------------------


class Deaf(Simulator):
    """A daemon that never becomes ready."""

    def _out(self, output: Output) -> None:
        if not isinstance(output, Ready):
            super()._out(output)


class Stubborn(Simulator):
    """A daemon that refuses one kind of request at rest."""

    refused = "remove"

    def ask(self, request: Request) -> Reply:
        if type(request).__name__.lower().startswith(self.refused):
            return Refusal(Code.FAILED_PRECONDITION, "Busy", "not now")
        return super().ask(request)


class Stingy(Stubborn):
    refused = "create"


class Leaky(Simulator):
    """A daemon whose removals are answered, and not done to the end."""

    def ask(self, request: Request) -> Reply:
        reply = super().ask(request)
        if isinstance(reply, Okay):
            self.world.cgroups.add("/conman/left-1")
        return reply


@pytest.mark.parametrize(
    ("daemon", "invariants"),
    [(Simulator, []), (Deaf, ["I1"]), (Stubborn, ["I6"]), (Stingy, ["I2"]), (Leaky, ["I7"])],
)
def test_a_whole_life(daemon: type[Simulator], invariants: list[str]) -> None:
    node = initial(Story("short", "", "", (START,), given=(CREATE_SHORT,)))
    life = daemon(node.world, node.client, Schedule())
    assert found(lambda: judged(life, terms(node))) == invariants


def test_a_client_who_is_never_answered() -> None:
    class Silent(Simulator):
        def _request(self) -> bool:
            return False

    node = initial(Story("short", "", "", (START,), given=(CREATE_SHORT,)))
    life = Silent(node.world, node.client, Schedule())
    assert found(lambda: judged(life, terms(node))) == ["I5"]


def test_what_is_left_after_the_probe() -> None:
    world = initial(Story("running", "", "", (), given=(CREATE, START))).world
    life = Simulator(world, Client(()), Schedule())
    life.run()
    world.cgroups.add("/conman/left-1")
    assert found(lambda: probe(life, ["web"])) == ["I7"]


# ---- the history -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "invariants"),
    [
        ((Told(CREATE, "ok"), Told(START, "ok"), Told(Ask("status", "web"), "RUNNING")), []),
        ((Told(CREATE, "ok"), Told(Ask("status", "web"), "ContainerNotFound")), ["I9"]),
        ((Told(CREATE, "ok"), Told(CREATE, "ok")), ["I9"]),
        ((Told(Ask("status", "web"), "CREATED"),), ["I9"]),
        ((Told(CREATE, "ok"), Told(Ask("status", "web"), "EXITED")), ["I9"]),
    ],
)
def test_a_history(told: tuple[Told, ...], invariants: list[str]) -> None:
    explained = lambda: specification.explains(told, rebooted=False, disturbed=False)  # noqa: E731
    assert found(explained) == invariants


def test_a_name_that_becomes_another_ones() -> None:
    other = Ask("create", "db")
    told = (Told(CREATE, "ok"), Told(other, "ok"), Told(Ask("rename", "web", to="db"), "ok"))
    assert found(lambda: specification.explains(told, rebooted=False, disturbed=False)) == ["I2"]


@pytest.mark.parametrize(
    ("number", "dies_later", "states"),
    [(9, False, {"PAUSED"}), (9, True, {"PAUSED", "EXITED"}), (15, True, {"PAUSED"})],
)
def test_who_stands_still_may_take_its_time_to_die_of_kill(
    *, number: int, dies_later: bool, states: set[str]
) -> None:
    asked = (CREATE, START, Ask("pause", "web"), Ask("kill", "web", signal=number))
    told = (*(Told(ask, "ok") for ask in asked), Told(Ask("status", "web"), "PAUSED"))
    explained = specification.explains(told, rebooted=False, disturbed=False, dies_later=dies_later)
    assert explained == {"web": states}


@pytest.mark.parametrize(
    ("dies_later", "states"), [(False, {"RUNNING"}), (True, {"RUNNING", "EXITED"})]
)
def test_who_is_killed_may_take_its_time_to_die(*, dies_later: bool, states: set[str]) -> None:
    told = (
        Told(CREATE, "ok"),
        Told(START, "ok"),
        Told(Ask("kill", "web"), "ok"),
        Told(Ask("status", "web"), "RUNNING"),
    )
    explained = specification.explains(told, rebooted=False, disturbed=False, dies_later=dies_later)
    assert explained == {"web": states}


def test_whoever_is_started_anew_was_not_killed() -> None:
    told = (
        Told(CREATE, "ok"),
        Told(START, "ok"),
        Told(Ask("kill", "web"), "ok"),
        Told(Ask("status", "web"), "RUNNING"),
        Told(Ask("status", "web"), "EXITED"),
        Told(START, "ok"),
        Told(Ask("status", "web"), "EXITED"),
    )
    explained = lambda: specification.explains(  # noqa: E731
        told, rebooted=False, disturbed=False, dies_later=True
    )
    assert found(explained) == ["I9"]
