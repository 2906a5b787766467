"""A person's session with a program: opened, held, and opened again where its shim died under it.

It must never leave the terminal raw, nor invent an exit code: what the session does not tell, conmand is
asked for.
"""

import os
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from signal import Signals
from typing import TYPE_CHECKING

from conman.ctl.caught import Caught
from conman.ctl.failure import EXIT_OK, CommandFailed, WrongUsage
from conman.ctl.link import NotServed, accepted
from conman.ctl.output import complain
from conman.ctl.proxy import ENDING, not_taken, passed_on
from conman.ctl.pump import CutOff, Detached, End, Exited, Interrupted, Link, Lost, Pump, Sides
from conman.ctl.terminal import Raw, console_size, window
from conman.ctl.times import NS, utc
from conman.shim import frames

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from conman.ctl.client import Client
    from conman.wire.v1 import conman_pb2 as wire

STDIN, STDOUT, STDERR = 0, 1, 2
#: There is nothing to have a session with: it ended, or nobody serves its streams.
_NONE_LEFT = ("FAILED_PRECONDITION", "NOT_FOUND")


@dataclass(frozen=True, slots=True)
class Session:
    """With the program that `request` names.

    `endless`: a client that waits for ever, for what has begun. `name`: as a person calls it. `tty`: whether it has a terminal.
    `keys`: what leaves it. `proxy`: takes signals for the program, unless it has this terminal; what it does not take ends the
    session. `code`: asks conmand how the program ended. `ended`: what is to be waited for then, where the session itself has
    told its end. `stays`: whether its log can be read after that.
    """

    client: "Client"
    endless: "Client"
    request: "wire.OpenStreamRequest"
    name: str
    tty: bool
    keys: bytes
    proxy: "Callable[[Signals], bool]"
    code: "Callable[[], int]"
    ended: "Callable[[], object]" = lambda: None
    stays: bool = True

    def open(self) -> Link:
        """A way to it, not yet used. Raises CommandFailed."""
        return self._opened_by(self.client)

    def hold(self, link: Link) -> int:
        """Until it ends; this command's exit code. Raises CommandFailed, Exit, and OSError of an output."""
        with _understood(), passed_on(self._taken):
            end, missed_since = self._from_shim_to_shim(link)
            match end:
                case Lost() | CutOff("ExitUnseen"):
                    return self._code_and_log(missed_since)
                case Exited():
                    self._print_log(missed_since)
                case _:
                    pass
        return self._told(end)

    def hold_begun(self, since: int) -> int:
        """As `hold`, with what has begun at `since`, in ns, and may be over before there is a session."""
        with _understood(), passed_on(self._taken):
            link = self._served()
            if link is None:
                return self._code_and_log(since)
            return self.hold(link)

    @property
    def _taken(self) -> "Callable[[Signals], bool]":
        """Between sessions, too: what a terminal here says is no signal for the program."""
        return not_taken if self.tty and self.request.stdin else self.proxy

    def _opened_by(self, client: "Client") -> Link:
        from conman.wire.v1 import conman_pb2 as wire

        self.request.ClearField("console_size")
        if (size := console_size(tty=self.tty)) is not None:
            self.request.console_size.CopyFrom(size)
        opened = client.call("OpenStream", self.request, wire.OpenStreamResponse)
        if opened.tty and self.request.stdin and not os.isatty(STDIN):
            raise WrongUsage(
                f"{self.name} has a terminal, and this input is none: leave out -t, or the input"
                " (run: -i; attach: --no-stdin)"
            )
        with _understood():
            return accepted(opened)

    # ---- from one shim to the next

    def _from_shim_to_shim(self, link: Link) -> tuple[End, int]:
        """How the last one left it; and since when all that was written is missing, in ns (0: it is not)."""
        has_shown, since = False, 0
        while True:
            end, shown = self._held(link)
            has_shown |= shown
            if not isinstance(end, Lost):
                break
            since = since or end.since
            # A successor knows the streams of no exec: it would take us, and never say a word.
            next_link = None if self.request.exec_id else self._served()
            if next_link is None:
                self._say_lost(end, has_shown=has_shown)
                break
            link = next_link
            self._say_followed(end)
        return end, 0 if has_shown or self.request.exec_id else since

    def _served(self) -> Link | None:
        """By whoever serves it now, however long that takes; None: there is nothing to have a session with."""
        began_s, failures = time.monotonic(), 0
        while True:
            try:
                return self._opened_by(self.endless)
            except NotServed as failure:
                failures += 1
                self._pause(failures, time.monotonic() - began_s, failure)
            except CommandFailed as failure:
                if failure.code not in _NONE_LEFT:
                    raise
                return None

    def _pause(self, failures: int, since_s: float, failure: NotServed) -> None:
        pause_s = self.endless.patience.pause(failures, since_s, since_s)
        if pause_s is None:
            raise failure
        if failures == 1:
            complain(f"{failure} (trying until it is served, or is over)")
        time.sleep(pause_s)

    def _say_followed(self, end: Lost) -> None:
        complain(
            f"the shim of {self.name} died, and another has taken over: some output may be missing"
            f" here{self._rest(end.since)}"
        )

    def _say_lost(self, end: Lost, *, has_shown: bool) -> None:
        """Where nothing was shown, and there is a log, that is printed instead."""
        if has_shown or self.request.exec_id:
            complain(
                f"the shim of {self.name} died, and some output may be missing{self._rest(end.since)}"
            )

    # ---- what was written to nobody

    def _code_and_log(self, since: int) -> int:
        """Who stays is asked first: then the log is whole. Who goes takes it along: it is read to its end."""
        if not self.stays:
            self._print_log(since, follow=True)
            return self.code()
        code = self.code()
        self._print_log(since)
        return code

    def _print_log(self, since: int, *, follow: bool = False) -> None:
        if not since:
            return
        from conman.ctl.logs import Printer, print_log
        from conman.wire.v1 import conman_pb2 as wire

        container_id = self.request.container_id
        request = wire.LogsRequest(container_id=container_id, since=since, follow=follow)
        try:
            print_log(self.endless, request, Printer(timestamps=False))
        except CommandFailed as failure:
            complain(f"what {self.name} wrote to nobody cannot be read: {failure}")

    # ---- one session

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
                window,
                terminal.again if terminal is not None else lambda: None,
                not_taken if raw else self.proxy,
            )
            pump = Pump(link, sides, heard)
            return pump.run(), pump.has_shown

    def _told(self, end: Exited | Detached | Interrupted | CutOff) -> int:
        match end:
            case Exited(code):
                self.ended()
                return code
            case Detached():
                complain(f"detached; {self.name} goes on")
                return EXIT_OK
            case Interrupted(number, goes_on):
                if goes_on:
                    self.say_left()
                return 128 + number
            case CutOff(reason, message, since):
                rest = self._rest(since) if reason == "TooSlow" else ""
                raise CommandFailed(f"the session is cut off: {message}{rest}")

    def say_left(self) -> None:
        """To whom signals of the program's have led out of it."""
        if self._taken is not_taken:
            return
        ways = f": `conmanctl attach {self.name}` goes back to it, `conmanctl kill {self.name}` ends it"
        # To an exec there is no way back.
        complain(f"{self.name} goes on{'' if self.request.exec_id else ways}")

    def _rest(self, since: int) -> str:
        """Where what was missed can be read; of an exec, and of what is gone, nowhere."""
        if self.request.exec_id or not self.stays:
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
