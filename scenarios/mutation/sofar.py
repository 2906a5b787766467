"""What a run of mutants has come to so far, as a document that is whole after each of them.

A run that is begun again with the same document goes on where that ends; `merge` joins those of all parts.
What the document says is of the code and tests that it names: never a result of others is taken for theirs.
"""

import os
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from scenarios import outcomes
from scenarios.mutation.judging import Judged
from scenarios.mutation.mutants import Mutant
from scenarios.mutation.table import fields
from scenarios.mutation.trial import By, Verdict
from scenarios.outcomes import Outcome, Result
from scenarios.shards import Shard
from scenarios.usage import Usage

COMMAND = "mutate"


@dataclass(slots=True)
class SoFar:
    """`path`: of the document, "" for none. `terms`: what was asked for. `seconds`: of the clock."""

    path: str
    terms: Result
    shard: Shard
    proofs: Mapping[str, str]
    judged: list[Judged] = field(default_factory=list[Judged])
    seconds: float = 0.0

    def take_up(self, every: Sequence[Mutant]) -> None:
        """What is in the document by now. Raises Usage where that is another run's."""
        if self.path in {"", "-"} or not Path(self.path).exists():
            return
        before, now = outcomes.read(self.path), self.outcome(is_stopped=True)
        if (before.command, before.terms, before.shard, before.code) != (
            now.command,
            now.terms,
            now.shard,
            now.code,
        ):
            raise Usage(
                f"--json {self.path} is of another run, or of other code or tests: name another file, "
                "or --again it for what survived there"
            )
        self.judged = of_results(before.results, every)
        self.seconds = before.seconds

    def add(self, one: Judged) -> None:
        self.judged.append(one)
        if self.path != "-":
            self.write(is_stopped=True)

    def write(self, *, is_stopped: bool) -> None:
        """Whole, or not at all."""
        if self.path in {"", "-"}:
            outcomes.write(self.outcome(is_stopped=is_stopped), self.path)
            return
        beside = f"{self.path}.new"
        outcomes.write(self.outcome(is_stopped=is_stopped), beside)
        os.replace(beside, self.path)

    def outcome(self, *, is_stopped: bool) -> Outcome:
        results = [fields(one, self.proofs) for one in self.judged]
        return Outcome(COMMAND, self.terms, self.shard, results, self.seconds, is_stopped)


def of_results(results: Sequence[Result], every: Sequence[Mutant]) -> list[Judged]:
    """But for those of mutants that are none any more."""
    mutants = {one.name: one for one in every}
    return [_judged(mutants[told["mutant"]], told) for told in results if told["mutant"] in mutants]


def _judged(mutant: Mutant, told: Mapping[str, Any]) -> Judged:
    verdict = Verdict(cast("By", told["by"]), told["what"], is_complete=told["complete"])
    return Judged(mutant, verdict, told["seconds"])


def survivors_of(
    path: str, every: Sequence[Mutant], proofs: Container[str]
) -> tuple[Outcome, list[Judged], list[Mutant]]:
    """A document, what stays of it, and who has to be met again: not who is proven to be no change. Raises Usage."""
    before = outcomes.read(path)
    if before.command != COMMAND:
        raise Usage(f"--again {path} is no report of {COMMAND}")
    judged = of_results(before.results, every)
    stays = [one for one in judged if one.verdict.by or one.mutant.name in proofs]
    return before, stays, [one.mutant for one in judged if one not in stays]
