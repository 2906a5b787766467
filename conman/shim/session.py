"""One client on the stream socket: what it sends, and what it has yet to read, within bounds.

Whoever writes output to it never waits here: what it has not read is kept. How far behind it may be, and for
how long, is judged by `streams`; who is cut off is told so, and given nothing more.
"""

import select
from _collections_abc import Callable, Iterator

from conman.primitives.light import socket
from conman.shim import frames
from conman.shim.readers import Readers
from conman.shim.task import Offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
else:
    from _collections import deque

#: What is kept for a client in any case.
_MOST = 2 * 1024 * 1024

_CHUNK = 64 * 1024


class Session:
    """`heard` is called after each sign of life, and when it has gone. `offer`: once its token was good.

    `unsent`: how many bytes it is behind by.
    """

    __slots__ = (
        "_connection",
        "_decoder",
        "_frames",
        "_heard",
        "_is_ending",
        "_is_paused",
        "_readers",
        "_sent",
        "offer",
        "unsent",
    )

    def __init__(
        self, connection: socket.socket, readers: Readers, heard: "Callable[[Session], None]"
    ) -> None:
        self._connection = connection
        self._readers = readers
        self._heard = heard
        self._decoder = frames.Decoder()
        self._frames: deque[bytes] = deque()
        self._is_paused = False
        self._sent = 0
        self.unsent = 0
        self._is_ending = False
        self.offer: Offer | None = None
        readers.register(connection.fileno(), self._ready)

    def received(self) -> Iterator[tuple[bytes, bytes]] | None:
        """The frames that came; None: it has gone. Raises ForeignFrame, while they are looked at.

        Those that are not looked at are kept, and come with the next.
        """
        if not self.is_open():
            return None
        if self._is_paused:
            return None if self._is_gone() else iter(())
        try:
            data = self._connection.recv(_CHUNK)
        except BlockingIOError:
            return iter(())
        except (ConnectionResetError, BrokenPipeError):
            return None
        return self._decoder.feed(data) if data else None

    def put(self, frame: bytes) -> None:
        """Send it, or keep it until that is possible; one too many cuts the client off."""
        if self._is_ending or not self.is_open():
            return
        if self.unsent + len(frame) > _MOST:
            self.cut_off()
        else:
            self._keep(frame)

    def finish(self, frame: bytes) -> None:
        """The last frame: once it is sent the connection ends."""
        if not self._is_ending and self.is_open():
            self._is_ending = True
            self._keep(frame)

    def cut_off(self) -> None:
        """Whatever it has begun to read it gets whole, and then why there is no more."""
        begun = self._frames[0] if self._sent else b""
        self._frames.clear()
        self.unsent = 0
        if begun:
            self._frames.append(begun)
            self.unsent = len(begun) - self._sent
        self.finish(
            frames.failed("TooSlow", "this client did not read for too long, and was cut off")
        )

    def is_open(self) -> bool:
        return self._connection.fileno() >= 0

    def owes(self) -> bool:
        """Whether something is still to be sent, and may be."""
        return self.is_open() and self.unsent > 0

    def pause(self) -> None:
        """Nothing more is read of it for now: what it sends has nowhere to go."""
        self._is_paused = True
        self._readers.pause(self._connection.fileno(), paused=True)

    def go_on(self) -> Iterator[tuple[bytes, bytes]]:
        """It is read again; first what came before."""
        self._is_paused = False
        self._readers.pause(self._connection.fileno(), paused=False)
        return self._decoder.feed(b"")

    def close(self) -> None:
        if self.is_open():
            self._readers.unregister(self._connection.fileno())
            self._connection.close()

    def _is_gone(self) -> bool:
        poll = select.poll()
        poll.register(self._connection.fileno(), 0)
        return bool(poll.poll(0))

    def _ready(self) -> None:
        """It can be written to, or has something to say, or has gone: each is tried."""
        if self.is_open():
            self._flush()
            self._heard(self)

    def _keep(self, frame: bytes) -> None:
        self._frames.append(frame)
        self.unsent += len(frame)
        if len(self._frames) == 1:
            self._flush()

    def _flush(self) -> None:
        try:
            while self._frames:
                self._send()
        except BlockingIOError:
            self._readers.await_room(self._connection.fileno(), awaited=True)
        except (BrokenPipeError, ConnectionResetError):
            self._frames.clear()
            self.unsent = 0
            self.close()
        else:
            self._sent_all()

    def _send(self) -> None:
        frame = self._frames[0]
        count = self._connection.send(memoryview(frame)[self._sent :])
        self._sent += count
        self.unsent -= count
        if self._sent == len(frame):
            self._frames.popleft()
            self._sent = 0

    def _sent_all(self) -> None:
        if not self.is_open():
            return
        self._readers.await_room(self._connection.fileno(), awaited=False)
        if self._is_ending:
            self.close()
