"""conmanctl attach on a terminal: keys, sizes, and every way in which it is given back as it was."""

from contextlib import suppress
from signal import SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, Signals

import grpc
import pytest

from conman.shim import frames
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.one_terminal import terminal
from tests.unit.session_lab import Shims, shims
from tests.unit.stub_conmand import StubConmand, after, conmand, refuse
from tests.unit.stub_shim import PATIENCE_S, Served

__all__ = ["conmand", "shims"]


def shell(served: Served) -> None:
    """Tells the size it has, and each key that it gets; ends at ^D, or when the client goes."""
    served.accept(tty=True)
    with suppress(BrokenPipeError, ConnectionResetError):
        while (told := served.next()) != (frames.INPUT, b"\x04") and told[0]:
            kind, payload = told
            shown = f"size {payload.decode()}" if kind == frames.RESIZE else f"typed {payload!r}"
            served.say(frames.STDOUT, f"{shown}\r\n".encode())
        served.exit(7)


def test_on_a_terminal(conmand: StubConmand, shims: Shims) -> None:
    """Keys arrive as they are, ^C too; it is as it was afterwards."""
    shims(shell, tty=True)
    with terminal(conmand.path, "attach", "web", columns=132) as one:
        one.screen.expect_exact('size {"rows":24,"cols":132}\r\n')
        assert not one.cooked
        [opened] = conmand.requests("OpenStream")
        assert isinstance(opened, wire.OpenStreamRequest)
        assert opened.console_size == wire.ConsoleSize(rows=24, cols=132)
        one.screen.send("l")
        one.screen.expect_exact("typed b'l'\r\n")
        one.screen.send("\x03")
        one.screen.expect_exact("typed b'\\x03'\r\n")
        one.screen.send("\r")
        one.screen.expect_exact("typed b'\\r'\r\n")
        one.resize(50, 100)
        one.screen.expect_exact('size {"rows":50,"cols":100}\r\n')
        one.screen.send("\x04")
        assert one.ends() == ""
        assert one.process.returncode == 7
        assert one.cooked


@pytest.mark.parametrize(
    ("options", "typed"),
    [((), "\x10\x11"), (("--detach-keys", "ctrl-x,y"), "\x18y")],
)
def test_the_keys_leave_it(
    conmand: StubConmand, shims: Shims, options: tuple[str, ...], typed: str
) -> None:
    shims(shell, tty=True)
    with terminal(conmand.path, "attach", *options, "web") as one:
        one.screen.expect_exact("size ")
        one.screen.send(f"a{typed}")
        one.screen.expect_exact("conmanctl: detached; web goes on\r\n")
        assert one.ends() == ""
        assert one.process.returncode == 0
        assert one.cooked


@pytest.mark.parametrize("number", [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1])
def test_a_signal_leaves_the_terminal_as_it_was(
    conmand: StubConmand, shims: Shims, number: Signals
) -> None:
    shims(shell, tty=True)
    with terminal(conmand.path, "attach", "web") as one:
        one.screen.expect_exact("cols")
        assert not one.cooked
        one.process.send_signal(number)
        one.ends()
        assert one.process.returncode == 128 + number
        assert one.cooked


def test_a_dead_shim_leaves_the_terminal_as_it_was(conmand: StubConmand, shims: Shims) -> None:
    def dies(served: Served) -> None:
        served.accept(tty=True)
        assert served.next()[0] == frames.RESIZE

    shims(dies, tty=True)
    opened = conmand.behave["OpenStream"]
    failed = refuse(grpc.StatusCode.INTERNAL, "the disk burns.")
    conmand.behave["OpenStream"] = after(1, opened, failed)
    with terminal(conmand.path, "attach", "web") as one:
        one.screen.expect_exact("conmanctl: the disk burns.\r\n")
        one.ends()
        assert one.process.returncode == 1
        assert one.cooked


def test_nonsense_leaves_the_terminal_as_it_was(conmand: StubConmand, shims: Shims) -> None:
    def nonsense(served: Served) -> None:
        served.accept(tty=True)
        served.connection.sendall(b"?" * 100)

    shims(nonsense, tty=True)
    with terminal(conmand.path, "attach", "web") as one:
        one.screen.expect_exact("is no shim of conman, or of another version")
        one.ends()
        assert one.process.returncode == 1
        assert one.cooked


def test_a_terminal_that_is_hung_up(conmand: StubConmand, shims: Shims) -> None:
    """As when a window is closed: we end, and our session with us."""
    shims(shell, tty=True)
    with terminal(conmand.path, "attach", "web") as one:
        one.screen.expect_exact("cols")
        one.screen.close()
        assert one.process.wait(PATIENCE_S) == 128 + SIGHUP
