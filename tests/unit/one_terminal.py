"""conmanctl at work on a terminal, as a person has it: of a size, and controlling, so that keys are signals.

It must never be the terminal that the tests themselves run on.
"""

import fcntl
import os
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pexpect
from pexpect import fdpexpect

PATIENCE_S = 30
ENTRY = "from conman.ctl.main import main; main()"


class Terminal:
    """`screen`: what is shown, and the keyboard; `process`: conmanctl."""

    def __init__(
        self, path: str, *words: str, columns: int = 80, environ: Mapping[str, str] | None = None
    ) -> None:
        self._ours, theirs = os.openpty()
        self.resize(24, columns)
        settings = {"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        conmanctl = [sys.executable, "-c", ENTRY, "--address", path, *words]
        # Not by pexpect: between its fork and exec runs Python, and grpc has threads here. Tests in the background,
        # or below nohup, ignore what a person's shell does not.
        self.process = subprocess.Popen(
            ["env", "--default-signal=INT,HUP,QUIT", "setsid", "--ctty", *conmanctl],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=settings | dict(environ or {}),
        )
        os.close(theirs)
        self.screen = fdpexpect.fdspawn(self._ours, encoding="utf-8", timeout=PATIENCE_S)

    def resize(self, rows: int, columns: int) -> None:
        """As a window is; whoever it controls is told by SIGWINCH."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def cooked(self) -> bool:
        """Whether it echoes, makes lines, and has ^C."""
        flags: int = termios.tcgetattr(self._ours)[3]
        wanted = termios.ECHO | termios.ICANON | termios.ISIG
        return flags & wanted == wanted

    def ends(self) -> str:
        """What was shown since, and nothing follows; its exit code is the process's."""
        self.screen.expect(pexpect.EOF)
        self.process.wait(PATIENCE_S)
        return self.screen.before or ""

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.screen.close()


@contextmanager
def terminal(
    path: str, *words: str, columns: int = 80, environ: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    one = Terminal(path, *words, columns=columns, environ=environ)
    try:
        yield one
    finally:
        one.close()
