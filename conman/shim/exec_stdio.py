"""The streams of one exec: FIFOs or a terminal of its own, and whoever reads along. Nothing of them is logged.

Its clients may be there before it begins. What nobody reads along is thrown away. It must never make an exec
wait for its clients longer than a container's program would, nor outlive it but for its last words.
"""

import os
from _collections_abc import Callable

from conman.shim import frames
from conman.shim.console import Console
from conman.shim.execs import ExecTask
from conman.shim.input import Input
from conman.shim.loop import Loop
from conman.shim.stdio import NAMES, Output
from conman.shim.streams import Streams
from conman.shim.task import Offer

#: As for a container: the end of its output, then of what its clients have yet to read.
_DRAIN_S = 2.0
_LAST_WORDS_S = 2.0


class ExecStdio:
    """`over`: called when nothing of it is needed any more."""

    __slots__ = (
        "_console",
        "_directory",
        "_end",
        "_input",
        "_loop",
        "_output",
        "_over",
        "_streams",
    )

    def __init__(self, directory: str, loop: Loop, over: Callable[[], None]) -> None:
        self._directory = directory
        self._loop = loop
        self._over = over
        self._end = b""
        self._console: Console | None = None
        self._output = Output(
            directory, loop.readers, lambda: loop.hasten(self._drain), self._written
        )
        self._input = Input(
            directory, loop.readers, self._roomy, self._output.read_terminal, keeps=False
        )
        self._streams = Streams(
            directory, loop, self._input, self._output.hold, lambda: loop.hasten(self._last_words)
        )
        self._streams.once = True

    @property
    def _drain(self) -> str:
        return f"drain {self._directory}"

    @property
    def _last_words(self) -> str:
        return f"last words {self._directory}"

    def offer(self, offer: Offer) -> None:
        """Raises OSError where nobody can come."""
        os.makedirs(self._directory, 0o700, exist_ok=True)
        self._streams.offer(offer)

    def open(self, task: ExecTask, consoles: str) -> tuple[int | None, int, int]:
        """Its ends for the runtime, which the caller closes. `consoles`: where a terminal is sent to."""
        for name in NAMES:
            os.mkfifo(f"{self._directory}/{name}", 0o600)
        # It may run before its call has ended: whose words they are is known only then.
        stdout, stderr = self._output.open(waits=True)
        if task.tty:
            self._console = Console(consoles)
        return (self._input.open() if task.stdin and not task.tty else None), stdout, stderr

    def begun(self) -> bool:
        """It runs: what comes is its own from here on. False: it has sent no terminal."""
        master = self._console.take() if self._console is not None else None
        if self._console is not None and master is None:
            return False
        self._output.pass_on()
        if master is not None and not self._input.take_terminal(master):
            return False
        self._close_console()
        return True

    def words(self) -> bytes:
        return self._output.words()

    def refused(self, why: str) -> None:
        """It never ran."""
        self._finish(frames.failed("ExecFailed", why), 0)

    def ended(self, code: int, signal: int) -> None:
        """What there is of its output comes first."""
        frame = frames.encode_fields(frames.EXIT, {"code": code, "signal": signal})
        self._finish(frame, 0 if self._output.at_end() else _DRAIN_S)

    def _finish(self, frame: bytes, patience: float) -> None:
        self._close_console()
        self._streams.hurry()
        self._end = frame
        self._loop.arm(self._drain, patience, self._tell_end)

    def _tell_end(self) -> None:
        self._output.close()
        self._input.close()
        self._streams.end(self._end)
        patience = _LAST_WORDS_S if self._streams.owes() else 0
        self._loop.arm(self._last_words, patience, self._close)

    def _close(self) -> None:
        self._streams.leave()
        self._over()

    def _close_console(self) -> None:
        if self._console is not None:
            self._console.close()
            self._console = None

    def _roomy(self) -> None:
        self._streams.go_on()

    def _written(self, name: str, data: bytes) -> None:
        self._streams.write(name, data)
