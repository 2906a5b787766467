"""The host of a soak: who was struck, who ended by itself, who is still there to be killed. No conmand is started."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from scenarios.soak.host import Host, children
from scenarios.soak.lives import Ends, Kills, Life
from scenarios.violation import Violation

AT_A_CALL = Life(Ends.SYSCALL_POINT, 0, 0.0, "store@3")


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host("fakerunc", lambda _: None)
    try:
        yield made
    finally:
        made.close()


def struck(environ: dict[str, str]) -> Path:
    return Path(environ["SYSCALL_POINTS_ONCE"])


def test_nobody_was_struck_where_nothing_was_armed(host: Host) -> None:
    assert (host.disarm(), host.disarm()) == (False, False)
    host.armed(Life(Ends.INSTANT, 0, 0.0))
    assert host.disarm() is False


def test_nobody_was_struck_where_the_point_did_not_come(host: Host) -> None:
    host.armed(AT_A_CALL)
    assert host.disarm() is False


def test_who_was_struck_is_told_once(host: Host) -> None:
    struck(host.armed(AT_A_CALL)).touch()
    assert (host.disarm(), host.disarm()) == (True, False)


def test_what_lives_on_from_an_armed_life_is_never_struck_again(host: Host) -> None:
    first = struck(host.armed(AT_A_CALL))
    host.disarm()
    second = struck(host.armed(AT_A_CALL))
    assert (first.exists(), second.exists()) == (True, False)


def begun(host: Host, command: str) -> subprocess.Popen[str]:
    words = ["/bin/sh", "-c", command]
    host.daemon.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    return host.daemon.process


@pytest.mark.parametrize("kill", [Host.kill, Host.strike_all])
def test_who_has_ended_by_himself_was_not_killed(host: Host, kill: object) -> None:
    begun(host, "exit 3").wait()
    assert callable(kill)
    with pytest.raises(Violation, match=r"I1 .*: conmand ended by itself, with 3"):
        kill(host)


def test_who_is_killed_has_not_ended_by_himself(host: Host) -> None:
    begun(host, "exec sleep 1000")
    host.kill()
    assert host.is_dead()


def test_a_zombie_is_nobody_to_be_killed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal reaches it, and nothing comes of that: `strike` counts those who lived."""
    with subprocess.Popen(["/bin/sleep", "1000"]) as process:
        monkeypatch.setattr(host, "_pids", lambda _: [process.pid])
        assert host.strike(Kills.SHIM, Random(0)) is True
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert host.strike(Kills.SHIM, Random(0)) is False


def test_a_thread_that_has_ended_has_no_children() -> None:
    with subprocess.Popen(["/bin/true"]) as process:
        file = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        process.wait()
        assert children(file) == []
