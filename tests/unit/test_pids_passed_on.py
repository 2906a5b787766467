"""A pid that becomes a stranger's at the worst moment: after its owner was found, just before a handle of it is opened.

Pids are given in turn, so on a real host that takes 4 million births. Here the kernel is helped: when the
handle is opened, the owner has ended and was waited for, and what is opened is the stranger's.
"""

import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest

from conman.primitives import processes
from conman.primitives import steps as s
from tests.contract.real_host import RealHost, real_host

MARK = f"CONMAN_RUN={os.getpid()}/passed-on-1"
SILENCE_S = 2.0


@pytest.fixture
def host() -> Iterator[RealHost]:
    with real_host() as found:
        yield found


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(("cat",), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        yield child
        child.kill()


def pass_on(
    owner: s.ProcessId,
    host: RealHost,
    stranger: "subprocess.Popen[bytes]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the next handle of the owner, once."""
    opened = os.pidfd_open

    def other(pid: int, flags: int = 0) -> int:
        if pid != owner.pid:
            return opened(pid, flags)
        monkeypatch.setattr(os, "pidfd_open", opened)
        host.children[pid].kill()
        host.children[pid].wait()
        return opened(stranger.pid, flags)

    monkeypatch.setattr(os, "pidfd_open", other)


def answers(stranger: "subprocess.Popen[bytes]") -> bool:
    """Neither ended nor stopped: a signal is met before anything more is read."""
    assert stranger.stdin is not None
    assert stranger.stdout is not None
    with suppress(BrokenPipeError):
        os.write(stranger.stdin.fileno(), b"x")
    has_said, _, _ = select.select([stranger.stdout], [], [], SILENCE_S)
    return bool(has_said) and os.read(stranger.stdout.fileno(), 1) == b"x"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_signal(
    host: RealHost,
    stranger: "subprocess.Popen[bytes]",
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    owner = host.start()
    pass_on(owner, host, stranger, monkeypatch)
    assert host.perform(s.SignalProcess(owner, number)) == s.Gone()
    assert answers(stranger)


def test_stop_and_look(
    host: RealHost, stranger: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = host.start()
    pass_on(owner, host, stranger, monkeypatch)
    assert host.perform(s.StopProcess(owner)) == s.Gone()
    assert answers(stranger)


def test_the_end_of_members(
    host: RealHost, stranger: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = host.start(marker=MARK)
    pass_on(owner, host, stranger, monkeypatch)
    assert isinstance(host.perform(s.EndMembers("", MARK, 5_000)), s.Done)
    assert answers(stranger)


def test_members_that_go_on(
    host: RealHost, stranger: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = host.start(marker=MARK)
    stranger.send_signal(signal.SIGSTOP)
    os.waitpid(stranger.pid, os.WUNTRACED)
    pass_on(owner, host, stranger, monkeypatch)
    assert isinstance(host.perform(s.ThawMembers("", MARK)), s.Done)
    with open(f"/proc/{stranger.pid}/stat", encoding="ascii") as file:
        assert file.read().rpartition(")")[2].split()[0] == "T"


def test_a_fence(
    host: RealHost, stranger: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = f"{host.top}/lock"
    owner = host.start(marker=MARK, lock=lock)
    pass_on(owner, host, stranger, monkeypatch)
    assert isinstance(host.perform(s.Fence(lock, MARK, "", 5_000)), s.Done)
    assert answers(stranger)


def test_the_helped_kernel_gives_the_strangers_handle(
    host: RealHost, stranger: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = host.start()
    pass_on(owner, host, stranger, monkeypatch)
    handle = processes.pidfd(owner.pid)
    assert handle is not None
    try:
        with open(f"/proc/self/fdinfo/{handle}", encoding="ascii") as file:
            assert f"Pid:\t{stranger.pid}\n" in file.read()
    finally:
        os.close(handle)
    assert not host.lives(owner)
