"""Pieces of a run, played by hand: what an outcome that no story has comes to, in words and in order."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import (
    Committed,
    Current,
    DeadlinePassed,
    Effect,
    Ended,
    NotCommitted,
    Outcome,
)
from conman.core.layout import Layout
from conman.core.model import (
    Container,
    ContainerSpec,
    DropIntent,
    Init,
    Intent,
    Operation,
    ReleaseName,
    RootfsMode,
    State,
)
from conman.core.sagas import container, kill, pause, rename, run
from conman.core.turns import Saga
from conman.errors import Code, Refusal
from conman.primitives.steps import (
    Absent,
    Done,
    ExitStatus,
    Failed,
    Freezer,
    Gone,
    ProcessId,
    Remaining,
    Stopped,
    TimedOut,
)
from tests.unit.played import played

ID = "a" * 32
SETTING = Setting(Layout("/data", "/run", "0" * 8, "boot"), "runc")
INIT = Init(ProcessId("boot", 7, 70), 1, 2, "sleep")
ROW = Container(ID, "web", ContainerSpec("sleep"), RootfsMode.OVERLAY, State.RUNNING, 2, INIT)
PAUSED = Container(ID, "web", ContainerSpec("sleep"), RootfsMode.OVERLAY, State.PAUSED, 2, INIT)


def intent(operation: Operation) -> Intent:
    return Intent(ID, operation, 2, "boot", 9, signal=15, deadline=1_000)


@pytest.mark.parametrize(
    ("failing", "outcome", "code", "words"),
    [
        (
            v.SpawnShim,
            Failed("ENOSPC", "full"),
            Code.RESOURCE_EXHAUSTED,
            "cannot start a shim: full",
        ),
        (v.SpawnShim, TimedOut(), Code.UNAVAILABLE, "cannot start a shim in time"),
        (v.PrepareBundle, Failed("EIO", "no"), Code.FAILED_PRECONDITION, "prepare the bundle: no"),
        (v.MountRootfs, Absent(), Code.UNAVAILABLE, "it does not exist"),
        (v.RuntimeCreate, Absent(), Code.UNAVAILABLE, "there is no shim any more"),
    ],
)
def test_what_cannot_be_prepared_is_told(
    failing: type[Effect], outcome: Outcome, code: Code, words: str
) -> None:
    effects, refusal = played(
        run.prepare(ROW, 2, SETTING),
        lambda effect: outcome if isinstance(effect, failing) else Done(),
    )
    assert isinstance(refusal, Refusal)
    assert refusal.code is code
    assert words in refusal.what
    assert isinstance(effects[-1], failing)


def test_a_stop_asks_before_it_kills() -> None:
    def answer(effect: Effect) -> Outcome:
        match effect:
            case v.Commit():
                return Committed()
            case v.AwaitExit():
                return DeadlinePassed()
            case v.Reread():
                return Current(ROW)
            case v.ReadExitStatus():
                return ExitStatus(137, 9)
            case v.AwaitExitRecord() | v.ReadExitRecord() | v.HoldOutput():
                return Absent()
            case _:
                return Done()

    effects, _ = played(container.stop_container(ROW, intent(Operation.STOP), SETTING), answer)
    asked = effects.index(v.SignalInit(INIT.process, 15))
    waited = effects.index(v.AwaitExit(ID, 2, 1_000))
    killed = next(n for n, one in enumerate(effects) if isinstance(one, v.EndMembers))
    assert asked < waited < killed
    assert v.Thaw(ID, 2) not in effects
    effects, _ = played(container.stop_container(PAUSED, intent(Operation.STOP), SETTING), answer)
    assert effects.index(v.Thaw(ID, 2)) < effects.index(v.SignalInit(INIT.process, 15))


@pytest.mark.parametrize(
    "saga",
    [
        lambda: container.start_container(ROW, intent(Operation.START), SETTING),
        lambda: container.stop_container(ROW, intent(Operation.STOP), SETTING),
        lambda: kill.kill_container(ROW, intent(Operation.KILL), is_still=False),
        lambda: container.remove_container(ROW, intent(Operation.REMOVE), SETTING),
        lambda: pause.pause_container(ROW, intent(Operation.PAUSE)),
        lambda: pause.unpause_container(PAUSED, intent(Operation.UNPAUSE)),
        lambda: rename.rename_container(ROW, replace(intent(Operation.RENAME), name="db")),
    ],
    ids=["start", "stop", "kill", "remove", "pause", "unpause", "rename"],
)
def test_without_its_intent_nothing_is_done(saga: Callable[[], Saga]) -> None:
    effects, refusal = played(saga(), lambda _: NotCommitted("full"))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "StoreFailed"
    assert len(effects) == 1


def test_a_create_that_fails_is_undone_and_says_why() -> None:
    def answer(effect: Effect) -> Outcome:
        match effect:
            case v.Commit():
                return Committed()
            case v.PrepareBundle():
                return Failed("ENOSPC", "full")
            case _:
                return Done()

    draft = replace(ROW, state=State.CREATED, init=None)
    wish = replace(intent(Operation.CREATE), draft=draft)
    effects, refusal = played(container.create_container(wish, SETTING), answer)
    assert isinstance(refusal, Refusal)
    assert refusal.what == "cannot prepare the bundle: full"
    assert v.RemoveFiles(ID) in effects
    assert effects[-1] == v.CommitUndone((ReleaseName(ID), DropIntent(ID)))


@pytest.mark.parametrize(
    ("row", "frozen", "kinds"),
    [
        (ROW, True, ["CommitPaused"]),
        (ROW, False, ["Thaw", "CommitUndone"]),
        (PAUSED, True, ["CommitUndone"]),
        (PAUSED, False, ["Thaw", "CommitRunning"]),
    ],
)
def test_a_pause_that_was_interrupted_is_as_it_is_found(
    row: Container, frozen: bool, kinds: list[str]
) -> None:
    def answer(effect: Effect) -> Outcome:
        match effect:
            case v.LookAtFreezer():
                return Freezer(frozen)
            case v.Commit():
                return Committed()
            case _:
                return Done()

    effects, _ = played(pause.recover_pause(row, intent(Operation.PAUSE)), answer)
    assert [type(one).__name__ for one in effects] == ["LookAtFreezer", *kinds]


def test_who_insists_says_so_and_waits() -> None:
    outcomes: list[Outcome] = [Remaining((7, 8)), Failed("EIO", "no"), TimedOut(), Done()]
    told = iter(outcomes)
    effect = v.EndMembers(ID, 2, INIT)
    effects, outcome = played(
        run.insist(ID, effect), lambda one: next(told) if one == effect else Ended()
    )
    assert outcome == Done()
    said = [one.message for one in effects if isinstance(one, v.Mark)]
    assert said == [
        f"container {ID}: process 7, 8 has not ended yet (EndMembers)",
        f"container {ID}: EndMembers failed: no",
        f"container {ID}: EndMembers failed: it did not end in time",
        "",
    ]
    assert effects.count(v.WaitFor(ID, run.LOOK_AGAIN_NS)) == 3


@pytest.mark.parametrize(
    ("stopped", "look", "goes_on"),
    [
        (Stopped(1, 2, "sleep"), run.Look.NEVER_RAN, False),
        (Stopped(1, 3, "sleep"), run.Look.RUNS, True),
        (Stopped(1, 2, "sh"), run.Look.RUNS, True),
        (Gone(), run.Look.GONE, False),
    ],
)
def test_what_a_stopped_init_is(stopped: Outcome, look: run.Look, goes_on: bool) -> None:
    effects, found = played(
        run.stop_and_look(ID, INIT),
        lambda effect: stopped if isinstance(effect, v.StopInit) else Done(),
    )
    assert found is look
    assert (v.SignalInit(INIT.process, 18) in effects) is goes_on
