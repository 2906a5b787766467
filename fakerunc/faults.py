"""Deaths on order: FAKERUNC_FAULTS ends a command by SIGKILL before the step that it names.

    FAKERUNC_FAULTS="create@rename-state=kill,create@make-cgroup#3=kill,start@answer=kill"

A term is COMMAND@STEP=kill, STEP the model's name of a step (with #K for the K-th of that name) or
`answer`: all is done, nobody told. Every term must be understood before anything is done.
"""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

from fakerunc.model import StepKind

VARIABLE = "FAKERUNC_FAULTS"
ANSWER = "answer"
_STEPS = [kind.value for kind in StepKind] + [ANSWER]
_COMMANDS = (
    "checkpoint", "create", "delete", "events", "exec", "kill", "pause", "ps", "resume", "run",
    "start", "state", "update",
)  # fmt: skip


class UnknownFault(Exception):
    """A term that says nothing; str() names it, and what would be right."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The places at which one command dies: (step, how manieth)."""

    deadly: frozenset[tuple[str, int]]

    def pass_by(self, step: str, nth: int) -> None:
        if (step, nth) in self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)


def ordered(command: str) -> Faults:
    """Those of the environment that are meant for `command`; all of it is checked."""
    text = os.environ.get(VARIABLE, "")
    return Faults(frozenset((step, nth) for of, step, nth in _terms(text) if of == command))


def _terms(text: str) -> Iterator[tuple[str, str, int]]:
    for term in filter(None, (word.strip() for word in text.split(","))):
        place, _, action = term.partition("=")
        command, _, where = place.partition("@")
        step, _, nth = where.partition("#")
        if command not in _COMMANDS:
            raise UnknownFault(_unknown(term, "command", command, _COMMANDS))
        if step not in _STEPS:
            raise UnknownFault(_unknown(term, "step", step, _STEPS))
        if action != "kill":
            raise UnknownFault(_unknown(term, "action", action, ("kill",)))
        if nth and not nth.isdigit():
            raise UnknownFault(f"{VARIABLE}: {term}: #{nth} is no number")
        yield command, step, int(nth or 1)


def _unknown(term: str, kind: str, word: str, right: tuple[str, ...] | list[str]) -> str:
    return f'{VARIABLE}: {term}: no {kind} is called "{word}"; there are {", ".join(right)}'
