"""The recvtty that runc's own tests are given: it takes terminals, reads what they say, and goes with its pid."""

import os
import pty
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runc_suite.outfit import RECVTTY, compiled
from tests.integration.one_conmand import await_end

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="it is compiled: no cc here")
PATIENCE_MS = 40_000


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("recvtty") / "recvtty"
    compiled(RECVTTY, made)
    return made


class Recvtty:
    """One that listens: the pid file says so, which is a FIFO here."""

    def __init__(self, program: Path, top: Path, *options: str) -> None:
        self.socket, pids = str(top / "s"), top / "pid"
        os.mkfifo(pids)
        words = [program, "--no-stdin", "--pid-file", pids, *options, self.socket]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert pids.read_text() == f"{self.process.pid}\n"

    def given(self) -> int:
        """The slave of a new terminal, whose master only recvtty has."""
        master, slave = pty.openpty()
        with socket.socket(socket.AF_UNIX) as runtime:
            runtime.connect(self.socket)
            socket.send_fds(runtime, [b"/dev/pts/ptmx"], [master])
        os.close(master)
        return slave


@pytest.fixture
def begun(program: Path, tmp_path: Path) -> Iterator[list[Recvtty]]:
    """Whoever is put into it is ended."""
    every: list[Recvtty] = []
    yield every
    for one in every:
        one.process.kill()
        one.process.communicate()


def begin(program: Path, top: Path, every: list[Recvtty], *options: str) -> Recvtty:
    every.append(Recvtty(program, top, *options))
    return every[-1]


def hung_up(slave: int) -> bool:
    poll = select.poll()
    poll.register(slave, 0)
    return bool(poll.poll(PATIENCE_MS))


def test_one_terminal_is_read_out_and_all_ends_with_it(
    program: Path, tmp_path: Path, begun: list[Recvtty]
) -> None:
    """What is said before it looks is not lost, and its own stdin is nobody's."""
    one = begin(program, tmp_path, begun)
    slave = one.given()
    os.write(slave, b"said\n")
    os.close(slave)
    assert one.process.stdout is not None
    assert one.process.stdout.read() == b"said\r\n"
    assert one.process.wait(PATIENCE_MS / 1000) == 0


def test_many_terminals_are_read_away_and_hang_up_with_it(
    program: Path, tmp_path: Path, begun: list[Recvtty]
) -> None:
    one = begin(program, tmp_path, begun, "--mode", "null")
    slaves = [one.given() for _ in range(3)]
    for slave in slaves:
        # More than a terminal holds unread: somebody reads each.
        assert sum(os.write(slave, b"x" * 1024) for _ in range(64)) == 64 * 1024
    handle = os.pidfd_open(one.process.pid)
    one.process.send_signal(signal.SIGKILL)
    await_end(handle)
    assert one.process.stdout is not None
    assert one.process.stdout.read() == b""
    assert [hung_up(slave) for slave in slaves] == [True] * 3
    for slave in slaves:
        os.close(slave)


def test_who_sends_no_terminal_is_told_by_its_exit(
    program: Path, tmp_path: Path, begun: list[Recvtty]
) -> None:
    one = begin(program, tmp_path, begun)
    with socket.socket(socket.AF_UNIX) as runtime:
        runtime.connect(one.socket)
        runtime.send(b"nothing comes with this")
    assert one.process.wait(PATIENCE_MS / 1000) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "usage: recvtty "),
        (["/tmp/" + "x" * 108], "longer than a socket's path may be"),
        (["/nowhere/s"], "/nowhere/s: No such file or directory"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(program: Path, words: list[str], told: str) -> None:
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert told in done.stderr
