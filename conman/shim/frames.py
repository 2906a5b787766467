"""What is said on a shim's stream socket: frames, of a kind, a length and at most 64 KiB.

    kind (1 byte)   length (4 bytes, big-endian)   payload

The client begins with TOKEN, once; the shim answers ACCEPTED or FAILED. Then bytes go both ways, until EXIT
or FAILED, which is the last frame. A connection that ends without either was its shim's: it has died.
Pure. It must never hold on to what was told, secrets among it, nor to more than one frame that is not whole.
"""

from _collections_abc import Iterator

from conman.shim.json_text import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: The client's: the token of OpenStream; bytes for the input, and their end; the terminal's size.
TOKEN, INPUT, INPUT_END, RESIZE = b"T", b"I", b"E", b"R"
#: The shim's: it serves; what was written; how the program ended; why nothing more comes.
ACCEPTED, STDOUT, STDERR, EXIT, FAILED = b"A", b"O", b"P", b"X", b"F"

LIMIT = 64 * 1024
HEADER = 5
#: The kernel's struct winsize has 16 bits for each.
_LARGEST = 0xFFFF


class ForeignFrame(ValueError):
    """What came is not of this protocol: end the connection."""


def encode(kind: bytes, payload: bytes = b"") -> bytes:
    """One frame."""
    if len(payload) > LIMIT:
        raise ForeignFrame(f"a frame of {len(payload)} bytes, {LIMIT} is the most")
    return kind + len(payload).to_bytes(4, "big") + payload


def encode_fields(kind: bytes, fields: "dict[str, object]") -> bytes:
    """One frame of those whose payload is JSON: RESIZE, ACCEPTED, EXIT, FAILED."""
    return encode(kind, dumps(fields).encode())


def failed(reason: str, message: str) -> bytes:
    """The last frame of a session: a word, and a sentence."""
    return encode_fields(FAILED, {"reason": reason, "message": message})


def decode_fields(payload: bytes) -> "dict[str, Any]":
    """Raises ForeignFrame."""
    if not payload.startswith(b"{"):
        raise ForeignFrame(f"no JSON object: {payload[:80]!r}")
    try:
        return loads(payload)
    except ValueError as error:
        raise ForeignFrame(f"not JSON: {payload[:80]!r}") from error


def size(payload: bytes) -> tuple[int, int]:
    """Rows and columns of a RESIZE. Raises ForeignFrame."""
    fields = decode_fields(payload)
    rows, columns = fields.get("rows"), fields.get("cols")
    if type(rows) is not int or type(columns) is not int:
        raise ForeignFrame(f"no rows and cols: {payload[:80]!r}")
    if not (0 <= rows <= _LARGEST and 0 <= columns <= _LARGEST):
        raise ForeignFrame(f"a terminal of {rows} rows and {columns} columns")
    return rows, columns


class Decoder:
    """Bytes as they come, to frames as they are complete."""

    __slots__ = ("_data", "_place")

    def __init__(self) -> None:
        self._data = b""
        #: So much of it was told; it is not cut off each time, for that would copy all the rest.
        self._place = 0

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Every (kind, payload) that is complete now. Raises ForeignFrame."""
        self._cut()
        self._data += data
        while len(self._data) >= (begin := self._place + HEADER):
            length = int.from_bytes(self._data[self._place + 1 : begin], "big")
            if length > LIMIT:
                raise ForeignFrame(f"a frame of {length} bytes, {LIMIT} is the most")
            if len(self._data) < begin + length:
                break
            kind = self._data[self._place : self._place + 1]
            self._place = begin + length
            yield kind, self._data[begin : self._place]
        self._cut()

    def _cut(self) -> None:
        self._data, self._place = self._data[self._place :], 0
