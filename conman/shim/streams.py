"""The stream socket of a run: clients come with a token, read what its program writes, and are told its end.

Made when the first stream is asked for, in the shim's directory, and gone with it. A token opens one session,
once, within its time. A client that is behind makes the program wait, as any pipe does, but never for long: then
it is cut off. It must never be needed: without it a run is what it is, and it ends no run.
"""

import time
from _collections_abc import Callable, Iterator

from conman.primitives.light import socket
from conman.shim import frames
from conman.shim.accepting import accepted
from conman.shim.complaint import complain
from conman.shim.input import Input
from conman.shim.loop import Loop
from conman.shim.protocol import listen
from conman.shim.session import Session
from conman.shim.task import Offer

SOCKET = "stream.sock"

#: Who is behind by more is waited for, until it is behind by half of it.
BACKLOG = 1024 * 1024

#: So long, and is then cut off.
_PATIENCE_S = 2.0

_KINDS = {"stdout": frames.STDOUT, "stderr": frames.STDERR}

Frames = Iterator[tuple[bytes, bytes]]


class Streams:
    """All sessions of one shim.

    `hold`: told whether the program's output is to be left unread for now. `sent`: called when nobody is
    owed anything any more, after the end. `once`: the end of the first who may type is the end of the input.
    """

    __slots__ = (
        "_directory",
        "_end",
        "_hold",
        "_input",
        "_is_held",
        "_is_over",
        "_listener",
        "_loop",
        "_offers",
        "_sent",
        "_sessions",
        "_slow",
        "_stalled",
        "once",
    )

    def __init__(
        self,
        directory: str,
        loop: Loop,
        input_: Input,
        hold: Callable[[bool], None],
        sent: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._loop = loop
        self._slow = f"slow {directory}"
        self._input = input_
        self._stalled: list[Session] = []
        self.once = False
        self._hold = hold
        self._is_held = False
        self._is_over = False
        self._sent = sent
        self._listener: socket.socket | None = None
        self._offers: dict[str, tuple[float, Offer]] = {}
        self._sessions: list[Session] = []
        self._end = b""

    def offer(self, offer: Offer) -> None:
        """From here on its token opens a session. Raises OSError where nobody can come."""
        if self._listener is None:
            self._listener = listen(self._directory, SOCKET, socket.SOCK_STREAM)
            self._loop.readers.register(self._listener.fileno(), self._accept)
        now = time.monotonic()
        self._offers = {token: kept for token, kept in self._offers.items() if kept[0] > now}
        self._offers[offer.token] = (now + offer.within_ms / 1000, offer)
        if offer.size is not None:
            # An exec's terminal may be still to come: its start tells its size.
            self._input.resize(*offer.size)

    def write(self, name: str, data: bytes) -> None:
        """What the program wrote, for all who want it."""
        wanting = [one for one in self._sessions if _wants(one, name)]
        if wanting:
            frame = frames.encode(_KINDS[name], data)
            for session in wanting:
                session.put(frame)
            self._balance()

    def hurry(self) -> None:
        """The program has ended: what there is of its output is read now, whoever is behind."""
        self._is_over = True
        if self._is_held:
            self._let_go()

    def end(self, frame: bytes) -> None:
        """Nothing more is written: who is there, and who comes yet, is told this."""
        self._end = frame
        for session in tuple(self._sessions):
            if session.offer is not None:
                session.finish(frame)
        self._balance()

    def owes(self) -> bool:
        """Whether somebody who reads has not been sent all yet."""
        return any(session.owes() for session in self._sessions)

    def leave(self) -> None:
        """Its program is over, and its shim goes on: nobody comes any more."""
        if self._listener is not None:
            self._loop.readers.unregister(self._listener.fileno())
        self._loop.disarm(self._slow)
        self.close()

    def close(self) -> None:
        """As its shim's death does."""
        if self._listener is not None:
            self._listener.close()
        for session in self._sessions:
            session.close()

    def _accept(self) -> None:
        if self._listener is None:
            return
        connection = accepted(self._listener, self._loop.readers)
        if connection is not None:
            self._sessions.append(Session(connection, self._loop.readers, self._heard))

    def _heard(self, session: Session) -> None:
        self._attend(session, session.received)

    def _attend(self, session: Session, ask: Callable[[], Frames | None]) -> None:
        try:
            came = ask()
            if came is None:
                session.close()
            else:
                self._obey(session, came)
        except frames.ForeignFrame as error:
            complain(f"a stream is closed: {error}")
            session.finish(frames.failed("BadFrame", str(error)))
        self._balance()

    def _obey(self, session: Session, came: Frames) -> None:
        for kind, payload in came:
            if session.offer is None:
                self._admit(session, kind, payload)
            elif kind == frames.RESIZE:
                self._resize(session, payload)
            elif not session.offer.stdin or kind not in (frames.INPUT, frames.INPUT_END):
                raise frames.ForeignFrame(f"a frame of kind {kind!r}, which means nothing here")
            elif kind == frames.INPUT_END:
                self._leaves()
            elif not self._input.put(payload):
                self._stall()
                return

    def _leaves(self) -> None:
        """One who could type types no more."""
        if self.once:
            self._input.end()

    def _stall(self) -> None:
        """The program does not read what is typed: nobody's input is read until it does."""
        self._stalled = [one for one in self._sessions if _may_type(one)]
        for session in self._stalled:
            session.pause()

    def go_on(self) -> None:
        """It has read."""
        stalled, self._stalled = self._stalled, []
        for session in stalled:
            if session.is_open():
                self._attend(session, session.go_on)

    def _resize(self, session: Session, payload: bytes) -> None:
        rows, columns = frames.size(payload)
        if not self._input.resize(rows, columns):
            session.finish(frames.failed("NoTerminal", "this program has no terminal to resize"))

    def _admit(self, session: Session, kind: bytes, payload: bytes) -> None:
        until, offer = self._offers.pop(payload.decode(errors="replace"), (0.0, None))
        if kind != frames.TOKEN or offer is None or until < time.monotonic():
            why = "the token is unknown, was used before, or is too old: ask conmand for another"
            session.finish(frames.failed("BadToken", why))
            return
        session.offer = offer
        session.put(frames.encode_fields(frames.ACCEPTED, {"tty": self._input.is_terminal}))
        if self._end:
            session.finish(self._end)

    def _balance(self) -> None:
        """After whatever may have brought somebody behind, forward, or away."""
        gone = [one for one in self._sessions if not one.is_open()]
        self._sessions = [one for one in self._sessions if one.is_open()]
        if any(map(_may_type, gone)):
            self._leaves()
        if self._end and not self.owes():
            self._sent()
        if self._is_over:
            return
        behind = max((one.unsent for one in self._sessions), default=0)
        if behind > BACKLOG and not self._is_held:
            self._is_held = True
            self._hold(True)  # noqa: FBT003 - a callback
            self._loop.arm(self._slow, _PATIENCE_S, self._cut_off)
        elif behind <= BACKLOG // 2 and self._is_held:
            self._let_go()

    def _let_go(self) -> None:
        self._is_held = False
        self._loop.disarm(self._slow)
        self._hold(False)  # noqa: FBT003 - a callback

    def _cut_off(self) -> None:
        for session in self._sessions:
            if session.unsent > BACKLOG // 2:
                session.cut_off()
        self._let_go()
        self._balance()


def _may_type(session: Session) -> bool:
    return session.offer is not None and session.offer.stdin


def _wants(session: Session, name: str) -> bool:
    offer = session.offer
    if offer is None or not session.is_open():
        return False
    return offer.stdout if name == "stdout" else offer.stderr
