"""Whether a real host at rest is as its rows say: the oracle's questions, asked of processes and files.

A look is one; whoever asks decides how long a host may take to come to rest, and one that rests does so twice in a
row. It must never ask the daemon.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from conman.core.execs import Exec, ExecState
from conman.core.model import Container, State
from scenarios import census, oracle, restarting
from scenarios.disk import is_whole
from scenarios.exec_oracle import NOT_BEGUN
from scenarios.programs import EXITS_BY_ITSELF, OBEYS_TERM
from scenarios.stages.census import Thing
from scenarios.stages.programs import EXECS
from scenarios.stages.real_host import RealHost
from scenarios.story import Befalls, Story
from scenarios.violation import Violation

#: How a program may end besides by itself: by KILL.
_KILLED = 137


@dataclass(frozen=True, slots=True)
class Seen:
    """A host that is as its rows say. `found`: as `RealHost.found` names things."""

    rows: tuple[Container, ...]
    found: tuple[str, ...]


class Steady:
    """Looks at a host until it is the same at rest twice in a row: what passes by at rest is none."""

    def __init__(self) -> None:
        #: At the last look, if it was as it must be.
        self.seen: Seen | None = None
        #: Of the last look: why it is not.
        self.verdict = Violation("I5", "nobody has looked")

    def is_so(self, look: Callable[[], Seen]) -> bool:
        """Looks once more. `look` raises Violation."""
        try:
            now = look()
        except Violation as violation:
            self.seen, self.verdict = None, violation
            return False
        before, self.seen = self.seen, now
        if before is not None and now != before:
            changed = sorted({*before.found} ^ {*now.found}) or "a row"
            self.verdict = Violation("I5", f"changed while all was at rest: {changed}")
        return now == before


def at_rest(host: RealHost, story: Story, *, rebooted: bool = False, unseen: bool = False) -> Seen:
    """`unseen`: a shim was killed, who alone knows how an exec ended. Raises Violation."""
    asks = story.given + story.asks
    command = next((ask.program for ask in asks if ask.verb == "create"), "")
    seen = as_stored(host, has_lost_run=Befalls.RUN_REMOVED in story.befalls)
    for row in seen.rows:
        if row.state is State.EXITED and is_owed(row, story, rebooted=rebooted):
            raise Violation("I19", f"{row.name} has ended, and nobody is to start it again")
        is_disturbed = bool(story.befalls) or rebooted
        honest(row, command, may_be_unknown=is_disturbed)
        for one in row.execs:
            _honest_exec(one, may_be_unknown=is_disturbed or unseen)
    return seen


def is_owed(row: Container, story: Story, *, rebooted: bool) -> bool:
    """Another run; the count is its own, which whoever saw its runs has yet to judge.

    What counts is the policy at its end. Where the power was cut that may have been before its client changed it.
    """
    if rebooted and any(ask.verb == "update" and ask.policy is not None for ask in story.asks):
        return False
    return restarting.is_owed(row, row.restart_count, asked_for=row.is_stopped)


def as_stored(host: RealHost, *, has_lost_run: bool = False) -> Seen:
    """A host that is as its rows say. `has_lost_run`: somebody has removed RUN. Raises Violation."""
    stored = host.stored()
    if stored.intents:
        raise Violation("I5", f"open intents at rest: {[one.id for one in stored.intents]}")
    if stored.quarantined:
        raise Violation("I1", f"quarantined: {stored.quarantined}")
    things = host.things()
    runs = {run for run, one in host.programs(things) if not one.comm.startswith("runc:")}
    for row in stored.containers:
        _is_true(host, row, runs, things)
        if row.spec.auto_remove and row.state is State.EXITED:
            raise Violation("I5", f"{row.name} has ended, and is never removed")
        if row.next_restart_at:
            raise Violation("I19", f"{row.name} has ended, and is never started again")
    found = host.found(stored.containers, things)
    owned = [_owned(host, row, found, has_lost_run=has_lost_run) for row in stored.containers]
    oracle.accounted([*chain(*owned)], found)
    return Seen(stored.containers, tuple(found))


def _owned(host: RealHost, row: Container, found: list[str], *, has_lost_run: bool) -> list[str]:
    lost = has_lost_run and not host.has_shim_directory(row)
    shim_lives = f"shim {row.id}-{row.run}" in found
    return census.owned_by(row, host.boot_id, has_lost_run=lost, shim_lives=shim_lives)


def _is_true(host: RealHost, row: Container, runs: set[str], things: list[Thing]) -> None:
    oracle.ordered(row)
    if not is_whole(host.config(row)):
        raise Violation("I9", f"the config.json of {row.name} is torn or lost")
    alive = row.init is not None and host.is_alive(row.init.process)
    oracle.alive_as_told(row, alive=alive, program_runs=f"{row.id}-{row.run}" in runs)
    if alive:
        oracle.held_as_told(row, host.freezer(row, things))


def honest(row: Container, command: str, *, may_be_unknown: bool) -> None:
    """What may be told of a program's end, by what the program is. Raises Violation."""
    if row.state is not State.EXITED or row.reason == "StartError":
        return
    codes = {_KILLED, EXITS_BY_ITSELF.get(command, _KILLED), OBEYS_TERM.get(command, _KILLED)}
    is_unknown = row.reason == "Unknown" and may_be_unknown
    if row.exit_code not in codes and not is_unknown:
        raise Violation("I11", f"{row.name} is told {row.exit_code}, {row.reason}")


def _honest_exec(one: Exec, *, may_be_unknown: bool) -> None:
    if one.state is not ExecState.EXITED:
        return
    if one.reason in NOT_BEGUN:
        codes = {NOT_BEGUN[one.reason]}
    elif one.reason == "Unknown":
        codes = {255} if may_be_unknown else set[int]()
    else:
        words = (one.spec.command, *one.spec.args)
        name = next(name for name, program in EXECS.items() if program.words == words)
        codes = {_KILLED, EXITS_BY_ITSELF.get(name, _KILLED)}
    if one.exit_code not in codes:
        raise Violation("I11", f"exec {one.id} is told {one.exit_code}, {one.reason}")
