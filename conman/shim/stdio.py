"""The container's output: two FIFOs in the shim's directory, and what is read from them.

A container writes to a FIFO that it itself has open for reading, so that no shim's death is a broken
pipe for it: its writers wait until somebody reads again. The shim keeps only reading ends, else it would
never see the end. While `create` runs, what comes is the runtime's own words and stays out of the log.
It must never wait for a container.
"""

import os
from _collections_abc import Callable, Iterable

from conman.shim.log import Log
from conman.shim.readers import Readers
from conman.shim.rotation import Do

NAMES = ("stdout", "stderr")

#: Its output is all stdout.
_TERMINAL = "terminal"

#: As much as a FIFO holds; and what is kept of a runtime's words.
_CHUNK = 64 * 1024
_WORDS = 4096

#: Reads in one go: a writer that never stops must not keep the shim from everything else.
_GO = 16


class Output:
    """Both FIFOs of one run. `ended` is called when nobody can write any more, and all was read.

    `written`: is handed what the container wrote, once it is in the log.
    """

    __slots__ = (
        "_directory",
        "_ended",
        "_is_passed_on",
        "_is_waiting",
        "_log",
        "_readers",
        "_watched",
        "_words",
        "_written",
    )

    def __init__(
        self,
        directory: str,
        watched: Readers,
        ended: Callable[[], None],
        written: Callable[[str, bytes], None],
    ) -> None:
        self._directory = directory
        self._watched = watched
        self._ended = ended
        self._written = written
        self._log: Log | None = None
        self._is_passed_on = False
        self._is_waiting = False
        self._readers: dict[str, int] = {}
        self._words = b""

    def open(self, *, waits: bool = False) -> tuple[int, ...]:
        """Begin to read. Gives the ends for the container (stdout, stderr), which the caller closes.

        `waits`: nothing is read before `pass_on`, but by `words`.
        """
        self._is_waiting = waits
        self._open_readers()
        ends: list[int] = []
        for name in NAMES:
            try:
                ends.append(os.open(f"{self._directory}/{name}", os.O_RDWR | os.O_CLOEXEC))
            except OSError:
                close_all(ends)
                raise
        return tuple(ends)

    def reopen(self, log: Log) -> None:
        """Read on where a dead shim stopped. What it had read, and not yet written, is lost."""
        self.close()
        self._open_readers()
        self._log = log
        log.say("the shim died here, and another reads on: some of the output may be missing")
        # Where nobody can write any more, nothing but a read tells so: no event comes.
        self._drain()

    def words(self) -> bytes:
        """The end of what was written while there was no log: the runtime's words."""
        self._drain()
        return self._words

    def log_to(self, log: Log) -> None:
        """From here on everything is the container's. What came until now was the runtime's.

        The log is there, and is not held: its program may be begun much later, and it be moved away until then.
        """
        self._drain()
        self._log = log
        log.touch()
        log.close()

    def pass_on(self) -> None:
        """All of it is an exec's, what is there already, too; nobody logs it."""
        self._is_passed_on, self._is_waiting = True, False
        for name, reader in self._readers.items():
            if name != _TERMINAL:
                self._watched.register(reader, self._pump_of(name))

    def read_terminal(self, master: int) -> None:
        """What the container writes comes from there; the descriptor is this one's from now on."""
        os.set_blocking(master, False)
        self._readers[_TERMINAL] = master
        self._watched.register(master, self._pump_of(_TERMINAL))

    def settle(self) -> None:
        """Say in the log what could not be written to it."""
        if self._log is not None:
            self._log.touch()

    def reopen_log(self, do: Do) -> None:
        """As `Log.reopen`; nothing, where there is no log."""
        if self._log is not None:
            self._log.reopen(do)

    def hold(self, held: bool) -> None:  # noqa: FBT001 - a callback
        """Whether what there is to read is left there: who writes more than a FIFO holds then waits."""
        for reader in self._readers.values():
            self._watched.pause(reader, paused=held)

    def at_end(self) -> bool:
        """Whether nobody can write any more, and everything was read."""
        return not self._readers

    def close(self) -> None:
        for name in tuple(self._readers):
            self._close(name)

    def _open_readers(self) -> None:
        for name in NAMES:
            path = f"{self._directory}/{name}"
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            self._readers[name] = reader
            if not self._is_waiting:
                self._watched.register(reader, self._pump_of(name))

    def _drain(self) -> None:
        """Read what there is, of both; from one who never stops, a part."""
        for name in tuple(self._readers):
            for _ in range(_GO):
                if not self._pump(name):
                    break

    def _pump_of(self, name: str) -> Callable[[], None]:
        def pump() -> None:
            self._pump(name)

        return pump

    def _pump(self, name: str) -> bool:
        """Read once. False: there is nothing more now."""
        reader = self._readers.get(name)
        if reader is None:
            return False
        try:
            data = os.read(reader, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            if name != _TERMINAL:
                raise
            data = b""  # EIO: nobody has it open any more
        if data:
            self._take(name, data)
        else:
            self._close(name)
            if self.at_end():
                self._ended()
        return bool(data)

    def _take(self, name: str, data: bytes) -> None:
        name = NAMES[0] if name == _TERMINAL else name
        if self._is_passed_on:
            self._written(name, data)
        elif self._log is None:
            self._words = (self._words + data)[-_WORDS:]
        else:
            self._log.write(name, data)
            self._written(name, data)

    def _close(self, name: str) -> None:
        reader = self._readers.pop(name)
        if not self._is_waiting:
            self._watched.unregister(reader)
        os.close(reader)


def close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
