"""Turns the machine's crank on a real host: inputs in, effects performed, answers out.

The same as the simulator's, but with threads. Whoever has an input feeds it, in turn: a worker that has done
an effect goes on with what its saga wants next, and the event loop need not be asked in between. It must never
touch the machine without `turn`, drop an outcome, or swallow a bug: whatever is raised in a saga or a performer
is kept in `failure`, and nothing follows it, for a daemon that has lost its mind must die (and recover) rather
than go on.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from conman.core.admission import Now
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import DeadlinePassed, Outcome
from conman.core.effects.recipes import recipe
from conman.core.machine import Machine
from conman.core.model import Stored
from conman.core.outputs import (
    Alarm,
    Marked,
    Observation,
    Output,
    Perform,
    Ready,
    SagaBegan,
    SagaEnded,
    Send,
)
from conman.core.requests import Reply, Request
from conman.engine import watcher
from conman.engine.inputs import Boot, Complete, Forget, Input, Observe, Submit, feed
from conman.engine.spans import Spans
from conman.engine.watcher import Watcher
from conman.engine.workers import Job, Workers
from conman.engine.writer import Entry, Store, Writer
from conman.primitives import steps as s
from conman.primitives.crash_points import CrashPoints

if TYPE_CHECKING:
    from conman.engine.recorder import Recorder

_NS = 1_000_000_000


class Driver:
    """One daemon's engine, made on its event loop. `failure` is done when it can only die.

    `turn` is held by whoever is at the machine; another may take it to look at it.
    """

    def __init__(
        self,
        machine: Machine,
        perform: Callable[[s.Step], s.Result],
        store: Store,
        points: CrashPoints,
        *,
        recorder: "Recorder | None" = None,
        spans: Spans | None = None,
        turn: "threading.Lock | None" = None,
    ) -> None:
        self.ready = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self.failure: asyncio.Future[None] = self._loop.create_future()
        self._turn = turn or threading.Lock()
        self._is_over = False
        self._machine = machine
        self._perform = perform
        self._recorder = recorder
        self._spans = spans or Spans(machine)
        self._watcher = Watcher(self._loop, self._observe, perform)
        self._workers = Workers(self._do, points, self._failed_elsewhere, self._later)
        self._writer = Writer(store, points, self._failed_elsewhere)
        self._calls: dict[int, asyncio.Future[Reply]] = {}
        self._numbers = count(1)
        self._performing = 0
        self._at_rest = asyncio.Event()
        self._is_rest_awaited = False

    def boot(self, stored: Stored) -> None:
        """Recovery begins; `ready` is set when all has been looked at."""
        self._feed(lambda now: Boot(self._machine.setting, stored, now))

    async def submit(self, request: Request) -> Reply:
        """The answer. A caller who goes away stops nothing, and leaves no question behind."""
        call, answer = next(self._numbers), self._loop.create_future()
        self._calls[call] = answer
        try:
            entropy = os.urandom(16)
            self._feed(lambda now: Submit(call, request, now, entropy))
            return await answer
        finally:
            if self._calls.pop(call, None) is not None:
                self._feed(lambda _now: Forget(call))

    def is_alive(self, patience_s: float) -> bool:
        """Asked on the loop, which so is alive; and the store's thread takes no longer than this."""
        return not self.failure.done() and self._writer.is_alive(patience_s)

    async def rest(self) -> None:
        """Until no effect is under way, and what came of the last one is told."""
        with self._turn:
            if self._performing:
                self._is_rest_awaited = True
                self._at_rest.clear()
            else:
                self._at_rest.set()
        await self._at_rest.wait()
        await asyncio.sleep(0)

    def close(self) -> bool:
        """Do nothing more: what is open is left to recovery. True: nobody uses the store any more."""
        with self._turn:
            self._is_over = True
        if not self.failure.done():
            self.failure.cancel()
        self._workers.close()
        self._watcher.close()
        return self._writer.close()

    # ---- inputs, on any thread

    def _feed(self, given: Callable[[Now], Input]) -> None:
        with self._turn:
            self._give(given)

    def _give(self, given: Callable[[Now], Input]) -> None:
        """The clock is read in turn, too: to the machine it never goes back."""
        if self._is_over:
            return
        try:
            self._take(self._fed(given(_now())))
        except BaseException as error:  # noqa: BLE001 - kept for whoever ends the daemon
            self._is_over = True
            self._on_loop(self._fail, error)

    def _fed(self, given: Input) -> Sequence[Output]:
        if self._recorder is None:
            return feed(self._machine, given)
        self._recorder.note_input(given)
        outputs = feed(self._machine, given)
        self._recorder.note_outputs(outputs)
        return outputs

    def _observe(self, ended: Observation) -> None:
        self._feed(lambda now: Observe(ended, now))

    def _complete(self, ticket: int, outcome: Outcome) -> None:
        self._feed(lambda now: Complete(ticket, outcome, now))

    def _performed(self, ticket: int, outcome: Outcome) -> None:
        with self._turn:
            self._performing -= 1
            self._spans.effect_ended(ticket, outcome)
            self._give(lambda now: Complete(ticket, outcome, now))
            if self._performing == 0 and self._is_rest_awaited:
                self._on_loop(self._at_rest.set)

    # ---- outputs, in turn

    def _take(self, outputs: Sequence[Output]) -> None:
        told: list[Alarm | Send | Ready] = []
        for output in outputs:
            match output:
                case Perform():
                    self._begin(output)
                case Alarm() | Send():
                    told.append(output)
                case Ready():
                    self._spans.ready()
                    told.append(output)
                case SagaBegan() | SagaEnded() | Marked():
                    self._spans.told(output)
        if told:
            self._on_loop(self._tell, told)

    def _begin(self, perform: Perform) -> None:
        self._performing += 1
        self._spans.effect_began(perform)
        tell = partial(self._performed, perform.ticket)
        if isinstance(perform.effect, v.HostEffect):
            setting = self._machine.setting
            steps = recipe(perform.effect, setting.layout, setting.runtime_ms)
            self._workers.begin(Job(perform.point, steps), tell)
        else:
            self._writer.put(Entry(perform, tell))

    # ---- on the loop

    def _tell(self, outputs: Sequence[Alarm | Send | Ready]) -> None:
        for output in outputs:
            match output:
                case Alarm(ticket, at):
                    self._set_alarm(ticket, at)
                case Send(call, reply):
                    self._answer(call, reply)
                case Ready():
                    self.ready.set()

    def _set_alarm(self, ticket: int, at: int) -> None:
        """0 is no deadline: only the end itself completes it."""
        if at:
            self._loop.call_at(at / _NS, self._complete, ticket, DeadlinePassed())

    def _answer(self, call: int, reply: Reply) -> None:
        answer = self._calls.pop(call, None)
        if answer is not None and not answer.done():
            answer.set_result(reply)

    def _fail(self, error: BaseException) -> None:
        self._is_over = True
        if not self.failure.done():
            self.failure.set_exception(error)

    # ---- on other threads

    def _do(self, step: s.Step) -> s.Result:
        if isinstance(step, watcher.Step):
            return self._watcher.perform(step)
        return self._perform(step)

    def _failed_elsewhere(self, error: BaseException) -> None:
        self._on_loop(self._fail, error)

    def _on_loop(self, call: Callable[..., None], *args: object) -> None:
        """At once, if this is the loop's thread."""
        if threading.get_ident() == self._loop_thread:
            call(*args)
        else:
            self._later(call, *args)

    def _later(self, call: Callable[..., None], *args: object) -> None:
        """On the loop, and never within the caller, who may have the turn."""
        # An effect may outlive the loop of a daemon that ends; its outcome is for recovery to find.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *args)


def _now() -> Now:
    return Now(time.time_ns(), time.monotonic_ns())
