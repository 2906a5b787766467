"""What follows a shim's death, played by hand where no story goes: in words for those who read why nobody reads."""

from collections.abc import Mapping

import pytest

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Effect, Outcome
from conman.core.layout import Layout
from conman.core.model import Container, Init, RootfsMode, State
from conman.core.sagas.succession import Fate, succeed
from conman.core.spec import ContainerSpec
from conman.primitives.steps import Absent, Done, Failed, Held, ProcessId, ShimAnswer, TimedOut
from conman.shim import machine
from tests.unit.played import played

Answers = Mapping[type[Effect], Outcome]

ID, RUN = "a" * 32, 2
INIT = Init(ProcessId("boot", 7, 70), 1, 2, "sleep")
ROW = Container(ID, "web", ContainerSpec("sleep"), RootfsMode.COPY, State.RUNNING, RUN, INIT)
SETTING = Setting(Layout("/d", "/r", "0" * 8, "boot"), "runc")
IDLE = ShimAnswer(machine.describe(machine.State()))
READS = ShimAnswer(machine.describe(machine.State(machine.Phase.SUCCEEDING)))


USUAL: Answers = {v.HoldOutput: Held(0), v.SucceedShim: READS}


def fate(unlike: Answers) -> tuple[Fate, str]:
    """Of a try that goes as usual but for these."""
    answers = {**USUAL, **unlike}
    one = succeed(ROW, SETTING, Now(1, 1))
    return played(one, lambda effect: answers.get(type(effect), Done()))[1]


def test_who_reads_again_says_nothing() -> None:
    assert fate({}) == (Fate.LOGGED, "")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            fate({v.WatchShim: Failed("EMFILE", "no descriptors")}),
            "its end cannot be seen: no descriptors",
        ),
        (fate({v.WatchShim: TimedOut()}), "its end cannot be seen: no answer in time"),
        (fate({v.HoldOutput: TimedOut()}), "no answer in time"),
        (fate({v.HoldOutput: Failed("EMFILE", "too many files")}), "too many files"),
        (fate({v.SpawnShim: TimedOut()}), "no shim could be started: no answer in time"),
        (fate({v.SucceedShim: Absent()}), "the new shim does not read: it is not there"),
        (
            fate({v.SucceedShim: TimedOut()}),
            "the new shim does not read: it has not said that it does",
        ),
        (fate({v.SucceedShim: IDLE}), "the new shim does not read: it has not said that it does"),
    ],
)
def test_why_nobody_reads_is_said_in_words(said: tuple[Fate, str], words: str) -> None:
    """Status shows them: nobody may be shown the name of a class."""
    assert said == (Fate.AGAIN, words)
