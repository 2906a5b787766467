"""run, terminals, descriptors handed on, and ps: what podman, conmon and containerd ask for besides."""

import fcntl
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.fakerunc_lab import Lab, exit_of, heard, lab

PROCESS = {"args": ["cat"], "env": ["PATH=/bin"], "cwd": "/"}
SIZE = {"height": 33, "width": 99}


@pytest.fixture
def box() -> Iterator[Lab]:
    with lab(Path(tempfile.mkdtemp(prefix="fr-", dir="/tmp"))) as one:
        yield one


def run(box: Lab, *options: str) -> tuple[str, ...]:
    return ("run", "--bundle", str(box.bundle), *options, "c1")


@pytest.mark.parametrize("script", ["exit 5", "echo x; kill -TERM $$; exit 6"])
def test_a_run_answers_as_its_program_and_leaves_nothing(script: str, box: Lab) -> None:
    box.prepare("sh", "-c", script)
    assert box.call(*run(box)).code == int(script[-1])
    assert list(box.root.iterdir()) == []


def test_a_run_may_keep_its_container(box: Lab) -> None:
    box.prepare("sh", "-c", "exit 5")
    assert box.call(*run(box, "--keep")).code == 5
    assert box.files() == ["state.json"]
    assert box.status() == "stopped"
    assert "already exists" in box.call(*run(box)).err


def test_a_run_that_fails_keeps_it_too(box: Lab) -> None:
    box.prepare("/bin/nope")
    for options, files in ((("--keep",), ["state.json"]), ((), [])):
        said = box.call(*run(box, *options))
        assert said.code == 1
        assert "runc run failed: unable to start container process: exec" in said.err
        assert box.files() == files
        assert box.members() == []
        box.call("delete", "--force", "c1")


def test_a_detached_run_leaves_a_running_container(box: Lab) -> None:
    box.prepare("sleep", "100")
    assert box.call(*run(box, "-d", "--pid-file", str(box.pid_file))) == (0, "", "")
    assert box.status() == "running"
    assert box.call("kill", "c1", "KILL").code == 0
    assert exit_of(box.pid()) == -signal.SIGKILL


def test_signals_go_through_a_run(box: Lab) -> None:
    box.prepare("sh", "-c", "trap 'exit 7' USR1; echo up; sleep 100 & wait")
    hears, says = os.pipe()
    argv = [*box.runtime, "--root", str(box.root), *run(box)]
    with subprocess.Popen(argv, stdout=says, stdin=subprocess.DEVNULL) as call:
        os.close(says)
        heard(hears, b"up")
        call.send_signal(signal.SIGUSR1)
        assert call.wait(20) == 7
    assert list(box.root.iterdir()) == []


def received(listening: socket.socket) -> int:
    connection, _ = listening.accept()
    with connection:
        name, (master,), _, _ = socket.recv_fds(connection, 64, 1)
    assert name == b"/dev/ptmx"
    return master


def said_on(master: int, words: bytes) -> None:
    heard_so_far = b""
    while words not in heard_so_far:
        assert select.select([master], [], [], 20)[0], heard_so_far
        heard_so_far += os.read(master, 4096)


@pytest.fixture
def console(box: Lab) -> Iterator[tuple[socket.socket, str]]:
    with socket.socket(socket.AF_UNIX) as listening:
        path = str(box.place / "console")
        listening.bind(path)
        listening.listen()
        listening.settimeout(20)
        yield listening, path


def test_a_console_socket_gets_the_master(box: Lab, console: tuple[socket.socket, str]) -> None:
    listening, path = console
    box.prepare("cat", process=PROCESS | {"terminal": True, "consoleSize": SIZE})
    arguments = ("create", "--bundle", str(box.bundle), "--console-socket", path)
    assert box.call(*arguments, "--pid-file", str(box.pid_file), "c1") == (0, "", "")
    master = received(listening)
    assert struct.unpack("HHHH", fcntl.ioctl(master, termios.TIOCGWINSZ, b"\0" * 8))[:2] == (33, 99)
    stat = Path(f"/proc/{box.pid()}/stat").read_text().rpartition(") ")[2].split()
    assert int(stat[4]) != 0
    assert box.call("start", "c1").code == 0
    os.write(master, b"typed\r")
    said_on(master, b"typed\r\ntyped\r\n")
    said = box.call("exec", "-d", "-t", "--console-socket", path, "c1", "echo", "beside")
    assert said == (0, "", "")
    other = received(listening)
    said_on(other, b"beside\r\n")
    os.close(master)
    os.close(other)


