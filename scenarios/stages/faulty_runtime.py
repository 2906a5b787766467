"""A runtime that can be killed at its steps: fakerunc by its own faults, any other by who traces it.

conmand is given a program of the same name that looks, at each call, whether something is in store for it. It
must never change what a call does that nothing is in store for.
"""

import shutil
from itertools import product
from pathlib import Path
from typing import Protocol

from fakerunc.model import STEPS
from scenarios.stages.daemon import BIN
from scenarios.stages.traced_runtime import CALLS, Traced, program
from scenarios.usage import Usage

#: What conman calls a runtime for; a kill and an exec it does by itself, or not at all.
COMMANDS = ("create", "start", "delete")
#: More passings of one step than any call has.
_PASSINGS = 3
_ASKS = """#!/bin/sh
if read -r FAKERUNC_FAULTS 2>/dev/null <{top}/strikes; then export FAKERUNC_FAULTS; fi
exec {bin}/fakerunc "$@"
"""


class Faulty(Protocol):
    """A place is COMMAND@STEP[#n]."""

    @property
    def path(self) -> Path:
        """What conmand is to call."""
        ...

    def arm(self, place: str) -> None:
        """The next call that comes to it is killed there."""

    def watch(self, command: str) -> None:
        """Nobody is killed: `passed` will say what the next call of it comes to; "": each call of any."""

    def disarm(self) -> bool:
        """Nothing more is in store; True: somebody was killed."""
        ...

    def passed(self) -> list[str]:
        """Places, in their order."""
        ...

    def close(self) -> None:
        """Nobody waits for it any more."""


def faulty(top: Path, run: Path, runtime: str) -> Faulty:
    """`top`: a scratch directory; `run`: where its daemon's runtime keeps its states."""
    return Fake(top, run) if runtime == "fakerunc" else Traced(top, runtime)


def missing(runtime: str) -> str:
    """Why it cannot be killed here, and what to do; "": it can."""
    if runtime != "fakerunc" and shutil.which("strace") is None:
        return "there is no strace on PATH: apt-get install strace"
    return ""


def _steps(command: str) -> tuple[str, ...]:
    """What fakerunc calls the places in a command."""
    return ("begin", *STEPS[command].split(), "answer")


def must_be_a_place(place: str, runtime: str) -> None:
    """Raises Usage."""
    command, _, rest = place.partition("@")
    if command not in COMMANDS:
        raise Usage(f"{place}: conman calls a runtime for {', '.join(COMMANDS)}")
    steps = _steps(command) if runtime == "fakerunc" else CALLS
    if rest.partition("#")[0] not in steps:
        raise Usage(f"{place}: the steps of {runtime} are {', '.join(steps)}")


class Fake:
    """fakerunc, by its faults; what befell it lies in its `ROOT.faults`."""

    def __init__(self, top: Path, run: Path) -> None:
        self.path, self._strikes = top / "fakerunc", top / "strikes"
        self._befallen = run / "runtime.faults"
        self._term = ""
        program(self.path, _ASKS.format(top=top, bin=BIN))

    def arm(self, place: str) -> None:
        # Else what befell another life at this place would be this one's, and nothing more would.
        shutil.rmtree(self._befallen, ignore_errors=not self._befallen.exists())
        self._term = f"{place}=1*kill"
        self._strikes.write_text(f"{self._term}\n")

    def watch(self, command: str) -> None:
        commands = (command,) if command else COMMANDS
        places = (f"{command}@{step}" for command in commands for step in _steps(command))
        every = product(places, range(1, _PASSINGS + 1))
        terms = (f"{place}#{nth}=delay(0s)" for place, nth in every)
        self._strikes.write_text(",".join(terms) + "\n")

    def disarm(self) -> bool:
        self._strikes.unlink(missing_ok=True)
        return any(line.startswith(f"{self._term}: turn 1,") for line in self._lines())

    def passed(self) -> list[str]:
        return [*dict.fromkeys(line.partition("=")[0] for line in self._lines())]

    def _lines(self) -> list[str]:
        log = self._befallen / "log"
        return log.read_text().splitlines() if log.exists() else []

    def close(self) -> None:
        self.disarm()
