"""Feeds what happens to a shim into `machine.step`, and performs what it says, in order.

It decides nothing; every rule is in the machine, which the simulator runs as well. It waits for nothing
without a bound but the disk, and keeps the runtime's create and the container's output moving meanwhile.
"""

import os
import time
from _collections_abc import Callable

from conman.frozen import replace
from conman.primitives.crash_points import CrashPoints, crash
from conman.primitives.light import socket
from conman.primitives.perform import perform
from conman.primitives.shared_results import Done, Failed, OomCount, SharedResult
from conman.primitives.shared_steps import ReadOom, Shared, WriteFile
from conman.shim import frames, machine
from conman.shim.call import Call
from conman.shim.complaint import complain
from conman.shim.connections import Connections
from conman.shim.crash_names import action_name, input_name, reopening_point, rotation_point
from conman.shim.exec_call import ExecCall
from conman.shim.in_flight import exit_of
from conman.shim.input import Input
from conman.shim.logs import Logs
from conman.shim.loop import Loop
from conman.shim.remembered import remembered
from conman.shim.stdio import Output
from conman.shim.streams import Streams
from conman.shim.task import Offer, Stdio

#: How long the end of the container's output is waited for, once its init has ended.
_DRAIN_S = 2.0

#: How long those who read along may take to read its last words, before they are lost to them.
_LAST_WORDS_S = 2.0

#: Why a call in flight is ended.
_ANOTHER = "ended by its shim, for another daemon has come"


