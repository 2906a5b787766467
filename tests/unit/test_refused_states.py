"""What a person is told who asks for what a container's state does not allow: words, the states that do, what to do."""

import pytest

from conman.core.execs import ExecSpec
from conman.core.model import State, Stored
from conman.core.requests import (
    CreateExec,
    KillContainer,
    KillExec,
    MutatingRequest,
    Okay,
    PauseContainer,
    RemoveContainer,
    StartContainer,
    StartExec,
    UnpauseContainer,
)
from conman.errors import Code, Refusal
from conman.frozen import replace
from tests.unit.one_machine import ID, ROW, Daemon

WHO = ("r" * 32, "d", "web")
EXEC = CreateExec(*WHO, ExecSpec("sh"))


def daemon_with(state: State) -> Daemon:
    init = ROW.init if state is not State.EXITED else None
    row = replace(ROW, state=State.RUNNING if init else state, init=init)
    daemon = Daemon(Stored(containers=(row,), names=(("web", ID),)))
    if state is State.PAUSED:
        assert daemon.asked(PauseContainer("p" * 32, "d", "web")) == Okay()
    return daemon


@pytest.mark.parametrize(
    ("state", "request_", "told", "hint"),
    [
        (State.PAUSED, EXEC, "exec in {}: it is PAUSED, and must be RUNNING", "unpause it first"),
        (State.EXITED, EXEC, "exec in {}: it is EXITED, and must be RUNNING", "start it first"),
        (
            State.PAUSED,
            StartExec(*WHO, "e" * 32),
            "start an exec in {}: it is PAUSED, and must be RUNNING",
            "unpause it first",
        ),
        (
            State.EXITED,
            KillExec(*WHO, "e" * 32, 9),
            "kill an exec of {}: it is EXITED, and must be RUNNING or PAUSED",
            "its execs have ended with it",
        ),
        (
            State.EXITED,
            KillContainer(*WHO, 9),
            "kill {}: it is EXITED, and must be RUNNING or PAUSED",
            "start it first",
        ),
        (
            State.PAUSED,
            StartContainer(*WHO),
            "start {}: it is PAUSED, and must be CREATED, RUNNING or EXITED",
            "unpause it",
        ),
        (
            State.EXITED,
            PauseContainer(*WHO),
            "pause {}: it is EXITED, and must be RUNNING or PAUSED",
            "start it first",
        ),
        (
            State.RUNNING,
            UnpauseContainer(*WHO),
            "unpause {}: it is RUNNING, and must be PAUSED",
            "there is nothing to unpause",
        ),
        (
            State.PAUSED,
            RemoveContainer(*WHO, force=False),
            "remove {}: it is PAUSED, and must be CREATED or EXITED",
            "stop it first, or remove it with --force",
        ),
    ],
)
def test_it_is_said_in_words(state: State, request_: MutatingRequest, told: str, hint: str) -> None:
    assert daemon_with(state).asked(request_) == Refusal(
        Code.FAILED_PRECONDITION,
        "WrongState",
        f"cannot {told.format('container web')}",
        hint,
        "container_id",
    )
