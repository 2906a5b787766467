"""What would end with its shim, kept by conmand, too: the writing end of an input, or a terminal's master.

The descriptor lies in the queue of a socket, in flight for ever; shim and conmand both hold that socket, and
nobody but a shim looks into it. So it lives as long as one of the two, and a shim that takes it out has taken it
from both: the end of an input needs no conmand. A successor is given the socket by conmand, and copies what is
in it. Asked for, or given, at `keep.sock`: HAS and the socket, or WANTS. It must never be waited for.
"""

import os
from _collections_abc import Callable
from _struct import pack

from conman.primitives.light import socket
from conman.shim.accepting import accepted
from conman.shim.complaint import complain
from conman.shim.protocol import HAS, KEEP, WANTS, listen
from conman.shim.readers import Readers

#: Room for one descriptor, of four bytes.
_RIGHTS = socket.CMSG_SPACE(4)


class Keep:
    """Of one run. `came`: is handed a copy of what is kept, of a successor once; the callee's from then on."""

    __slots__ = ("_came", "_directory", "_kept", "_listener", "_readers")

    def __init__(self, directory: str, readers: Readers, came: Callable[[int], None]) -> None:
        self._directory = directory
        self._readers = readers
        self._came = came
        self._listener: socket.socket | None = None
        self._kept: socket.socket | None = None

    def hold(self, descriptor: int) -> None:
        """A copy of this is kept, for whoever asks. Raises OSError."""
        sender, self._kept = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        _send(sender, HAS, descriptor)
        sender.close()
        self.serve()

    def serve(self) -> None:
        """Be found: with what is kept, or to be given it. Raises OSError."""
        self._listener = listen(self._directory, KEEP, socket.SOCK_SEQPACKET)
        self._readers.register(self._listener.fileno(), self._accept)

    def release(self) -> None:
        """It ends, whoever else holds on to it."""
        if self._kept is not None:
            descriptor = _received(self._kept, socket.MSG_DONTWAIT)
            if descriptor is not None:
                os.close(descriptor)

    def close(self) -> None:
        """As its shim's death does: what others have they keep."""
        for one in (self._listener, self._kept):
            if one is not None:
                one.close()
        self._listener = self._kept = None

    def _accept(self) -> None:
        if self._listener is None:
            return
        connection = accepted(self._listener, self._readers)
        if connection is None:
            return
        try:
            if self._kept is not None:
                _send(connection, HAS, self._kept.fileno())
                connection.close()
                return
            connection.send(WANTS)
        except OSError as error:
            complain(f"nobody keeps what would end with this shim: {error}")
            connection.close()
            return
        self._readers.register(connection.fileno(), lambda: self._given(connection))

    def _given(self, connection: socket.socket) -> None:
        """The socket, or nothing: it was never kept."""
        descriptor = _received(connection, socket.MSG_DONTWAIT)
        self._readers.unregister(connection.fileno())
        connection.close()
        if descriptor is None or self._kept is not None:
            return
        self._kept = socket.socket(fileno=descriptor)
        copy = _received(self._kept, socket.MSG_DONTWAIT | socket.MSG_PEEK)
        if copy is not None:
            self._came(copy)


def _send(connection: socket.socket, data: bytes, descriptor: int) -> None:
    connection.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, pack("i", descriptor))])


def _received(connection: socket.socket, flags: int) -> int | None:
    """The descriptor that came; None: there is none."""
    try:
        _, rights, _, _ = connection.recvmsg(1, _RIGHTS, flags | socket.MSG_CMSG_CLOEXEC)
    except (BlockingIOError, ConnectionResetError):
        return None
    return next((fd for _, _, each in rights for fd in memoryview(each).cast("i")), None)
