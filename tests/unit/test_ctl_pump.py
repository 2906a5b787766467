"""A session's two sides: what is typed, what is written, and every way in which it ends."""

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from signal import SIGCONT, SIGINT, SIGTERM, SIGWINCH, Signals

import pytest

from conman.ctl.pump import CutOff, Detached, End, Exited, Interrupted, Link, Lost, Pump, Sides
from conman.shim import frames

PATIENCE_S = 30.0


class Told:
    """Signals as a test sends them."""

    def __init__(self) -> None:
        self.fd, self._told = os.pipe2(os.O_NONBLOCK)

    def tell(self, number: Signals) -> None:
        os.write(self._told, bytes([number]))

    def come(self) -> list[Signals]:
        try:
            return [Signals(each) for each in os.read(self.fd, 10)]
        except BlockingIOError:
            return []

    def close(self) -> None:
        os.close(self.fd)
        os.close(self._told)


class Late(Told):
    """A signal that comes when poll has looked at its descriptor already, and not yet at what is typed."""

    def __init__(self) -> None:
        super().__init__()
        self._late: list[Signals] = []

    def tell(self, number: Signals) -> None:
        self._late.append(number)

    def come(self) -> list[Signals]:
        come, self._late = self._late, []
        return come


@dataclass
class Session:
    """A pump at work in a thread; the test is its shim, its person and its screen."""

    tty: bool = False
    early: tuple[tuple[bytes, bytes], ...] = ()
    sides: dict[str, object] = field(default_factory=dict)
    ends: list[End] = field(default_factory=list)
    signals: Told = field(default_factory=Told)

    def __post_init__(self) -> None:
        self.shim, theirs = socket.socketpair()
        self.shim.settimeout(PATIENCE_S)
        self._theirs = theirs
        self.typing = os.pipe()
        self.out, self.err = os.pipe(), os.pipe()
        self._decoder, self._frames = frames.Decoder(), list[tuple[bytes, bytes]]()
        link = Link(theirs, frames.Decoder(), self.early, self.tty)
        given = {"stdin": self.typing[0], "stdout": self.out[1], "stderr": self.err[1]}
        sides = Sides(**(given | self.sides))
        self._thread = threading.Thread(target=self._run, args=(Pump(link, sides, self.signals),))
        self._thread.start()

    def _run(self, pump: Pump) -> None:
        self.ends.append(pump.run())

    def type(self, data: bytes) -> None:
        os.write(self.typing[1], data)

    def say(self, kind: bytes, payload: bytes | dict[str, object]) -> None:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.shim.sendall(frames.encode(kind, data))

    def exit(self, code: int = 0, signal: int = 0) -> None:
        self.say(frames.EXIT, {"code": code, "signal": signal})

    def next(self) -> tuple[bytes, bytes]:
        """The next frame that the shim is sent."""
        while not self._frames:
            data = self.shim.recv(1 << 16)
            assert data, "the client has gone"
            self._frames += self._decoder.feed(data)
        return self._frames.pop(0)

    def end(self) -> End:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return self.ends[0]

    def shown(self) -> tuple[bytes, bytes]:
        """All that was written; after its end."""
        for side in (self.out, self.err):
            os.close(side[1])
        out, err = (os.fdopen(side[0], "rb", closefd=False).read() for side in (self.out, self.err))
        return out, err

    def close(self) -> None:
        self.shim.close()
        self.signals.tell(SIGTERM)
        self._thread.join(PATIENCE_S)
        self._theirs.close()
        self.signals.close()
        for each in (*self.typing, *self.out, *self.err):
            with suppress(OSError):
                os.close(each)


@pytest.fixture
def sessions() -> Iterator[list[Session]]:
    begun: list[Session] = []
    yield begun
    for each in begun:
        each.close()


@pytest.fixture
def session(sessions: list[Session]) -> Session:
    sessions.append(Session())
    return sessions[0]


def begin(sessions: list[Session], *, tty: bool = False, **sides: object) -> Session:
    sessions.append(Session(tty=tty, sides=sides))
    return sessions[-1]


def test_both_ways_and_the_exit_code(session: Session) -> None:
    session.type(b"hello\n")
    assert session.next() == (frames.INPUT, b"hello\n")
    session.say(frames.STDOUT, b"hello\n")
    session.say(frames.STDERR, b"what?\n")
    os.close(session.typing[1])
    assert session.next() == (frames.INPUT_END, b"")
    session.exit(7)
    assert session.end() == Exited(7)
    assert session.shown() == (b"hello\n", b"what?\n")


def test_a_program_that_a_signal_ended(session: Session) -> None:
    session.exit(0, 9)
    assert session.end() == Exited(137)


def test_what_came_with_the_acceptance_is_shown(sessions: list[Session]) -> None:
    sessions.append(Session(early=((frames.STDOUT, b"a"), (frames.EXIT, b'{"code":1,"signal":0}'))))
    assert sessions[0].end() == Exited(1)
    assert sessions[0].shown() == (b"a", b"")


def test_all_is_shown_before_the_end(session: Session) -> None:
    """Whoever reads us slowly is told everything, though the program ended long ago."""
    fcntl.fcntl(session.out[1], fcntl.F_SETPIPE_SZ, 4096)
    much = os.urandom(frames.LIMIT)
    end = frames.encode(frames.EXIT, b'{"code":0,"signal":0}')
    session.shim.sendall(frames.encode(frames.STDOUT, much) + end)
    session.shim.close()
    shown = b""
    while len(shown) < len(much):
        shown += os.read(session.out[0], 1000)
    assert shown == much
    assert session.end() == Exited(0)


