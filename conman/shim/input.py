"""What a program reads: the writing end of its stdin's FIFO, or its terminal.

A program that does not read makes those wait who write to it, each in its own connection, and nobody else. Once
its input has ended it has ended for good: the FIFO goes, so that a successor finds none. It must never wait for
a program.
"""

import fcntl
import os
from _collections_abc import Callable
from _struct import pack

from conman.shim.complaint import complain
from conman.shim.keep import Keep
from conman.shim.readers import Readers

NAME = "stdin"

_TIOCSWINSZ = 0x5414


class Input:
    """`roomy`: called when what was put is all written, after a `put` that had to wait.

    `terminal`: is handed the master of one, to be read. `keeps`: whether conmand keeps it for a successor.
    """

    __slots__ = (
        "_directory",
        "_end",
        "_is_ending",
        "_keep",
        "_keeps",
        "_readers",
        "_rest",
        "_roomy",
        "_terminal",
        "is_terminal",
    )

    def __init__(
        self,
        directory: str,
        readers: Readers,
        roomy: Callable[[], None],
        terminal: Callable[[int], None],
        *,
        keeps: bool = True,
    ) -> None:
        self._directory = directory
        self._readers = readers
        self._roomy = roomy
        self._terminal = terminal
        self._keeps = keeps
        self._keep = Keep(directory, readers, self._begin)
        self._end = -1
        self._rest = b""
        self._is_ending = False
        self.is_terminal = False

    def open(self) -> int:
        """A FIFO for the program. Gives its end, which the caller closes."""
        path = f"{self._directory}/{NAME}"
        os.mkfifo(path, 0o600)
        # Whoever has both ends waits for nobody.
        both = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._hold(os.open(path, os.O_WRONLY | os.O_CLOEXEC))
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(both)

    def take_terminal(self, master: int) -> bool:
        """The descriptor is this one's from now on. False: it cannot be used."""
        self.is_terminal = True
        try:
            self._hold(master)
        except OSError as error:
            complain(f"no terminal can be taken: {error}")
            return False
        return True

    def succeed(self, *, terminal: bool) -> None:
        """Go on for a dead shim, once conmand has given what it has kept. Raises OSError."""
        self.is_terminal = terminal
        self._keep.serve()

    def _hold(self, descriptor: int) -> None:
        try:
            if self._keeps:
                self._keep.hold(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        self._begin(descriptor)

    def _begin(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._end = descriptor
        if self.is_terminal:
            self._terminal(os.dup(descriptor))

    def put(self, data: bytes) -> bool:
        """False: nothing more is to be put before `roomy` comes. What nobody will read is nowhere."""
        was_waiting = bool(self._rest)
        self._rest += data
        if was_waiting:
            return False
        self._write()
        if not self._rest:
            return True
        self._readers.register_writer(self._end, self._room)
        return False

    def end(self) -> None:
        """Nothing more comes. A terminal has no end of input: there it is a key."""
        self._is_ending = not self.is_terminal
        if self._is_ending and not self._rest:
            self.close()
            self._keep.release()
            try:
                os.unlink(f"{self._directory}/{NAME}")
            except FileNotFoundError:
                return

    def resize(self, rows: int, columns: int) -> bool:
        """Whether there is a terminal."""
        if self.is_terminal and self._end >= 0:
            fcntl.ioctl(self._end, _TIOCSWINSZ, pack("HHHH", rows, columns, 0, 0))
        return self.is_terminal

    def close(self) -> None:
        if self._rest:
            self._readers.unregister(self._end)
            self._rest = b""
        if self._end >= 0:
            os.close(self._end)
            self._end = -1

    def _room(self) -> None:
        if not self._rest:
            return  # written, or closed, since
        self._readers.unregister(self._end)
        self._write()
        if self._rest:
            self._readers.register_writer(self._end, self._room)
            return
        if self._is_ending:
            self.end()
        self._roomy()

    def _write(self) -> None:
        if self._end < 0:
            self._rest = b""
        while self._rest:
            try:
                count = os.write(self._end, self._rest)
            except BlockingIOError:
                return
            except OSError:
                # Nobody has it open any more: EPIPE of a FIFO, EIO of a terminal.
                self._rest = b""
                self.close()
                return
            self._rest = self._rest[count:]
