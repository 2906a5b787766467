"""Who comes to a shim and who goes: daemons old and new, strangers, nobody; and what a shim is itself."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from conman.host.shims import Shims
from conman.primitives.processes import start_time
from conman.primitives.steps import Absent, Done, Failed, SpawnShim, TimedOut
from conman.shim import protocol
from tests.integration.one_shim import CONTAINER, SHIM_MARK, OneShim, one_shim, read


@pytest.fixture
def one() -> Iterator[OneShim]:
    with one_shim() as made:
        yield made


def test_a_shim_has_cut_itself_loose(one: OneShim, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "LISTEN_FDS", "WATCHDOG_USEC", "CONMAN_CALL"):
        monkeypatch.setenv(name, "the daemon's")
    one.must_spawn()
    pid = one.pid()
    assert "the daemon's" not in read(f"/proc/{pid}/environ")
    assert SHIM_MARK in read(f"/proc/{pid}/environ").split("\0")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        os.kill(pid, number)
    assert one.ask("hello").call is None
    assert os.getsid(pid) == pid
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert read(f"/proc/{pid}/comm") == "conman-shim\n"
    held = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    files = {name for name in held if name.startswith("/")}
    assert files == {"/dev/null", f"{one.directory}/alive", f"{one.directory}/shim.stderr"}


def test_of_the_containers_output_a_shim_keeps_reading_ends_only(one: OneShim) -> None:
    """With a writing end of its own it would never see the end."""
    one.runtime_does(CONTAINER, "exit 0")
    one.must_spawn()
    one.create()
    fds = f"/proc/{one.pid()}/fd"
    flags = [
        int(read(f"/proc/{one.pid()}/fdinfo/{fd}").split()[3], 8) & os.O_ACCMODE
        for fd in os.listdir(fds)
        if os.readlink(f"{fds}/{fd}") in (f"{one.directory}/stdout", f"{one.directory}/stderr")
    ]
    assert flags == [os.O_RDONLY, os.O_RDONLY]


def test_a_directory_may_be_longer_than_a_socket_path(one: OneShim) -> None:
    one.directory = f"{one.root}/{'d' * 150}/c-1"
    one.must_spawn()
    assert one.ask("hello").call is None


def test_one_shim_lives_in_a_directory(one: OneShim) -> None:
    one.must_spawn()
    pid = one.pid()
    other = Shims()
    try:
        assert isinstance(one.spawn(other), Done)
    finally:
        other.close()
    assert one.pid() == pid


def test_a_directory_is_used_again_after_its_shim(one: OneShim) -> None:
    one.must_spawn()
    one.kill()
    assert os.path.exists(f"{one.directory}/shim.sock")
    assert one.call("hello") == Absent()
    one.must_spawn()
    assert one.ask("hello").call is None


def test_nobody_is_absent_only_by_the_lock(one: OneShim) -> None:
    assert one.call("hello") == Absent()
    os.makedirs(one.directory)
    assert one.call("hello") == Absent()
    with open(f"{one.directory}/alive", "w", encoding="ascii") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        assert one.call("hello", timeout_ms=50) == TimedOut()
    assert one.call("hello") == Absent()


@pytest.mark.timeout(20)
def test_a_shim_whose_queue_is_full_is_silent_and_nobody_waits_for_ever(one: OneShim) -> None:
    """It stands still, and every daemon that came and died has left a connection there."""
    os.makedirs(one.directory)
    path = f"{one.directory}/{protocol.SOCKET}"
    with (
        open(f"{one.directory}/alive", "w", encoding="ascii") as alive,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as before,
    ):
        fcntl.flock(alive, fcntl.LOCK_EX)
        listener.bind(path)
        listener.listen(0)
        before.connect(path)
        assert one.call("hello", timeout_ms=50) == TimedOut()
        assert one.shims.spawn(SpawnShim(one.directory, SHIM_MARK, 50)) == TimedOut()
        listener.accept()[0].close()
        # There is room: it is reached, and says nothing.
        assert one.call("hello", timeout_ms=50) == TimedOut()
        listener.accept()[0].close()
    assert one.call("hello") == Absent()


def test_a_silent_shim_is_not_absent_and_its_late_answer_is_not_mistaken(one: OneShim) -> None:
    one.must_spawn()
    pid = one.pid()
    os.kill(pid, signal.SIGSTOP)
    assert one.call("hello", timeout_ms=50) == TimedOut()
    os.kill(pid, signal.SIGCONT)
    one.runtime_does("exit 1")
    assert one.create().call["code"] == 1


def test_a_shim_that_nobody_needs_goes(one: OneShim) -> None:
    os.makedirs(one.directory)
    alive = os.open(f"{one.root}/alive", os.O_RDWR | os.O_CREAT)
    ready, told = os.pipe()
    # Not by a fork of this process: whoever ran before may have left threads in it.
    words = f"sys.exit(40 + main({one.directory!r}, {alive}, {told}, create_within_s=0.1))"
    code = f"import sys; from conman.shim.main import main; {words}"
    try:
        ran = subprocess.run([sys.executable, "-c", code], pass_fds=(alive, told), check=False)
    finally:
        for descriptor in (alive, ready, told):
            os.close(descriptor)
    assert ran.returncode == 40


def test_what_is_no_task_is_refused(one: OneShim) -> None:
    one.must_spawn()
    for body in ("[]", "{}", "nonsense"):
        refused = one.call("create", body)
        assert isinstance(refused, Failed)
        assert refused.error == "EPROTO"
    assert one.ask("hello").call is None


@pytest.mark.parametrize("packet", [b"x", b"{}", b'{"v":2,"op":"hello","seq":1,"body":""}'])
def test_what_is_no_packet_ends_its_connection(one: OneShim, packet: bytes) -> None:
    one.must_spawn()
    with protocol.connect(one.directory) as foreign:
        foreign.send(packet)
        assert protocol.receive(foreign, protocol.ANSWER_BYTES) is None
    assert one.ask("hello").call is None


def test_no_zombie_is_kept(one: OneShim) -> None:
    one.must_spawn()
    pid = one.pid()
    one.kill()
    one.shims.sweep(now=True)
    assert start_time(pid) is None


def test_many_threads_may_use_one_shim(one: OneShim) -> None:
    one.must_spawn()
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(one.ask("hello").call)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [None] * 8
