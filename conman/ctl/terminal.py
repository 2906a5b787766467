"""A terminal that is handed to a program elsewhere: no echo, no lines, no ^C of our own.

It must never be left like that: whoever makes one raw does it in a `with`, and turns signals into a return.
Only KILL leaves it raw; `stty sane` helps then.
"""

import errno
import fcntl
import os
import struct
import termios
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire

_SIZE = struct.Struct("HHHH")
_INPUT, _OUTPUT, _CONTROL, _LOCAL, _CHARACTERS = 0, 1, 2, 3, 6
_Attributes = list[Any]
#: What `cfmakeraw` takes away.
_COOKED = (
    (
        _INPUT,
        termios.IGNBRK
        | termios.BRKINT
        | termios.PARMRK
        | termios.ISTRIP
        | termios.INLCR
        | termios.IGNCR
        | termios.ICRNL
        | termios.IXON,
    ),
    (_OUTPUT, termios.OPOST),
    (_CONTROL, termios.CSIZE | termios.PARENB),
    (
        _LOCAL,
        termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN,
    ),
)


def window() -> tuple[int, int] | None:
    """Rows and columns of the one here; None: there is none, or it has no size."""
    return _size(0) or _size(1)


def _size(fd: int) -> tuple[int, int] | None:
    try:
        told = fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(_SIZE.size))
    except OSError:
        return None
    rows, columns, _, _ = _SIZE.unpack(told)
    return (rows, columns) if rows and columns else None


def console_size(*, tty: bool) -> "wire.ConsoleSize | None":
    """`window` on its way to conmand, for a program with a terminal; None: there is no such program, or no window."""
    from conman.wire.v1 import conman_pb2 as wire

    found = window() if tty else None
    return wire.ConsoleSize(rows=found[0], cols=found[1]) if found else None


class Raw(AbstractContextManager["Raw"]):
    """The terminal at `fd`, raw until the end of the `with`."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._before: _Attributes = termios.tcgetattr(fd)

    def __enter__(self) -> Self:
        self.again()
        return self

    def __exit__(self, *_: object) -> None:
        self._set(self._before)

    def again(self) -> None:
        """After a stop, too: meanwhile the shell has set its own ways."""
        self._set(_raw(self._before))

    def _set(self, attributes: _Attributes) -> None:
        # In the background it is somebody else's, and who sets it is stopped.
        if not self._ours():
            return
        try:
            # Now: what is still to be shown may wait for ever, and what is typed ahead must not be lost.
            termios.tcsetattr(self._fd, termios.TCSANOW, attributes)
        except termios.error as error:
            # Hung up: there is no terminal left to be set.
            if error.args[0] != errno.EIO:
                raise

    def _ours(self) -> bool:
        try:
            return os.tcgetpgrp(self._fd) == os.getpgrp()
        except OSError:
            # It does not control us: nobody is stopped because of it.
            return True


def _raw(cooked: _Attributes) -> _Attributes:
    made = list(cooked)
    for place, flags in _COOKED:
        made[place] &= ~flags
    made[_CONTROL] |= termios.CS8
    made[_CHARACTERS] = list(cooked[_CHARACTERS])
    made[_CHARACTERS][termios.VMIN], made[_CHARACTERS][termios.VTIME] = 1, 0
    return made
