"""The socket that a runtime sends a new terminal's master to, while its create is under way.

It is sent before the call ends, and waits in the socket until then. It must never be waited for.
"""

import os

from conman.primitives.light import accept, socket
from conman.shim.complaint import complain
from conman.shim.protocol import listen

SOCKET = "console.sock"

#: Room for one descriptor, of four bytes.
_RIGHTS = socket.CMSG_SPACE(4)


class Console:
    """Bound from its making until `close`."""

    __slots__ = ("_directory", "_listener")

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._listener = listen(directory, SOCKET, socket.SOCK_STREAM)

    def take(self) -> int | None:
        """The master, which is the caller's; None: none was sent."""
        try:
            connection = accept(self._listener)
        except OSError as error:
            if not isinstance(error, BlockingIOError):
                complain(f"no terminal can be taken: {error}")
            return None
        try:
            connection.setblocking(False)  # noqa: FBT003 - socket's own signature
            _, rights, _, _ = connection.recvmsg(4096, _RIGHTS, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return None
        finally:
            connection.close()
        masters = [fd for _, _, each in rights for fd in memoryview(each).cast("i")]
        return masters[0] if masters else None

    def close(self) -> None:
        self._listener.close()
        os.unlink(f"{self._directory}/{SOCKET}")
