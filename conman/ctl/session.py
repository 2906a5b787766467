"""A person's session with a program: opened, held, and opened again where its shim died under it.

It must never leave the terminal raw, nor invent an exit code: what the session does not tell, conmand is
asked for.
"""

import os
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from signal import Signals
from typing import TYPE_CHECKING

from conman.ctl.caught import Caught
from conman.ctl.failure import EXIT_OK, CommandFailed, WrongUsage
from conman.ctl.link import accepted
from conman.ctl.output import complain
from conman.ctl.pump import CutOff, Detached, End, Exited, Interrupted, Link, Lost, Pump, Sides
from conman.ctl.terminal import Raw, console_size, size
from conman.ctl.times import NS, utc
from conman.shim import frames

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from conman.ctl.client import Client
    from conman.wire.v1 import conman_pb2 as wire

STDIN, STDOUT, STDERR = 0, 1, 2
#: Whatever would end us.
ENDING = tuple(
    Signals[f"SIG{name}"] for name in ("HUP", "INT", "QUIT", "TERM", "ALRM", "USR1", "USR2")
)
#: There is nothing to have a session with: it ended, or nobody serves its streams.
_NONE_LEFT = ("FAILED_PRECONDITION", "NOT_FOUND")


@dataclass(frozen=True, slots=True)
class Session:
    """With the program that `request` names.

    `name`: as a person calls it. `tty`: whether it has a terminal. `keys`: what leaves it. `proxy`: takes signals for the program, unless
    it has this terminal; what it does not take ends the session. `code`: asks conmand how the program ended. `ended`: what is to be
    waited for then, where the session itself has told its end.
    """

    client: "Client"
    request: "wire.OpenStreamRequest"
    name: str
    tty: bool
    keys: bytes
    proxy: "Callable[[Signals], bool]"
    code: "Callable[[], int]"
    ended: "Callable[[], object]" = lambda: None

    def open(self) -> Link:
        """A way to it, not yet used. Raises CommandFailed."""
        from conman.wire.v1 import conman_pb2 as wire

        self.request.ClearField("console_size")
        if (window := console_size(tty=self.tty)) is not None:
            self.request.console_size.CopyFrom(window)
        opened = self.client.call("OpenStream", self.request, wire.OpenStreamResponse)
        if opened.tty and self.request.stdin and not os.isatty(STDIN):
            raise WrongUsage(
                f"{self.name} has a terminal, and this input is none: leave out -t, or the input"
                " (run: -i; attach: --no-stdin)"
            )
        with _understood():
            return accepted(opened)

    def hold(self, link: Link) -> int:
        """Until it ends; this command's exit code. Raises CommandFailed, and OSError of an output."""
        has_shown, since = False, 0
        with _understood():
            while True:
                end, shown = self._held(link)
                has_shown |= shown
                if not isinstance(end, Lost):
                    break
                since = since or end.since
                reopened = self._reopened()
                if reopened is None:
                    code = self.code()
                    self._make_up(end.since if has_shown else since, has_shown=has_shown)
                    return code
                link = reopened
        if isinstance(end, Exited) and since and not has_shown:
            # All of it may have been written before the second session: it is not told twice.
            self._make_up(since, has_shown=False)
        return self._told(end)

    def _make_up(self, since: int, *, has_shown: bool) -> None:
        """What was written to nobody is in the log; of an exec nowhere."""
        if self.request.exec_id:
            return
        if has_shown:
            complain(
                f"the shim of {self.name} died, and some output may be missing{self._rest(since)}"
            )
            return
        from conman.ctl.logs import Printer, print_log
        from conman.wire.v1 import conman_pb2 as wire

        request = wire.LogsRequest(container_id=self.request.container_id, since=since)
        try:
            print_log(self.client, request, Printer(timestamps=False))
        except CommandFailed as failure:
            complain(f"the shim of {self.name} died, and its output cannot be read: {failure}")

    def _held(self, link: Link) -> tuple[End, bool]:
        """And whether it has shown anything."""
        raw = link.tty and self.request.stdin
        with (
            link.connection,
            Caught((*ENDING, Signals.SIGWINCH, Signals.SIGCONT)) as heard,
            Raw(STDIN) if raw else nullcontext() as terminal,
        ):
            sides = Sides(
                STDIN if self.request.stdin else None,
                STDOUT,
                STDERR,
                self.keys if raw else b"",
                lambda: size(STDIN) or size(STDOUT),
                terminal.again if terminal is not None else lambda: None,
                not_taken if raw else self.proxy,
            )
            pump = Pump(link, sides, heard)
            return pump.run(), pump.has_shown

    def _reopened(self) -> Link | None:
        """None: there is nothing any more to have a session with."""
        try:
            link = self.open()
        except CommandFailed as failure:
            if failure.code not in _NONE_LEFT:
                raise
            return None
        complain(
            f"the shim of {self.name} died, and another has taken over: some output may be missing here"
        )
        return link

    def _told(self, end: Exited | Detached | Interrupted | CutOff) -> int:
        match end:
            case Exited(code):
                self.ended()
                return code
            case Detached():
                complain(f"detached; {self.name} goes on")
                return EXIT_OK
            case Interrupted(number):
                return 128 + number
            case CutOff("ExitUnseen"):
                return self.code()
            case CutOff(reason, message, since):
                rest = self._rest(since) if reason == "TooSlow" else ""
                raise CommandFailed(f"the session is cut off: {message}{rest}")

    def _rest(self, since: int) -> str:
        """Where what was missed can be read; of an exec nowhere."""
        if self.request.exec_id:
            return ""
        # A second more: then a word may be there twice, and none is missing.
        return f"; `conmanctl logs --since {utc(since - NS)} {self.name}` has the rest"


@contextmanager
def _understood() -> "Generator[None]":
    """What is no frame of a session is one clear failure."""
    try:
        yield
    except frames.ForeignFrame as error:
        raise CommandFailed(
            f"whoever serves this session is no shim of conman, or of another version: {error}"
        ) from error


def not_taken(_number: Signals) -> bool:
    """A signal that nobody but us hears."""
    return False
