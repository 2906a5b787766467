"""What the simulator takes for over at once, when a shim's daemon dies, changes nothing that anybody sees.

Held against the shim's own machine: whatever a shim has yet to read, and in whichever phase, it does the
same to the host with its idle talk and without.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from conman.shim import machine as shim
from conman.shim.task import Init, LogLimits, Task
from scenarios import shims
from scenarios.shims import Shim, left_alone, next_input

TASK = Task(
    argv=("runc", "create", "web-1"),
    lock="/run/calls/web-1.create",
    marker="CONMAN=web-1",
    state_directory="/run/runtime/web-1",
    pid_file="/run/shims/web-1/init.pid",
    record_directory="/data/runs/1",
    log="/data/log",
    cgroup="/conman/web-1",
    boot_id="boot-1",
    timeout_ms=1,
    log_limits=LogLimits(0, 5),
)
INIT = Init("boot-1", 7, 7, 1, 1, "")
CALLED = shim.CallEnded(0, "", "", INIT)
ENDED = shim.ChildEnded(7, 3, 0, 1)
BODIES = {"hello": "", "exit": "", "create": "task", "succeed": "log"}

WAITING = shim.State()
CREATING = replace(WAITING, phase=shim.Phase.CREATING, task=TASK, connection=1, asking=(1,))
HOLDING = replace(CREATING, phase=shim.Phase.HOLDING, call=CALLED, init=INIT)
RECORDING = replace(HOLDING, phase=shim.Phase.RECORDING, ended=ENDED)
FAILED = replace(RECORDING, failed=True)
OVER = replace(RECORDING, phase=shim.Phase.ENDED, recorded=True)
SUCCEEDING = replace(WAITING, phase=shim.Phase.SUCCEEDING, log="/data/log", connection=1)
STATES = (WAITING, CREATING, HOLDING, RECORDING, FAILED, OVER, SUCCEEDING)

Words = tuple[str, ...]
WORDS = (*BODIES, "next daemon", "its end", "init ends")


def inbox_of(words: Words) -> tuple[shim.Input, ...]:
    """Questions of dead daemons, in turn, the last of which is gone too."""
    events, connection = list[shim.Input](), 1
    for seq, word in enumerate(words):
        if word == "next daemon":
            connection += 1
        elif word == "its end":
            events.append(shim.Disconnected(connection))
        elif word == "init ends":
            events.append(ENDED)
        else:
            events.append(shim.Requested(connection, seq, word, BODIES[word]))
    return (*events, shim.Disconnected(connection))


def answer(action: shim.Action) -> Iterator[shim.Input]:
    """What comes of an action, as `scenarios.actors` has it."""
    match action:
        case shim.RunCall() | shim.EndCall():
            yield CALLED
        case shim.DoStep(last=True):
            yield shim.RecordWritten(ok=True)
        case shim.DoStep(step) if type(step).__name__ == "ReadOom":
            yield shim.OomRead(0)
        case shim.ReopenOutput():
            yield shim.OutputReopened("")
        case shim.CompleteLog():
            yield shim.LogComplete()
        case _:
            pass


def seen_of(one: Shim) -> tuple[list[shim.Action], shim.State]:
    """All that it does to the host, to its end, and what it then knows."""
    state, actions, inbox = one.state, list(one.actions), list(one.inbox)
    done: list[shim.Action] = []
    while True:
        for action in actions:
            inbox += answer(action)
        done += [action for action in actions if not isinstance(action, shim.Send)]
        place = next_input(state, inbox)
        if place is None or state.phase == shim.Phase.LEFT:
            return done, replace(state, connection=0, asking=())
        state, reaction = shim.step(state, inbox.pop(place))
        actions = list(reaction)


@pytest.fixture(autouse=True)
def bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    def task(_body: str) -> Task:
        return TASK

    monkeypatch.setattr(shim, "parse_task", task)
    monkeypatch.setattr(shim, "parse_log", str)


def unlike() -> list[tuple[str, Words]]:
    """Of all short inboxes those that make a difference."""
    found = list[tuple[str, Words]]()
    for state, words in product(STATES, product(WORDS, repeat=3)):
        one = Shim(1, "/run/shims/web-1", bound=True, state=state, inbox=inbox_of(words))
        if seen_of(left_alone(one)) != seen_of(one):
            found.append((state.phase, words))
    return found


def test_without_its_idle_talk_a_shim_does_the_same() -> None:
    assert unlike() == []


def test_what_a_question_does_is_no_idle_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    def void(_reaction: object) -> bool:
        return True

    monkeypatch.setattr(shims, "_is_void", void)
    assert unlike()


def test_a_shim_that_only_talked_is_as_if_it_had_not() -> None:
    talking = Shim(
        1,
        "/run/shims/web-1",
        bound=True,
        state=replace(HOLDING, asking=(4,)),
        actions=(shim.Send(1, 3, "{}"),),
        inbox=inbox_of(("hello", "exit")),
    )
    left = left_alone(talking)
    assert (left.actions, left.inbox, left.state.asking) == ((), (), ())
