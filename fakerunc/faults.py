"""Faults on order: what a command suffers at a step, by FAKERUNC_FAULTS or the settings' file.

What happens is written down before it happens, in <root>.faults/log; how often a clause has been used,
and how often its place was passed, is kept in <root>.faults/counts, for the calls to come: so chance,
drawn from the seed and that count, falls again as it fell. It must never be left to a clock.
"""

import os
import signal
import time
from collections import Counter
from dataclasses import dataclass, field

from fakerunc.fault_terms import ANSWER, BEGIN, Term, terms
from fakerunc.flavour import RUNC, Flavour
from fakerunc.model import Answer
from fakerunc.settings import settings


class Injected(Exception):
    """A step that fails though the host did nothing; str() is why."""


class Ended(Exception):
    """The command ends here with an answer that is not its own."""

    def __init__(self, answer: Answer) -> None:
        """The rest of the plan is not done."""
        super().__init__(answer.stderr)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Faults:
    """Those that `command` may meet; `place` is where they are counted and written down."""

    command: str
    flavour: Flavour
    terms: tuple[Term, ...]
    place: str
    seed: int
    passed: Counter[str] = field(default_factory=Counter[str])

    def pass_by(self, step: str) -> None:
        """May end this process, delay it, hold it for ever, or raise Injected or Ended."""
        self.passed[step] += 1
        for term in self.terms:
            if (term.step, term.nth) == (step, self.passed[step]):
                self._suffer(term, step)

    def pass_answer(self, answer: Answer) -> None:
        """Who fails only here says so in its command's own words; who has failed, keeps to that."""
        try:
            self.pass_by(ANSWER)
        except Injected as failure:
            if not answer.code:
                raise Ended(self.flavour.failure(self.command, str(failure))) from failure

    def _suffer(self, term: Term, step: str) -> None:
        # Only here: most calls suffer nothing, and its imports are slow.
        from fakerunc.fault_draw import drawn  # noqa: PLC0415

        clause = drawn(term, self.place, self.seed)
        match clause.action:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                signal.pthread_sigmask(signal.SIG_SETMASK, ())
                while True:
                    signal.pause()
            case "delay":
                time.sleep(clause.value)
            case "error":
                raise Injected(f"{step}: {os.strerror(int(clause.value)).lower()}")
            case "lie":
                raise Ended(Answer(int(clause.value), "", ""))
            case _:
                pass


def ordered(command: str, root: str, flavour: Flavour = RUNC) -> Faults:
    """Those that are meant for `command`; all are checked, and what comes at the beginning comes."""
    told = settings()
    found = tuple(term for term in terms(told.faults) if term.command == command)
    if found:
        # Only here: see _suffer. What it cannot count it says before anything is done.
        from fakerunc.fault_draw import counted  # noqa: PLC0415

        counted(f"{root}.faults")
    faults = Faults(command, flavour, found, f"{root}.faults", told.seed)
    try:
        faults.pass_by(BEGIN)
    except Injected as failure:
        words = f"{command}: {failure}"
        raise Ended(flavour.failure(command, words)) from failure
    return faults
