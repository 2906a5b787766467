"""A real shim killed at all that it does for an exec only; what its client is told then, and what is left of it.

The container goes on, with a successor. An exec that was told to run does so, until somebody ends it; one
that was refused has nobody left. An exec's end has no other witness than its shim: 255, Unknown.
"""

import signal
import subprocess
from collections import Counter

import pytest

from conman.wire.v1 import conman_pb2 as wire
from scenarios.stages.census import census
from scenarios.stages.daemon import BIN, PATIENCE_S
from tests.chaos.test_crash_points import (
    CREATE,
    OF_EXECS,
    RUNTIMES,
    START,
    Stage,
    command,
    deadly,
    must_agree,
    must_end,
    stage,
)
from tests.integration.stream_client import open_stream
from tests.integration.test_execs import Asked

pytestmark = pytest.mark.timeout(600)

SLEEP = ("--detach", "web", "--", "/bin/sleep", "1000")
#: Nobody was told that it runs.
UNTOLD = {"ShimDied", "ExecInterrupted"}


def ask(it: Stage) -> "subprocess.Popen[str]":
    """By a client that waits for the next conmand."""
    socket, patience = f"{it.run}/conmand.sock", ("--connect-timeout", str(PATIENCE_S))
    return subprocess.Popen(
        [f"{BIN}/conmanctl", "--address", socket, "exec", *patience, *SLEEP],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def begin(it: Stage, point: str, armed: dict[str, str]) -> bool:
    """Whether its client is told that it runs. Conmand dies with the call that only its next one ends."""
    asking = ask(it)
    try:
        if "/end-exec/" in point:
            it.dies(asking)
            it.start(**armed)
        _, error = asking.communicate(timeout=PATIENCE_S)
    finally:
        asking.kill()
    assert (asking.returncode == 0) == (error == ""), error
    return asking.returncode == 0


def all_of(it: Stage, exec_id: str) -> "Counter[str]":
    return Counter(thing.kind for thing in census(it.place) if thing.owner == exec_id)


def must_be_as_told(it: Stage, *, runs: bool) -> None:
    asked = Asked(it)
    [one] = asked.listed()
    found = all_of(it, one.exec_id)
    if not runs:
        assert one.reason in UNTOLD
        assert (one.state, one.exit_code) == (wire.EXEC_EXITED, 128)
        assert not found
        return
    assert one.state == wire.EXEC_RUNNING
    while "exec" not in found:
        # runc is told in the middle of its execve(2), before its environment, which is its mark, can be read.
        found = all_of(it, one.exec_id)
    assert found == {"exec": 1, "exec directory": 1}
    asked.kill(one.exec_id, signal.SIGKILL)
    ended = asked.wait(one.exec_id)
    assert (ended.exit_code, ended.reason) == (255, "Unknown")


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("point", OF_EXECS)
def test_killed_at_all_that_it_does_for_an_exec(
    request: pytest.FixtureRequest, runtime: str, point: str
) -> None:
    with stage(runtime, command(request, point)) as it:
        if "/end-exec/" in point:
            it.options = ("--runtime", deadly(it, runtime, "exec", "held-before"))
        armed = {"CONMAN_SHIM_CRASH_AT": point, "CONMAN_CRASH_DISARM": str(it.top)}
        it.start(**armed)
        it.do(*("web" if word == "c" else word for word in CREATE))
        it.do(START[0], "web")
        runs = begin(it, point, armed)
        mark = f"crashed-{point.replace('/', '.')}@1"
        assert (it.top / mark).exists(), "never reached"
        must_be_as_told(it, runs=runs)
        # Whoever asks again is let in by a successor: so it is there.
        open_stream(it, "web")
        must_agree(it, "RUNNING")
        must_end(it)
