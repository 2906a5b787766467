"""How an ended process that is nobody's child is told of, on this kernel."""

import os
import signal
from collections.abc import Iterator

import pytest

from conman.primitives.exit_status import exit_status

Child = tuple[int, int]


@pytest.fixture
def child(request: pytest.FixtureRequest) -> Iterator[Child]:
    """A shell with the script of the test's parameter; reaped by the test, else here."""
    pid = os.posix_spawn("/bin/sh", ("sh", "-c", request.param), {})
    handle = os.pidfd_open(pid)
    yield pid, handle
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass
    os.close(handle)


def told_of(child: Child) -> tuple[int, int]:
    pid, handle = child
    os.waitpid(pid, 0)
    told = exit_status(handle, 5)
    if told is None:
        pytest.skip("this kernel has no PIDFD_INFO_EXIT (Linux 6.15)")
    return told


@pytest.mark.parametrize(
    ("child", "wanted"),
    [("exit 0", (0, 0)), ("exit 7", (7, 0)), ("kill -KILL $$", (137, 9))],
    indirect=["child"],
    ids=str,
)
def test_it_is_told_once_it_was_reaped(child: Child, wanted: tuple[int, int]) -> None:
    assert told_of(child) == wanted


@pytest.mark.parametrize("child", ["exit 7"], indirect=True)
def test_a_zombie_is_not_told_of(child: Child) -> None:
    os.waitid(os.P_PID, child[0], os.WEXITED | os.WNOWAIT)
    assert exit_status(child[1], 0) is None


@pytest.mark.parametrize("child", ["sleep 60"], indirect=True)
def test_nor_is_one_that_lives(child: Child) -> None:
    assert exit_status(child[1], 0) is None
