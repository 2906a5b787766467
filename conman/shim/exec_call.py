"""The runtime's exec, as the shim makes it, and what it leaves.

That runs in the container, with the shim for a parent, and with streams of its own (`exec_stdio`). It must
never take what the runtime says for its output.
"""

import os
from _collections_abc import Callable

from conman.primitives.processes import start_time
from conman.shim import recipes, runtime
from conman.shim.complaint import complain
from conman.shim.exec_stdio import ExecStdio
from conman.shim.execs import ExecProcess, ExecTask
from conman.shim.in_flight import InFlight, exit_of, locked
from conman.shim.loop import Loop
from conman.shim.machine import ExecCallEnded
from conman.shim.stdio import close_all
from conman.shim.task import Offer


class ExecCall:
    """`tell`: where ExecCallEnded goes, exactly once for every `begin`."""

    __slots__ = ("_directory", "_loop", "_running", "_stdio", "_tell", "in_flight")

    def __init__(self, directory: str, loop: Loop, tell: Callable[[ExecCallEnded], None]) -> None:
        self._directory = directory
        self._stdio: dict[str, ExecStdio] = {}
        self._running: dict[int, str] = {}
        self._loop = loop
        self._tell = tell
        self.in_flight = InFlight("exec", loop)

    def begin(self, task: ExecTask) -> None:
        lock, why = locked(task.lock)
        if why:
            self._not_begun(task.id, 126, why)
            return
        try:
            self._spawn(task, lock)
        finally:
            os.close(lock)

    def offer(self, offer: Offer) -> None:
        """Streams of an exec, perhaps before it begins. Raises OSError."""
        self._streams_of(offer.exec_id).offer(offer)

    def reaped(self, pid: int, code: int, signal: int) -> None:
        """If it was an exec's, its clients are told."""
        exec_id = self._running.pop(pid, None)
        if exec_id is not None:
            self._streams_of(exec_id).ended(code, signal)

    def _streams_of(self, exec_id: str) -> ExecStdio:
        if exec_id not in self._stdio:

            def over() -> None:
                del self._stdio[exec_id]

            place = f"{self._directory}/execs/{exec_id}"
            self._stdio[exec_id] = ExecStdio(place, self._loop, over)
        return self._stdio[exec_id]

    def _spawn(self, task: ExecTask, lock: int) -> None:
        ends: tuple[int | None, ...] = ()
        try:
            stdin, stdout, stderr = ends = self._streams_of(task.id).open(task, self._directory)
            pid = runtime.spawn(task.argv, task.marker, lock, (stdin, stdout, stderr))
        except OSError as error:
            code = 127 if runtime.is_missing(task.argv[0], error) else 126
            self._not_begun(task.id, code, f"cannot run {task.argv[0]}: {error.strerror}")
        else:
            bearers = recipes.end_call(task.lock, task.marker, task.state_directory)
            self.in_flight.begun(
                pid, bearers, task.timeout_ms, lambda status, why: self._ended(task, status, why)
            )
        finally:
            close_all(end for end in ends if end is not None)

    def _not_begun(self, exec_id: str, code: int, why: str) -> None:
        """As a shell says it: 127 there is no such program, 126 it cannot be executed."""
        self._streams_of(exec_id).refused(why)
        self._tell(ExecCallEnded(code, why, None))

    def _ended(self, task: ExecTask, status: int, why: str) -> None:
        code, _ = exit_of(status)
        process = _process_of(task) if code == 0 else None
        streams, words = self._streams_of(task.id), ""
        if process is not None and not streams.begun():
            why, process = "it has sent no terminal", None
        if process is None:
            words = why or runtime.last_words(f"{task.directory}/exec.log", streams.words())
            streams.refused(words)
        else:
            self._running[process.pid] = task.id
        self._tell(ExecCallEnded(code, words, process))


def _process_of(task: ExecTask) -> ExecProcess | None:
    """What a successful call left; a zombie too, for its end is still to be reaped."""
    try:
        with open(f"{task.directory}/pid", "rb", buffering=0) as file:
            pid = int(file.read())
        started = start_time(pid)
    except (OSError, ValueError) as error:
        complain(f"the runtime answered 0 but left no process: {error}")
        return None
    if started is None:
        complain(f"the runtime answered 0 but its process {pid} does not exist")
        return None
    return ExecProcess(task.boot_id, pid, started)
