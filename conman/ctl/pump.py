"""A session at work: what is typed goes to the program, what it writes comes here, until one of them ends.

It needs the shim's socket and nothing else: conmand may die meanwhile, and come back or not. It must never
wait for one of its sides while another has something to say.
"""

import os
import select
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from signal import Signals
from typing import Any, Protocol

from conman.ctl.detach import Watch
from conman.ctl.outlet import Outlet
from conman.shim import frames

#: Whole frames, where a program writes as fast as it can.
_CHUNK = 2 * (frames.HEADER + frames.LIMIT)


@dataclass(frozen=True, slots=True)
class Exited:
    """The program ended; `code` as a shell has it: 128 and the signal, where one ended it."""

    code: int


@dataclass(frozen=True, slots=True)
class Detached:
    """The keys were typed; the program goes on."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """By a signal that was not for the program. `goes_on`: that has not ended, as far as is known."""

    signal: Signals
    goes_on: bool = True


@dataclass(frozen=True, slots=True)
class CutOff:
    """The shim goes on without us, and says why. `since`: what is missed was written after it, in ns."""

    reason: str
    message: str
    since: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """The shim is gone without a word: how the program ended is conmand's to find out.

    `since`, in ns: what is missed was written after it.
    """

    since: int


End = Exited | Detached | Interrupted | CutOff | Lost


class Heard(Protocol):
    """Signals to be polled: see `caught.Caught`."""

    @property
    def fd(self) -> int: ...

    def come(self) -> Sequence[Signals]: ...


@dataclass(frozen=True, slots=True)
class Link:
    """An accepted connection to a shim; `early`: frames that came with the acceptance, `at`: when, in ns."""

    connection: socket.socket
    decoder: frames.Decoder
    early: Sequence[tuple[bytes, bytes]]
    tty: bool
    at: int = field(default_factory=time.time_ns)


@dataclass(frozen=True, slots=True)
class Sides:
    """This side of a session. `stdin` None: nothing is typed. `keys`: what leaves it; empty: nothing does.

    `window`: rows and columns of the one here. `resumed` is called after a stop. `proxy` says whether
    it has taken a signal for the program; else it ends the session.
    """

    stdin: int | None
    stdout: int
    stderr: int
    keys: bytes = b""
    window: Callable[[], tuple[int, int] | None] = lambda: None
    resumed: Callable[[], None] = lambda: None
    proxy: Callable[[Signals], bool] = lambda _: False


def resize(window: tuple[int, int]) -> bytes:
    """The frame that tells rows and columns."""
    return frames.encode_fields(frames.RESIZE, {"rows": window[0], "cols": window[1]})


class Pump:
    """One session, from its acceptance to its end."""

    def __init__(self, link: Link, sides: Sides, heard: Heard) -> None:
        self._link, self._sides, self._heard = link, sides, heard
        link.connection.settimeout(0)
        self._shim = link.connection.fileno()
        self._sent, self._shown = Outlet(), Outlet()
        self._stdin = sides.stdin
        self._watch = Watch(sides.keys)
        self._end: End | None = None
        #: When all that had been written was here.
        self._even_at = link.at
        #: Whether anything of its program ever came.
        self.has_shown = False

    def run(self) -> End:
        """Until the end, and until everything is shown that came before it. Raises OSError: it cannot be."""
        # It may have changed since the acceptance.
        self._resize()
        self._told(self._link.early)
        try:
            return self._until_the_end()
        finally:
            self._shown.close()

    def _until_the_end(self) -> End:
        while self._end is None or self._shown.fd is not None:
            self._turn(self._ready())
            if isinstance(self._end, Interrupted | Detached):
                break
        return self._end

    def _ready(self) -> set[int]:
        wanted = {self._heard.fd: select.POLLIN}
        if self._shown.fd is not None:
            wanted[self._shown.fd] = select.POLLOUT
        elif self._end is None:
            wanted[self._shim] = select.POLLIN
        if self._end is None and self._sent.fd is not None:
            wanted[self._shim] = wanted.get(self._shim, 0) | select.POLLOUT
        # A little ahead of a program that does not read: it can be left by the keys.
        if self._end is None and self._stdin is not None and self._sent.size < frames.LIMIT:
            wanted[self._stdin] = select.POLLIN
        poller = select.poll()
        for fd, events in wanted.items():
            poller.register(fd, events)
        return {fd for fd, _ in poller.poll()}

    def _turn(self, ready: set[int]) -> None:
        if self._heard.fd in ready or self._stdin in ready:
            # One that came while poll looked further: what is typed after it must not overtake a resize.
            for each in self._heard.come():
                self._signalled(each)
        if self._shown.fd in ready:
            self._shown.flush()
        if self._shim in ready:
            self._exchange()
        if self._stdin in ready:
            self._typed(self._stdin)

    # ---- from here to there

    def _typed(self, stdin: int) -> None:
        try:
            data = os.read(stdin, frames.LIMIT)
        except BlockingIOError:
            # Somebody who shares it was faster.
            return
        except OSError:
            # A terminal that was hung up: its end, as of a file.
            data = b""
        if not data:
            self._stdin = None
            self._sent.put(self._shim, frames.encode(frames.INPUT_END))
            return
        if self._sides.keys:
            data, detached = self._watch.typed(data)
            self._end = Detached() if detached else self._end
        if data:
            self._sent.put(self._shim, frames.encode(frames.INPUT, data))
        if self._end is not None and self._sent.fd is not None:
            # Whatever waits before it, too: nobody comes back to it.
            self._send(self._sent.flush_unasked)

    def _signalled(self, number: Signals) -> None:
        match number:
            case Signals.SIGWINCH:
                self._resize()
            case Signals.SIGCONT:
                self._sides.resumed()
                self._resize()
            case _ if self._end is not None or not self._sides.proxy(number):
                self._end = Interrupted(number, goes_on=self._end is None)
            case _:
                pass

    def _resize(self) -> None:
        window = self._sides.window() if self._link.tty else None
        if window is not None:
            self._sent.put(self._shim, resize(window))

    # ---- from there to here

    def _exchange(self) -> None:
        if self._sent.fd is not None:
            self._send(self._sent.flush)
        if self._shown.fd is None and self._end is None:
            self._receive()

    def _send(self, flush: Callable[[], None]) -> None:
        try:
            flush()
        except (BrokenPipeError, ConnectionResetError):
            # It reads no more; what it has said before is still to be read.
            self._sent.drop()
            self._stdin = None

    def _receive(self) -> None:
        now = time.time_ns()
        try:
            data = self._link.connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if not data:
            self._end = Lost(self._even_at)
            return
        self._told(self._link.decoder.feed(data))
        self._shown.flush_unasked()
        if len(data) < _CHUNK:
            self._even_at = now

    def _told(self, told: Iterable[tuple[bytes, bytes]]) -> None:
        for kind, payload in told:
            self.has_shown |= kind in (frames.STDOUT, frames.STDERR)
            match kind:
                case frames.STDOUT:
                    self._shown.put(self._sides.stdout, payload)
                case frames.STDERR:
                    self._shown.put(self._sides.stderr, payload)
                case frames.EXIT:
                    self._end = _exited(frames.decode_fields(payload))
                case frames.FAILED:
                    cut = cut_off(frames.decode_fields(payload))
                    self._end = CutOff(cut.reason, cut.message, self._even_at)
                case _:
                    raise frames.ForeignFrame(f"a frame of kind {kind!r}")


def cut_off(fields: Mapping[str, Any]) -> CutOff:
    """What a frame of a failure says. Raises ForeignFrame."""
    try:
        return CutOff(str(fields["reason"]), str(fields["message"]))
    except KeyError as error:
        raise frames.ForeignFrame(f"a failure without {error}") from error


def _exited(fields: Mapping[str, Any]) -> Exited:
    try:
        code, signal = int(fields["code"]), int(fields["signal"])
    except (KeyError, ValueError, TypeError) as error:
        raise frames.ForeignFrame(f"an exit without a code: {fields}") from error
    return Exited(128 + signal if signal else code)
