"""The shim's side of its socket: numbered connections, of which the newest that speaks is the daemon's.

When a newer one speaks, the older ones are closed, with whatever they had not yet been heard on: a dead
daemon's request must never be obeyed after its successor's. It must never wait for a peer.
"""

from _collections_abc import Callable

from conman.primitives.light import socket
from conman.shim.accepting import accepted
from conman.shim.complaint import complain
from conman.shim.execs import parse_exec, parse_exec_id
from conman.shim.machine import Disconnected, Input, Requested
from conman.shim.protocol import (
    ANSWER,
    REFUSED,
    REQUEST_BYTES,
    ForeignPacket,
    Packet,
    encode,
    receive,
)
from conman.shim.readers import Readers
from conman.shim.task import parse_log, parse_offer, parse_task


class Connections:
    """All that are open. `tell`: where requests, and ends of connections, go."""

    __slots__ = ("_count", "_listener", "_open", "_readers", "_tell")

    def __init__(
        self, listener: socket.socket, readers: Readers, tell: Callable[[Input], None]
    ) -> None:
        self._listener = listener
        self._readers = readers
        self._tell = tell
        self._open: dict[int, socket.socket] = {}
        self._count = 0
        readers.register(listener.fileno(), self._accept)

    def send(self, number: int, seq: int, body: str) -> None:
        """Answer. A peer that is gone, or does not read, has its connection ended."""
        self._send(number, Packet(ANSWER, seq, body))

    def _send(self, number: int, packet: Packet) -> None:
        connection = self._open.get(number)
        if connection is None:
            return
        try:
            connection.send(encode(packet))
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            self._lose(number)
        except (ForeignPacket, OSError) as error:
            self._refuse(number, packet, error)

    def _refuse(self, number: int, packet: Packet, error: Exception) -> None:
        """It is too long, if only for this host: nobody else knows how what it tells of has ended."""
        complain(f"{packet.op} {packet.seq} cannot be sent: {error}")
        if packet.op == REFUSED:
            self._lose(number)
        else:
            self._send(number, Packet(REFUSED, packet.seq, f"its answer cannot be sent: {error}"))

    def _accept(self) -> None:
        connection = accepted(self._listener, self._readers)
        if connection is None:
            return
        self._count += 1
        number = self._count
        self._open[number] = connection
        self._readers.register(connection.fileno(), lambda: self._read(number))

    def _read(self, number: int) -> None:
        connection = self._open.get(number)
        if connection is None:
            return  # closed since it became readable
        try:
            packet = receive(connection, REQUEST_BYTES)
        except BlockingIOError:
            return
        except ForeignPacket as error:
            complain(f"connection {number} is closed: {error}")
            packet = None
        if packet is None:
            self._lose(number)
        else:
            self._close_older(number)
            self._hear(number, packet)

    def _hear(self, number: int, packet: Packet) -> None:
        refusal = _refusal(packet)
        if refusal:
            self._send(number, Packet(REFUSED, packet.seq, refusal))
        else:
            self._tell(Requested(number, packet.seq, packet.op, packet.body))

    def _close_older(self, number: int) -> None:
        for older in [other for other in self._open if other < number]:
            self._close(older)

    def _lose(self, number: int) -> None:
        self._close(number)
        self._tell(Disconnected(number))

    def _close(self, number: int) -> None:
        connection = self._open.pop(number)
        self._readers.unregister(connection.fileno())
        connection.close()


_PARSERS: dict[str, Callable[[str], object]] = {
    "create": parse_task,
    "succeed": parse_log,
    "stream": parse_offer,
    "exec": parse_exec,
    "exec-exit": parse_exec_id,
}


def _refusal(packet: Packet) -> str:
    """Why the machine must not see this; "" when it may."""
    parse = _PARSERS.get(packet.op)
    if parse is None:
        return ""
    try:
        parse(packet.body)
    except (ValueError, KeyError, TypeError) as error:
        return f"not what {packet.op} needs: {error!r}"
    return ""