@pytest.mark.parametrize("verb", ["create", "exec"])
def test_a_console_socket_that_is_not_there(verb: str, box: Lab) -> None:
    terminal = {"process": PROCESS | {"terminal": True}}
    if verb == "create":
        box.prepare("cat", **terminal)
        said = box.call("create", "--bundle", str(box.bundle), "--console-socket", "/nope", "c1")
        assert list(box.root.iterdir()) == []
    else:
        box.running("sleep", "100")
        said = box.call("exec", "-d", "-t", "--console-socket", "/nope", "c1", "true")
        assert box.members() == [box.pid()]
    assert f"{verb} failed: dial unix /nope: connect: no such file or directory" in said.err


def test_a_run_has_its_callers_terminal(box: Lab) -> None:
    """Bytes go through both, and the caller's own terminal is as it was."""
    box.prepare("cat", process=PROCESS | {"terminal": True})
    argv = [*box.runtime, "--root", str(box.root), *run(box)]
    child, master = pty.fork()
    if child == 0:
        os.execv(argv[0], argv)  # noqa: S606 - no shell is wanted
    os.write(master, b"typed\r")
    said_on(master, b"typed\r\ntyped\r\n")
    os.write(master, b"\x04")
    assert exit_of(child) == 0
    assert termios.tcgetattr(master)[3] & termios.ECHO
    os.close(master)


def test_a_shell_lives_by_its_terminal(box: Lab, console: tuple[socket.socket, str]) -> None:
    """What `spec` asks for runs until its input ends: it is not a program that ends at once."""
    listening, path = console
    box.prepare("sh", process=PROCESS | {"terminal": True, "args": ["sh"]})
    said = box.call(
        *run(box, "--detach", "--console-socket", path, "--pid-file", str(box.pid_file))
    )
    assert said == (0, "", "")
    master = received(listening)
    said_on(master, b"# ")
    os.write(master, b"trap 'echo caught' USR1; echo a")
    os.write(master, b"b\r")
    said_on(master, b"\r\nab\r\n# ")
    assert box.call("kill", "c1", "USR1").code == 0
    said_on(master, b"caught\r\n")
    os.write(master, b"echo > x\rfalse\r\x04")
    said_on(master, b"not in this stand-in's grammar")
    assert exit_of(box.pid()) == 1
    os.close(master)


def test_a_shell_reads_lines(box: Lab) -> None:
    box.running("sleep", "100")
    argv = [*box.runtime, "--root", str(box.root), "exec", "c1", "sh"]
    script = b"echo a\ncat\nthe rest\n"
    done = subprocess.run(argv, input=script, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"a\nthe rest\n", b"")


def test_descriptors_are_handed_on(box: Lab) -> None:
    readers, writers = zip(os.pipe(), os.pipe(), strict=True)
    box.prepare("sleep", "100")
    script = f'exec 3>&{writers[0]} 4>&{writers[1]}; exec "$@"'
    argv = ["bash", "-c", script, "-", *box.runtime, "--root", str(box.root), "create"]
    argv += ["--preserve-fds", "1", "--bundle", str(box.bundle)]
    argv += ["--pid-file", str(box.pid_file), "c1"]
    subprocess.run(argv, check=True, pass_fds=writers, stdin=subprocess.DEVNULL)
    for fd in writers:
        os.close(fd)
    # The one that was named is held by init, the other one by nobody.
    assert sorted(os.listdir(f"/proc/{box.pid()}/fd"), key=int) == ["0", "1", "2", "3", "256"]
    assert select.select(readers, [], [], 5)[0] == [readers[1]]
    for fd in readers:
        os.close(fd)


def test_listening_sockets_are_those_of_the_pid_that_was_named(box: Lab) -> None:
    box.running("sleep", "100")
    script = 'exec 3</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'
    argv = ["bash", "-c", script, "-", *box.runtime, "--root", str(box.root), "exec", "c1", "env"]
    out = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert "LISTEN_FDS=1\nLISTEN_PID=1\n" in out


def test_ps_shows_who_is_inside(box: Lab) -> None:
    pid = box.created("/bin/sleep", "100")
    assert "runc init" in box.call("ps", "c1").out
    assert box.call("start", "c1").code == 0
    file = box.place / "exec.pid"
    assert box.call("exec", "-d", "--pid-file", str(file), "c1", "sleep", "99").code == 0
    other = int(file.read_text())
    assert box.call("ps", "--format", "json", "c1").out == f"[{pid},{other}]\n"
    header, *lines = box.call("ps", "c1", "-o", "pid,args").out.splitlines()
    assert header.split() == ["PID", "COMMAND"]
    assert [line.split() for line in lines] == [
        [str(pid), "/bin/sleep", "100"],
        [str(other), "sleep", "99"],
    ]
    assert "invalid format option" in box.call("ps", "-f", "xml", "c1").err
    assert "couldn't find PID field" in box.call("ps", "c1", "-o", "comm").err
    assert "exit status 1: error: unknown" in box.call("ps", "c1", "--bogus").err
