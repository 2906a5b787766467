"""`signal` and `socket` as far as they are written in C: constants are numbers, a socket has no `accept`.

Their Python halves bring enum and selectors, which every shim would carry and none uses. Type checkers are
shown the whole modules. It must never be used where a socket goes out to somebody who expects more.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket

    def accept(listener: socket.socket) -> socket.socket:
        """The next connection, blocking. Raises BlockingIOError when there is none."""
        ...
else:
    import _signal as signal
    import _socket as socket

    def accept(listener: socket.socket) -> socket.socket:
        """As socket.accept; but for the address, which on a unix socket is nobody's."""
        return socket.socket(fileno=listener._accept()[0])  # noqa: SLF001


__all__ = ["accept", "signal", "socket"]
