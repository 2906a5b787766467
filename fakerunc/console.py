"""Terminals: a pseudoterminal whose slave is a stand-in's stdio, and where its master goes.

Either to the console socket that the caller listens on, as SCM_RIGHTS, or, in the foreground, to this
process's own terminal, between which and the master everything is copied. It must never leave the
caller's terminal in raw mode.
"""

import errno
import fcntl
import os
import socket
import struct
import termios
import threading
import tty
from collections.abc import Callable

from fakerunc.log import go_error

Size = tuple[int, int]  # rows, columns


class NoTerminal(Exception):
    """There is no place for the master; str() says why, in runc's words."""


class Terminal:
    """A pseudoterminal. `slave` is for one child, whose end ends the copying."""

    def __init__(self, socket_path: str, size: Size | None) -> None:
        """Finds a place for the master before it makes one: NoTerminal where there is none."""
        self.socket = _dialled(socket_path) if socket_path else None
        self.host = -1 if socket_path else _own_terminal()
        self.master, self.slave = os.openpty()
        self.before: list[int | list[bytes | int]] | None = None
        self.copying: list[threading.Thread] = []
        if size:
            _set_size(self.master, size)
        elif not socket_path:
            self.resize()

    def hand_over(self) -> None:
        """Once a child has the slave; what is left here is the master, in the foreground only."""
        os.close(self.slave)
        if self.socket:
            socket.send_fds(self.socket, [b"/dev/ptmx"], [self.master])
            self.socket.close()
            os.close(self.master)
            return
        self.before = termios.tcgetattr(self.host)
        # What was typed ahead is the program's: nothing is flushed.
        tty.setraw(self.host, termios.TCSANOW)
        self._copy(lambda: _copied(self.master, 1), daemon=False)
        self._copy(lambda: _copied(0, self.master), daemon=True)

    def _copy(self, work: Callable[[], None], *, daemon: bool) -> None:
        thread = threading.Thread(target=work, daemon=daemon)
        thread.start()
        self.copying += [] if daemon else [thread]

    def resize(self) -> None:
        """The size of the caller's terminal."""
        if self.host >= 0:
            fcntl.ioctl(
                self.master,
                termios.TIOCSWINSZ,
                fcntl.ioctl(self.host, termios.TIOCGWINSZ, b"\0" * 8),
            )

    def finish(self) -> None:
        """All of the output is out, and the caller's terminal is as it was."""
        for thread in self.copying:
            thread.join()
        if self.before is not None:
            termios.tcsetattr(self.host, termios.TCSADRAIN, self.before)


def take(slave: int) -> None:
    """In the child, in its new session: the terminal is its stdio, and its own."""
    for fd in range(3):
        os.dup2(slave, fd)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _dialled(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
    except OSError as failure:
        raise NoTerminal(go_error("dial unix", f"{path}: connect", failure)) from failure
    return connection


def _own_terminal() -> int:
    try:
        return os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError as failure:
        raise NoTerminal(go_error("open", "/dev/tty", failure)) from failure


def _set_size(fd: int, size: Size) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))


def _copied(source: int, target: int) -> None:
    """Until the source ends; the last slave that is closed ends a master by EIO."""
    while True:
        try:
            data = os.read(source, 65536)
        except OSError as failure:
            if failure.errno == errno.EIO:
                return
            raise
        if not data:
            return
        while data:
            data = data[os.write(target, data) :]
