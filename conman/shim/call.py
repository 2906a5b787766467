"""The one runtime call that a shim makes: begun once, ended once, by itself or by us, and reaped.

While it goes on, its output belongs to it; afterwards to the container that it left. It must never be
told ended before it is reaped, nor be ended when it has already answered: its init would die with it.
"""

import os
from _collections_abc import Callable

from conman.primitives.fence import fence, make_lock
from conman.primitives.shared_results import Done
from conman.shim import recipes, runtime
from conman.shim.complaint import complain
from conman.shim.console import Console
from conman.shim.input import Input
from conman.shim.logs import Logs
from conman.shim.loop import Loop
from conman.shim.machine import CallEnded
from conman.shim.remembered import remember
from conman.shim.stdio import Output, close_all
from conman.shim.task import Task

#: When a call could not be ended, after how long that is tried again.
_AGAIN_S = 1.0


class Call:
    """`tell`: where CallEnded goes, exactly once for every `begin`."""

    __slots__ = (
        "_console",
        "_directory",
        "_input",
        "_logs",
        "_loop",
        "_output",
        "_pid",
        "_tell",
    )

    def __init__(
        self,
        directory: str,
        loop: Loop,
        output: Output,
        input_: Input,
        *,
        logs: Logs,
        tell: Callable[[CallEnded], None],
    ) -> None:
        self._directory = directory
        self._loop = loop
        self._output = output
        self._input = input_
        self._console: Console | None = None
        self._logs = logs
        self._tell = tell
        self._pid: int | None = None

    def begin(self, task: Task) -> None:
        try:
            lock = make_lock(task.lock)
        except OSError as error:
            self._not_begun(126, f"cannot lock {task.lock}: {error.strerror}")
            return
        if lock is None:
            self._not_begun(126, f"an earlier call still holds its lock {task.lock}")
            return
        ends: tuple[int, ...] = ()
        try:
            stdout, stderr = ends = self._output.open()
            stdin = None
            if task.stdio.tty:
                self._console = Console(self._directory)
            elif task.stdio.stdin:
                stdin = self._input.open()
                ends = (*ends, stdin)
            remember(self._directory, task.stdio)
            self._pid = runtime.spawn(task.argv, task.marker, lock, (stdin, stdout, stderr))
        except OSError as error:
            self._abandon()
            code = 127 if runtime.is_missing(task.argv[0], error) else 126
            self._not_begun(code, f"cannot run {task.argv[0]}: {error.strerror}")
        else:
            self._loop.arm("call", task.timeout_ms / 1000, lambda: self.end(task, "timed out"))
        finally:
            close_all((lock, *ends))

    def end(self, task: Task, why: str) -> None:
        """End a call in flight, with all that it has begun."""
        if self.reap(task) or self._pid is None:
            return
        result = fence(recipes.end_call(task.lock, task.marker, task.state_directory))
        if isinstance(result, Done):
            self._ended(task, os.waitpid(self._pid, 0)[1], why)
        else:
            complain(f"the runtime's create does not end: {result}")
            self._loop.arm("call", _AGAIN_S, lambda: self.end(task, why))

    def reap(self, task: Task) -> bool:
        """Whether a call was in flight, and has now ended by itself."""
        if self._pid is None:
            return False
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if pid:
            self._ended(task, status, "")
        return bool(pid)

    def in_flight(self) -> bool:
        return self._pid is not None

    def _not_begun(self, code: int, why: str) -> None:
        """As a shell says it: 127 there is no such program, 126 it cannot be executed."""
        self._tell(CallEnded(code, "", why, None))

    def _ended(self, task: Task, status: int, why: str) -> None:
        self._pid = None
        self._loop.disarm("call")
        code, _ = exit_of(status)
        init = runtime.init_of(task) if code == 0 else None
        if init is not None and task.stdio.tty and not self._take_terminal():
            why, init = "it has sent no terminal", None
        if init is None:
            words = why or runtime.last_words(f"{self._directory}/create.log", self._output.words())
            self._abandon()
        else:
            words = ""
            self._output.log_to(self._logs.first(task.log, task.log_limits))
        self._tell(CallEnded(code, "", words, init))

    def _take_terminal(self) -> bool:
        master = self._console.take() if self._console is not None else None
        if self._console is not None:
            self._console.close()
            self._console = None
        if master is None:
            return False
        self._input.open_terminal(master)
        return True

    def _abandon(self) -> None:
        """There is no container: nobody writes, and nobody reads."""
        self._output.close()
        self._input.close()
        if self._console is not None:
            self._console.close()
            self._console = None


def exit_of(status: int) -> tuple[int, int]:
    """A wait status as (code, signal): 128 + n and n for one that died by signal n."""
    code = os.waitstatus_to_exitcode(status)
    return (128 - code, -code) if code < 0 else (code, 0)
