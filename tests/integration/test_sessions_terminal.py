"""A person, a terminal, and a shell in a container: typed to, resized, left, come back to; conmand is killed."""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from tests.integration.one_conmand import RUNTIMES, Conmand, serving
from tests.integration.real_runtime import REAL
from tests.unit.one_terminal import Terminal, terminal

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    yield from serving(request.param)


@pytest.fixture
def over_runc() -> Iterator[Conmand]:
    yield from serving(REAL)


def person(conmand: Conmand, *words: str, columns: int = 80) -> AbstractContextManager[Terminal]:
    return terminal(f"{conmand.run}/conmand.sock", *words, columns=columns)


def shell(conmand: Conmand, *options: str) -> AbstractContextManager[Terminal]:
    return person(conmand, "run", "-it", *options, "--rootfs", str(conmand.rootfs), "/bin/sh")


def does(one: Terminal, line: str, shown: str) -> None:
    """Type a line whose echo is not what it shows."""
    one.screen.send(f"{line}\r")
    one.screen.expect_exact(f"{shown}\r\n")


def test_a_shell_outlives_conmand(conmand: Conmand) -> None:
    with shell(conmand, "--rm") as one:
        does(one, 'echo a""b', "ab")
        does(one, "stty size", "24 80")
        one.resize(50, 132)
        does(one, "stty size", "50 132")
        conmand.kill()
        does(one, 'echo still""here', "stillhere")
        one.resize(30, 100)
        does(one, "stty size", "30 100")
        one.screen.send("exit 7\r")
        assert "conmand is away; it removes" in one.ends()
        assert one.process.returncode == 7
        assert one.cooked
    [left] = conmand.data.glob("containers/*")
    conmand.start()
    assert conmand.ctl("wait", "--condition", "removed", left.name).code == 0
    assert conmand.leftovers() == []


def test_a_program_that_asks_for_its_size_at_once(conmand: Conmand) -> None:
    """In a run that is new, in the next one, and in one that was created elsewhere."""
    of_it = ("-it", "--rootfs", str(conmand.rootfs))
    asks = ("/bin/sh", "-c", "stty size; cat")
    with person(conmand, "run", "--name", "web", *of_it, *asks) as one:
        copies(one)
    with person(conmand, "start", "-ai", "web", columns=132) as one:
        copies(one)
    assert sizes(conmand, "web") == ["24 80", "24 132"]
    assert conmand.ctl("create", *of_it, "created", "--", *asks).code == 0
    with person(conmand, "start", "-ai", "created", columns=100) as one:
        copies(one)
    assert sizes(conmand, "created") == ["24 100"]


def copies(one: Terminal) -> None:
    """It is typed to, by then in the session, and shows it again; then its input ends."""
    one.screen.send("x\r")
    for _ in range(2):
        one.screen.expect_exact("x\r\n")
    one.screen.send("\x04")
    one.ends()
    assert one.process.returncode == 0


def sizes(conmand: Conmand, name: str) -> list[str]:
    """As its program was told them; what was written before the session, too."""
    with person(conmand, "logs", name) as one:
        lines = one.ends().splitlines()
    return [line for line in lines if line.startswith("24 ")]


def test_it_is_left_and_come_back_to(conmand: Conmand) -> None:
    with shell(conmand, "--name", "web") as one:
        does(one, 'echo o""k', "ok")
        one.screen.send("\x10\x11")
        one.screen.expect_exact("detached; web goes on")
        one.ends()
        assert one.process.returncode == 0
    with person(conmand, "attach", "web") as one, person(conmand, "attach", "web") as other:
        does(one, 'echo ag""ain', "again")
        # Both type to it, and both see it all.
        does(other, 'echo fr""om', "from")
        one.screen.expect_exact("from\r\n")
        other.screen.send("exit 3\r")
        for each in (one, other):
            each.ends()
            assert each.process.returncode == 3
            assert each.cooked


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_client_that_is_killed(conmand: Conmand, number: signal.Signals) -> None:
    """The terminal is given back, and the shell goes on."""
    with shell(conmand, "--name", "web") as one:
        does(one, 'echo a""b', "ab")
        one.process.send_signal(number)
        one.ends()
        assert one.process.returncode == 128 + number
        assert one.cooked
    assert conmand.states() == {"web": "RUNNING"}


def test_a_terminal_without_input_shows_colours(conmand: Conmand) -> None:
    """-t alone: its output is a terminal's, nothing is typed; ^C is a signal, as it is here."""
    script = "trap 'exit 4' INT; stty size; while true; do sleep 100 & wait; done"
    words = ("run", "-t", "--rootfs", str(conmand.rootfs), "/bin/sh", "-c", script)
    with person(conmand, *words) as one:
        one.screen.expect_exact("24 80\r")
        assert one.cooked
        one.screen.send("\x03")
        one.ends()
        assert one.process.returncode == 4


@pytest.mark.runc
def test_keys_that_are_signals_there(over_runc: Conmand) -> None:
    with shell(over_runc) as one:
        # By a program of its own: ^C is lost on one that its shell has forked, and not executed yet.
        one.screen.send("sh -c 'echo be\"\"gun; exec sleep 1000'\r")
        one.screen.expect_exact("begun\r\n")
        one.screen.send("\x03")
        does(one, 'echo "code:"$?', "code:130")
        one.screen.send("\x04")
        one.ends()
        assert one.cooked


@pytest.mark.runc
def test_a_full_screen_program(over_runc: Conmand) -> None:
    """It draws, takes keys as they are, and is drawn anew for another size."""
    with shell(over_runc) as one:
        one.screen.send("busybox vi /text\r")
        one.screen.expect_exact("\x1b[")
        one.screen.send("ihello\x1b")
        one.screen.expect_exact("hello")
        one.screen.send(":wq\r")
        does(one, 'cat /text; echo e""nd', "hello\r\nend")
        one.screen.send("exit\r")
        one.ends()
        assert one.process.returncode == 0
        assert one.cooked


def test_a_program_that_is_quicker_than_its_session(conmand: Conmand) -> None:
    """Of what has run the session begins after the program, and may come too late: its code is known."""
    words = ("-t", "--rootfs", str(conmand.rootfs), "quick", "--", "/bin/sh", "-c", "exit 3")
    assert conmand.ctl("create", *words).code == 0
    for _ in range(3):
        with person(conmand, "start", "-a", "quick") as one:
            one.ends()
            assert one.process.returncode == 3