class Shim:
    """One run's shim. `run` returns when the machine says Leave; else the process is killed."""

    def __init__(self, directory: str, listener: socket.socket, points: CrashPoints) -> None:
        self._directory = directory
        self._points = points
        self._state = machine.State()
        self._inputs: list[machine.Input] = []
        self._loop = Loop()
        self._output = Output(
            directory,
            self._loop.readers,
            lambda: self._loop.hasten("drain"),
            self._written,
        )
        self._input = Input(directory, self._loop.readers, self._roomy, self._output.read_terminal)
        self._streams = Streams(
            directory,
            self._loop,
            self._input,
            self._output.hold,
            lambda: self._loop.hasten("last words"),
        )
        self._logs = Logs(directory, self._do_of_rotation)
        self._call = Call(
            directory,
            self._loop,
            self._output,
            self._input,
            logs=self._logs,
            tell=self._inputs.append,
        )
        self._exec = ExecCall(directory, self._loop, self._exec_called)
        self._connections = Connections(listener, self._loop.readers, self._inputs.append)

    def run(self, create_within_s: float) -> None:
        self._loop.watch_children(self._reap)
        self._loop.arm("create", create_within_s, lambda: self._inputs.append(machine.TimeUp()))
        while self._state.phase != machine.Phase.LEFT:
            if self._inputs:
                self._react(self._inputs.pop(0))
            else:
                self._loop.turn()

    def _react(self, event: machine.Input) -> None:
        name = input_name(type(event))
        self._points.passes(f"{name}/before")
        self._state, actions = machine.step(self._state, event)
        steps = 0
        for action in actions:
            if not isinstance(action, machine.DoStep):
                self._do(action)
                continue
            steps += 1
            if not self._do_step(f"{name}/during:{steps}", action):
                break  # a record is void as a whole: it will be written again from its first step
        self._points.passes(f"{name}/after")

    def _do(self, action: machine.Action) -> None:
        name = action_name(type(action))
        self._points.passes(f"{name}/before")
        match action:
            case machine.RunCall(task):
                self._streams.once = task.stdio.once
                self._call.begin(task)
            case machine.EndCall():
                self._call.in_flight.end(_ANOTHER)
            case machine.RunExec(exec_task):
                self._exec.begin(exec_task)
            case machine.EndExec():
                self._exec.in_flight.end(_ANOTHER)
            case machine.ReopenOutput(log):
                self._inputs.append(machine.OutputReopened(self._reopen(log)))
            case machine.OfferStream(offer):
                self._inputs.append(machine.StreamOffered(self._offer(offer)))
            case machine.ReopenLog():
                self._inputs.append(machine.LogReopened(self._reopen_log()))
            case machine.CompleteLog(log):
                self._streams.hurry()
                patience = 0 if self._output.at_end() else _DRAIN_S
                self._loop.arm("drain", patience, lambda: self._complete_log(log))
            case machine.Send(connection, seq, body):
                self._connections.send(connection, seq, body)
            case machine.Leave():
                pass
            case machine.DoStep():
                raise AssertionError(action)
        self._points.passes(f"{name}/after")

    def _do_step(self, point: str, action: machine.DoStep) -> bool:
        """Perform one primitive, and tell the machine where it wants to know. False: it failed."""
        step = action.step
        if self._points.reached(point):
            _tear(step)
        result = attempt(step)
        match result:
            case OomCount(kills):
                self._inputs.append(machine.OomRead(kills))
            case _ if isinstance(step, ReadOom):
                self._inputs.append(machine.OomRead(0))
            case Done() if action.last:
                self._inputs.append(machine.RecordWritten(ok=True))
            case Done():
                pass
            case _:
                self._inputs.append(machine.RecordWritten(ok=False))
                return False
        return True

    def _do_of_rotation(self, steps: tuple[Shared, ...]) -> int:
        return self._do_of_log(steps, rotation_point)

    def _do_of_reopening(self, steps: tuple[Shared, ...]) -> int:
        return self._do_of_log(steps, reopening_point)

    def _do_of_log(self, steps: tuple[Shared, ...], point: Callable[[int], str]) -> int:
        """How many were done, before one failed."""
        for number, step in enumerate(steps):
            if self._points.reached(point(number + 1)):
                crash()
            if not isinstance(attempt(step), Done):
                return number
        return len(steps)

    def _reopen_log(self) -> str:
        """Why it cannot be; "" when it is."""
        try:
            self._output.reopen_log(self._do_of_reopening)
        except OSError as error:
            complain(f"the log cannot be reopened: {error}")
            return error.strerror or str(error)
        return ""

    def _reopen(self, log: str) -> str:
        """Why the output cannot be read; "" when it is."""
        try:
            self._output.reopen(self._logs.next(log))
            self._talk_on(remembered(self._directory))
        except OSError as error:
            complain(f"cannot go on reading: {error}")
            return error.strerror or str(error)
        return ""

    def _talk_on(self, stdio: Stdio) -> None:
        self._streams.once = stdio.once
        if stdio.stdin or stdio.tty:
            self._input.succeed(terminal=stdio.tty)

    def _roomy(self) -> None:
        """The program has read what was typed; there is room for more."""
        self._streams.go_on()

    def _written(self, name: str, data: bytes) -> None:
        """The container wrote it, and it is in the log."""
        self._streams.write(name, data)

    def _complete_log(self, log: str) -> None:
        self._output.settle()
        # Where it was moved away, and nobody said so, what is there is made durable all the same.
        self._reopen_log()
        for step in self._logs.complete(log):
            attempt(step)
        self._streams.end(_last_frame(self._state.ended))
        patience = _LAST_WORDS_S if self._streams.owes() else 0
        complete = machine.LogComplete()
        self._loop.arm("last words", patience, lambda: self._inputs.append(complete))

    def _offer(self, offer: Offer) -> str:
        """Why it cannot be taken up; "" when it can."""
        try:
            (self._exec if offer.exec_id else self._streams).offer(offer)
        except OSError as error:
            complain(f"no stream can be offered: {error}")
            return error.strerror or str(error)
        return ""

    def _exec_called(self, ended: machine.ExecCallEnded) -> None:
        """Whoever ended while the call went on is reaped now, and told after it."""
        self._inputs.append(ended)
        self._reap()

    def _reap(self) -> None:
        """While a call goes on only the call is reaped: no end of its process may be told before it."""
        calls = (self._exec.in_flight, self._call.in_flight)
        if any(one.is_there() and not one.reap() for one in calls):
            return
        try:
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                code, signal = exit_of(found[1])
                self._inputs.append(machine.ChildEnded(found[0], code, signal, time.time_ns()))
                self._exec.reaped(found[0], code, signal)
        except ChildProcessError:
            return  # no children at all


def _last_frame(ended: machine.ChildEnded | None) -> bytes:
    if ended is None:
        why = "a dead shim's successor cannot see how the program ends: ask conmand, which can"
        return frames.failed("ExitUnseen", why)
    return frames.encode_fields(frames.EXIT, {"code": ended.code, "signal": ended.signal})


def attempt(step: Shared) -> SharedResult:
    """Perform one step; what fails is also said on stderr."""
    result = perform(step)
    if isinstance(result, Failed):
        complain(f"{type(step).__name__}: {result.text}")
    return result


def _tear(step: Shared) -> None:
    """Die in the middle of a step: of a write, when half of it is done."""
    if isinstance(step, WriteFile):
        perform(replace(step, data=step.data[: len(step.data) // 2]))
    crash()
