"""How a daemon and a shim talk: SOCK_SEQPACKET, one JSON object a packet.

    {"v": 1, "op": "create", "seq": 1, "body": "..."}      request
    {"v": 1, "op": "answer", "seq": 1, "body": "..."}      its answer, maybe after later ones
    {"v": 1, "op": "refused", "seq": 1, "body": "..."}     or why there is none

`body` is the text that `conman.shim.machine` and the core read and write; here it is not looked into.
Of the shim, host and ctl know this module and `frames`. It must never block longer than its caller says.
"""

import os

from conman.frozen import frozen
from conman.primitives.light import socket
from conman.shim.json_text import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1

#: The most of a packet. Requests go to shims of older conmands, too, which read no more. An answer tells of up
#: to 256 execs, a failure's words and a command line: 180,000 bytes; by default Linux sends 212,960 at once.
REQUEST_BYTES = 64 * 1024
ANSWER_BYTES = 192 * 1024

ANSWER = "answer"
REFUSED = "refused"
SOCKET = "shim.sock"
LOCK = "alive"

#: Where what would end with a shim is kept by others, too, and what is said there first: that it is
#: there, with it; or that a successor wants it.
KEEP = "keep.sock"
HAS, WANTS = b"h", b"w"

#: What a new shim says to its spawner, through a pipe: that it is there, and that it listens.
BORN, BOUND = b"(", b")"


class ForeignPacket(ValueError):
    """What came is not of this protocol: end the connection."""


@frozen
class Packet:
    """One request or answer. `seq`: the asker's number, unique within its connection."""

    op: str
    seq: int
    body: str


def encode(packet: Packet) -> bytes:
    fields = {"v": VERSION, "op": packet.op, "seq": packet.seq, "body": packet.body}
    data = dumps(fields).encode()
    most = ANSWER_BYTES if packet.op in (ANSWER, REFUSED) else REQUEST_BYTES
    if len(data) > most:
        raise ForeignPacket(f"a packet of {len(data)} bytes, {most} is the most")
    return data


def decode(data: bytes) -> Packet:
    """Raises ForeignPacket."""
    try:
        raw: dict[str, Any] = loads(data)
        version, packet = raw["v"], Packet(raw["op"], raw["seq"], raw["body"])
    except (ValueError, KeyError, TypeError) as error:
        raise ForeignPacket(f"not a packet: {data[:80]!r}") from error
    if version != VERSION:
        raise ForeignPacket(f"version {version!r}, this is version {VERSION}")
    if (type(packet.op), type(packet.seq), type(packet.body)) != (str, int, str):
        raise ForeignPacket(f"fields of other types: {data[:80]!r}")
    return packet


def receive(connection: socket.socket, most: int) -> Packet | None:
    """The next packet, of `most` bytes; None once the other side is gone. Raises ForeignPacket, BlockingIOError."""
    try:
        data = connection.recv(most + 1)
    except (ConnectionResetError, BrokenPipeError):
        return None
    return decode(data) if data else None


def listen(directory: str, name: str = SOCKET, kind: int = socket.SOCK_SEQPACKET) -> socket.socket:
    """Bind and listen; what an earlier shim of this directory has left is replaced."""
    inside = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listener = socket.socket(socket.AF_UNIX, kind | socket.SOCK_NONBLOCK)
    except OSError:
        os.close(inside)
        raise
    try:
        if name in os.listdir(f"/proc/self/fd/{inside}"):
            os.unlink(name, dir_fd=inside)
        listener.bind(_address(inside, name))
        os.chmod(name, 0o600, dir_fd=inside)
        listener.listen()
    except OSError:
        listener.close()
        raise
    finally:
        os.close(inside)
    return listener


def connect(
    directory: str,
    name: str = SOCKET,
    kind: int = socket.SOCK_SEQPACKET,
    *,
    waits: bool = True,
) -> socket.socket:
    """Raises FileNotFoundError or ConnectionRefusedError where nobody listens.

    It waits only where as many wait as may, as at a shim that stands still; not `waits`: BlockingIOError there.
    """
    import socket as whole  # noqa: PLC0415 - a shim never connects

    connection = whole.socket(socket.AF_UNIX, kind)
    try:
        inside = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            connection.setblocking(waits)
            connection.connect(_address(inside, name))
            connection.setblocking(True)  # noqa: FBT003
        finally:
            os.close(inside)
    except OSError:
        connection.close()
        raise
    return connection


def connect_stream(path: str) -> socket.socket:
    """To a stream socket. Raises FileNotFoundError, ConnectionRefusedError: its shim is dead."""
    directory, _, name = path.rpartition("/")
    return connect(directory, name, socket.SOCK_STREAM)


def _address(inside: int, name: str) -> str:
    # A socket's path is limited to 107 bytes, a directory's is not.
    return f"/proc/self/fd/{inside}/{name}"
