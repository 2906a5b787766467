"""A driver over a machine that says what a test tells it to say, a store on paper, and written-down points.

Not a simulation: there is no core in it, and no host.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, NotCommitted, Outcome
from conman.core.layout import Layout
from conman.core.machine import Machine
from conman.core.model import DropIntent, Stored
from conman.core.outputs import Output, Perform
from conman.engine.driver import Driver
from conman.primitives import steps as s
from conman.primitives.crash_points import CrashPoints

LAYOUT = Layout("/d", "/r", "0123abcd", "boot")
ONE_STEP = v.LookForMembers("c", 1)
SEVEN_STEPS = v.EndShim("c", 1)


class Script:
    """A machine: `says` is asked for the outputs of each input, which is kept in `told`."""

    def __init__(self, says: Callable[[tuple[Any, ...]], Sequence[Output]]) -> None:
        self.setting = Setting(LAYOUT)
        self.told: list[tuple[Any, ...]] = []
        self._says = says

    def boot(self, _stored: Stored, _now: object) -> Sequence[Output]:
        return self._input("boot")

    def submit(self, call: int, request: object, _now: object, entropy: bytes) -> Sequence[Output]:
        assert len(entropy) == 16
        return self._input("submit", call, request)

    def forget(self, call: int) -> None:
        self.told.append(("forget", call))

    def complete(self, ticket: int, outcome: object, _now: object) -> Sequence[Output]:
        return self._input("complete", ticket, outcome)

    def observe(self, observation: object, _now: object) -> Sequence[Output]:
        return self._input("observe", observation)

    def _input(self, *told: object) -> Sequence[Output]:
        self.told.append(told)
        return self._says(told)

    def completed(self) -> list[tuple[int, Any]]:
        return [(told[1], told[2]) for told in self.told if told[0] == "complete"]


class Points:
    """Crash points that only write down what was passed."""

    def __init__(self) -> None:
        self.passed: list[str] = []

    def passes(self, name: str) -> None:
        self.passed.append(name)


class Paper:
    """A store: the batches it was given; `gate` holds it up."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.gate = threading.Event()
        self.threads: set[str] = set()
        self.gate.set()
        self.entered = threading.Event()

    def commit(self, transactions: Sequence[Any]) -> list[Outcome]:
        self.threads.add(threading.current_thread().name)
        self.entered.set()
        assert self.gate.wait(10)
        self.batches.append(list(transactions))
        return [Committed() for _ in transactions]

    def reopen(self, token: str) -> Outcome:
        self.batches.append([token])
        return NotCommitted(token)


class Bench:
    """A driver over a script, a store and a performer of the test's."""

    def __init__(
        self,
        says: Callable[[tuple[Any, ...]], Sequence[Output]],
        perform: Callable[[s.Step], s.Result] = lambda _step: s.Done(),
        turn: "threading.Lock | None" = None,
    ) -> None:
        self.script, self.points, self.store = Script(says), Points(), Paper()
        self.driver = Driver(
            cast("Machine", self.script),
            perform,
            self.store,
            cast("CrashPoints", self.points),
            turn=turn,
        )


def run(test: Callable[[], Awaitable[None]]) -> None:
    unheard: list[dict[str, Any]] = []

    async def bounded() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: unheard.append(what))
        await asyncio.wait_for(test(), 20)

    asyncio.run(bounded())
    assert not unheard


def at_boot(*outputs: Output) -> Callable[[tuple[Any, ...]], Sequence[Output]]:
    return lambda told: outputs if told[0] == "boot" else ()


def commit(ticket: int) -> Perform:
    return Perform(ticket, v.CommitUndone((DropIntent(f"c{ticket}"),)), f"recover/C{ticket}")
