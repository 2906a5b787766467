"""Waits for a process in the foreground, and hands every signal on to it, as runc does.

It must never take a signal for its own, but those that nobody can catch.
"""

import os
import signal
from typing import TYPE_CHECKING

from fakerunc import process, signals

if TYPE_CHECKING:
    # Only its type: most calls have no terminal, and its imports are slow.
    from fakerunc.console import Terminal

_ALL = signal.valid_signals() - signals.UNSTOPPABLE


def hold_signals() -> None:
    """Before there is a process to hand them to: none is lost, its end's among them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
    # What is ignored is thrown away even where it is blocked.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def await_end(pid: int, start: int, terminal: "Terminal | None" = None) -> int:
    """The exit code of a child, 128 + its signal; reaps whatever else ends meanwhile.

    A terminal learns of another size, and is finished with.
    """
    code = _awaited(pid, start, terminal)
    if terminal:
        terminal.finish()
    return code


def _awaited(pid: int, start: int, terminal: "Terminal | None") -> int:
    while True:
        number = signal.sigwaitinfo(_ALL).si_signo
        if number == signal.SIGWINCH and terminal:
            terminal.resize()
        elif number != signal.SIGCHLD:
            process.send(pid, start, number)
        elif (code := _reaped(pid)) is not None:
            return code


def _reaped(wanted: int) -> int | None:
    """Many ends may come as one signal."""
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == wanted:
            code = os.waitstatus_to_exitcode(status)
            found = code if code >= 0 else 128 - code
