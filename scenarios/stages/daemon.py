"""A real conmand as a process, with its own DATA and RUN in a scratch directory.

It may be killed and started again any number of times; its inputs and outputs are recorded. Nothing here
sleeps: it waits for lines and ends. It must never hand its daemon a CONMAN_ variable that nobody asked for.
"""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from scenarios.stages.census import Place
from scenarios.violation import Violation

BIN = os.path.dirname(sys.executable)
#: Emulated machines take several times as long.
SLOWER = int(os.environ.get("SLOWER", "1"))
PATIENCE_S = 40 * SLOWER
#: Bytecode is kept, whatever the machine says: a third of a start is compiling.
_NOT_HANDED_ON = ("CONMAN_", "PYTHONDONTWRITEBYTECODE")
#: In the environment of the daemon and of all that it starts: the scratch directory.
MARK = "STAGE_OF"


class Daemon:
    """`top`: the scratch directory. `options` are conmand's own, for every start; `program`: another conmand."""

    def __init__(self, top: Path, *options: str) -> None:
        self.top = top
        self.data, self.run, self.rootfs = top / "d", top / "r", top / "rootfs"
        self.errors = top / "stderr"
        self.record = top / "record"
        self.options = options
        self.program = f"{BIN}/conmand"
        #: Words that execute those that come after them.
        self.before: tuple[str, ...] = ()
        self.environ: dict[str, str] = {}
        self.process: subprocess.Popen[str] | None = None
        self._instance = ""

    def begin(
        self, *options: str, stdin: int | None = None, **environ: str
    ) -> "subprocess.Popen[str]":
        """Start it, and do not wait."""
        ours = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_HANDED_ON)}
        places = ("--data-dir", self.data, "--run-dir", self.run, "--record", self.record)
        with self.errors.open("a") as errors:
            return subprocess.Popen(
                [*self.before, self.program, *places, *self.options, *options],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=ours | {MARK: str(self.top)} | self.environ | environ,
            )

    def start(self, *options: str, **environ: str) -> None:
        """Until it says that it is here."""
        self.process = self.begin(*options, stdin=None, **environ)
        line = first_line(self.process)
        assert line == f"conman's here: unix://{self.run}/conmand.sock\n", self.errors.read_text()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def terminate(self, number: int = signal.SIGTERM) -> int:
        return self._signal(number)

    def died(self) -> int:
        """Wait for its end by itself. Raises Violation when it does not come."""
        assert self.process is not None
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            raise Violation("I5", f"conmand does not end, after {PATIENCE_S} s") from error
        close(self.process)
        self.process = None
        return code

    def _signal(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.died()

    @property
    def has_been_used(self) -> bool:
        """A daemon came so far that there may be anything; its store is there from then on."""
        return bool(self._instance) or (self.data / "instance").exists()

    @property
    def instance(self) -> str:
        """Remembered: a disk that has lost its power cannot be read."""
        self._instance = self._instance or (self.data / "instance").read_text().strip()
        return self._instance

    @property
    def place(self) -> Place:
        """Where a census finds what is its own."""
        return Place(self.data, self.run, self.instance)


def first_line(process: "subprocess.Popen[str]") -> str:
    """Its first line on stdout; "" when it ends before it says anything."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
    assert ready, "neither a line nor an end"
    return process.stdout.readline()


def close(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    process.stdout.close()
