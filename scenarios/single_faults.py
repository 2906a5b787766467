"""Each story with one fault, at each of its steps and commits: exhaustive where a swarm only samples.

The story is told in one order of events. Once its daemon has come to rest it is killed, and another one,
without faults, brings all to rest and is judged as in a swarm. What fails is drawn by nobody: a step fails
before its work or after it, or hangs where it may; a commit fails, or is Unknown, kept or lost.
"""

from collections import Counter
from collections.abc import Iterator

from conman.primitives import steps as s
from scenarios.choices import Recorded
from scenarios.crowd import Crowd, Member
from scenarios.faults import AT_COMMIT, AT_EVENT, AT_STEP, Faults, may_fail, victims
from scenarios.nodes import Node, initial
from scenarios.story import Story
from scenarios.swarm import Result, Trial
from scenarios.violation import Violation
from scenarios.world import World

#: More instants than any life has: a daemon that is to come to rest.
NEVER = 1 << 30
ERRORS = ("ENOSPC", "EIO")


class OneFault(Faults):
    """At the `index`-th step or commit that it may befall, from 0. `struck`: whether there was one."""

    def __init__(self, kind: str, error: str, index: int) -> None:
        super().__init__(Recorded(()), Counter())
        self._kind, self._error, self._left = kind, error, index
        self.struck = ""

    def at_step(self, step: s.Step, world: World) -> str:
        return self._due(type(step).__name__) if may_fail(world, step, self._kind) else ""

    def at_commit(self) -> str:
        return self._due("Commit") if self._kind in AT_COMMIT else ""

    def _due(self, where: str) -> str:
        self._left -= 1
        self.struck = where if self._left == -1 else self.struck
        return self._kind if self._left == -1 else ""

    def at_event(self, world: World) -> str:
        if self._kind not in AT_EVENT or not victims(world, self._kind):
            return ""
        struck = self._due("an event")
        if struck:
            self.befall(world, struck)
        return struck

    def failure(self, kind: str, step: s.Step) -> s.Result:
        if self._error:
            return s.Failed(self._error, "as the fault has it")
        return super().failure(kind, step)


def kinds() -> Iterator[tuple[str, str]]:
    """(kind of fault, errno or "")."""
    for kind in (*AT_EVENT, *AT_STEP, *AT_COMMIT):
        errors = ERRORS if kind in AT_STEP[:2] else ("",)
        yield from ((kind, error) for error in errors)


def each(story: Story) -> Iterator[tuple[str, Result]]:
    """(which fault, what it came to), for each kind at each of its places."""
    start = initial(story)
    for kind, error in kinds():
        fault = OneFault(kind, error, 0)
        index = 0
        while True:
            fault = OneFault(kind, error, index)
            result = one(start, story, fault)
            if not fault.struck:
                break
            yield f"{kind}{error and f' {error}'} at {fault.struck}, #{index}", result
            index += 1


def one(start: Node, story: Story, fault: Faults) -> Result:
    """To the verdict."""
    choices = Recorded(())
    crowd = Crowd(choices, (Member("client-1", story.asks),))
    crowd.remember(start.client.history)
    result = Result(0)
    trial = Trial(start.world.clone(), crowd, result)
    try:
        trial.live(fault, NEVER)
        trial.judge()
    except Violation as violation:
        result.violation = (violation.invariant, violation.what)
    trial.close()
    return result