def test_both_outputs_stay_in_order(sessions: list[Session]) -> None:
    """On one terminal they meet again."""
    both = os.pipe()
    session = begin(sessions, stdout=both[1], stderr=both[1])
    said = [(frames.STDOUT, b"a"), (frames.STDERR, b"b"), (frames.STDOUT, b"c")]
    session.shim.sendall(b"".join(frames.encode(*each) for each in said))
    session.exit()
    assert session.end() == Exited(0)
    os.close(both[1])
    with os.fdopen(both[0], "rb") as shown:
        assert shown.read() == b"abc"


def test_a_program_that_does_not_read_holds_nothing_up(sessions: list[Session]) -> None:
    """Its output is shown, and it can be left, while it takes no more of what is typed."""
    zeros = os.open("/dev/zero", os.O_RDONLY)
    session = begin(sessions, stdin=zeros)
    session.say(frames.STDOUT, b"here")
    assert os.read(session.out[0], 10) == b"here"
    session.signals.tell(SIGTERM)
    assert session.end() == Interrupted(SIGTERM)
    os.close(zeros)


def test_a_shim_that_dies(session: Session) -> None:
    session.say(frames.STDOUT, b"half")
    session.shim.close()
    assert isinstance(session.end(), Lost)
    assert session.shown() == (b"half", b"")


def test_a_shim_that_goes_away_while_it_is_typed_to(session: Session) -> None:
    """What it said before is not lost because of what it can no longer be told."""
    session.say(frames.STDOUT, b"last")
    session.exit(3)
    session.shim.shutdown(socket.SHUT_RDWR)
    session.type(b"x")
    assert session.end() == Exited(3)
    assert session.shown() == (b"last", b"")


def test_a_reader_that_is_cut_off(session: Session) -> None:
    """What it misses was written after all had been there."""
    session.say(frames.STDOUT, b"x")
    assert os.read(session.out[0], 10) == b"x"
    before = time.time_ns()
    session.say(frames.STDOUT, b"y")
    assert os.read(session.out[0], 10) == b"y"
    much = bytes(frames.LIMIT)
    for _ in range(2):
        session.say(frames.STDOUT, much)
    session.say(frames.FAILED, {"reason": "TooSlow", "message": "1 MiB behind"})
    while len(much) < 3 * frames.LIMIT:
        much += os.read(session.out[0], frames.LIMIT)
    end = session.end()
    assert isinstance(end, CutOff)
    assert (end.reason, end.message) == ("TooSlow", "1 MiB behind")
    assert before <= end.since


def test_the_keys_leave(sessions: list[Session]) -> None:
    session = begin(sessions, tty=True, keys=b"\x10\x11")
    session.type(b"ls\r\x10")
    assert session.next() == (frames.INPUT, b"ls\r")
    session.type(b"\x11")
    assert session.end() == Detached()


def test_what_is_typed_before_the_keys_arrives(sessions: list[Session]) -> None:
    session = begin(sessions, tty=True, keys=b"\x10\x11")
    session.type(b"ls\r\x10\x11")
    assert session.end() == Detached()
    assert session.next() == (frames.INPUT, b"ls\r")


def test_what_is_typed_before_the_keys_arrives_behind_what_waits(sessions: list[Session]) -> None:
    sides: dict[str, object] = {"keys": b"\x10\x11", "window": lambda: (24, 80)}
    session = Session(tty=True, sides=sides, signals=Late())
    sessions.append(session)
    size = (frames.RESIZE, b'{"rows":24,"cols":80}')
    assert session.next() == size
    session.signals.tell(SIGWINCH)
    session.type(b"ab\x10\x11")
    assert session.end() == Detached()
    assert session.next() == size
    assert session.next() == (frames.INPUT, b"ab")


def test_signals_are_the_programs(sessions: list[Session]) -> None:
    heard: list[Signals] = []
    there = threading.Semaphore(0)

    def proxy(number: Signals) -> bool:
        heard.append(number)
        there.release()
        return True

    session = begin(sessions, proxy=proxy)
    session.signals.tell(SIGINT)
    assert there.acquire(timeout=PATIENCE_S)
    session.signals.tell(SIGTERM)
    assert there.acquire(timeout=PATIENCE_S)
    session.exit(130)
    assert session.end() == Exited(130)
    assert heard == [SIGINT, SIGTERM]


def test_a_terminals_size(sessions: list[Session]) -> None:
    sizes = [(24, 80), (50, 132), (10, 20)]
    resumed = threading.Event()
    session = begin(sessions, tty=True, window=lambda: sizes.pop(0), resumed=resumed.set)
    assert session.next() == (frames.RESIZE, b'{"rows":24,"cols":80}')
    session.signals.tell(SIGWINCH)
    assert session.next() == (frames.RESIZE, b'{"rows":50,"cols":132}')
    session.signals.tell(SIGCONT)
    assert session.next() == (frames.RESIZE, b'{"rows":10,"cols":20}')
    assert resumed.is_set()


def test_what_is_typed_after_a_resize_does_not_overtake_it(sessions: list[Session]) -> None:
    sizes = [(24, 80), (50, 132)]
    session = Session(tty=True, sides={"window": lambda: sizes.pop(0)}, signals=Late())
    sessions.append(session)
    assert session.next() == (frames.RESIZE, b'{"rows":24,"cols":80}')
    session.signals.tell(SIGWINCH)
    session.type(b"x")
    assert session.next() == (frames.RESIZE, b'{"rows":50,"cols":132}')
    assert session.next() == (frames.INPUT, b"x")


def test_what_is_no_terminal_has_no_size(sessions: list[Session]) -> None:
    session = begin(sessions, window=lambda: (24, 80))
    session.signals.tell(SIGWINCH)
    session.type(b"x")
    assert session.next() == (frames.INPUT, b"x")
