"""The runtime's create, as the shim makes it, and what it leaves: a container, its streams and its log.

While it goes on (`in_flight`), its output belongs to it; afterwards to the container. It must never let what
a runtime says into a container's log.
"""

from _collections_abc import Callable

from conman.shim import recipes, runtime
from conman.shim.console import Console
from conman.shim.in_flight import InFlight, exit_of, locked
from conman.shim.input import Input
from conman.shim.logs import Logs
from conman.shim.loop import Loop
from conman.shim.machine import CallEnded
from conman.shim.remembered import remember
from conman.shim.stdio import Output, close_all
from conman.shim.task import Task


class Call:
    """`tell`: where CallEnded goes, exactly once for every `begin`."""

    __slots__ = (
        "_console",
        "_directory",
        "_input",
        "_logs",
        "_output",
        "_tell",
        "in_flight",
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
        self.in_flight = InFlight("create", loop)
        self._output = output
        self._input = input_
        self._console: Console | None = None
        self._logs = logs
        self._tell = tell

    def begin(self, task: Task) -> None:
        lock, why = locked(task.lock)
        if why:
            self._not_begun(126, why)
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
            pid = runtime.spawn(task.argv, task.marker, lock, (stdin, stdout, stderr))
        except OSError as error:
            self._abandon()
            code = 127 if runtime.is_missing(task.argv[0], error) else 126
            self._not_begun(code, f"cannot run {task.argv[0]}: {error.strerror}")
        else:
            bearers = recipes.end_call(task.lock, task.marker, task.state_directory)
            self.in_flight.begun(
                pid, bearers, task.timeout_ms, lambda status, why: self._ended(task, status, why)
            )
        finally:
            close_all((lock, *ends))

    def _not_begun(self, code: int, why: str) -> None:
        """As a shell says it: 127 there is no such program, 126 it cannot be executed."""
        self._tell(CallEnded(code, "", why, None))

    def _ended(self, task: Task, status: int, why: str) -> None:
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
        return self._input.take_terminal(master)

    def _abandon(self) -> None:
        """There is no container: nobody writes, and nobody reads."""
        self._output.close()
        self._input.close()
        if self._console is not None:
            self._console.close()
            self._console = None
