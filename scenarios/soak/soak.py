"""A soak: clients that ask for anything, a daemon that dies all the time, and a census whenever all rests.

A round is some lives of the daemon, until clients have asked a hundred things; then it is left alone, and all is
judged. The first violation ends it. What is drawn comes from the seed, instants come from this machine: a run is
repeated by its seed in kind, not to the letter. It must never go on after a violation, nor leave anything.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from time import monotonic

from scenarios.soak import lives
from scenarios.soak.host import Host
from scenarios.soak.lives import Ends, Life, Means, Round
from scenarios.soak.member import Member
from scenarios.soak.rest import Rest
from scenarios.soak.serving import Over, Serving
from scenarios.soak.totals import Totals

ASKS_A_ROUND = 100
_LOOK_S = 0.02
#: How long a life may wait for answers before it ends even so; for who is to be killed.
_LIFE_S, _STRIKE_S = 4.0, 0.3
#: Answers that a life goes on for, when its point may still come.
_UNTIL_POINT = 6
_NOTES = 4000


@dataclass(frozen=True, slots=True)
class Terms:
    """`seconds`: nobody asks anything new after them."""

    seed: int
    runtime: str
    clients: int
    seconds: float


class Soak:
    """One of them, on a host of its own. `rests`: told after each census."""

    def __init__(self, terms: Terms, means: Means, rests: Callable[[], None]) -> None:
        self._terms, self._means, self._rests = terms, means, rests
        self.totals = Totals({"seed": terms.seed})
        self._began = monotonic()
        self._until = self._began + terms.seconds
        self.notes = deque[str](maxlen=_NOTES)
        self._serving = Serving()
        self.host = Host(terms.runtime, self._note)
        self._members = [self._member(number) for number in range(terms.clients)]
        self.rest = Rest(self.host, self._members)
        self._lives = 0
        self._is_shaken = False

    def _member(self, number: int) -> Member:
        host = self.host
        who = f"client{number}"
        return Member(who, self._terms.seed, self._serving, host.socket, host.names(), self._note)

    def run(self) -> None:
        """Until its time is over. Raises Violation, and Over when it is stopped."""
        number = 0
        self.host.furnish(has_disk=self._means.power_cuts)
        try:
            while monotonic() < self._until and not self._serving.is_over:
                number += 1
                self._round(lives.kind_of(self._terms.seed, number, self._means), number)
            if self._serving.is_over:
                raise Over
            self._live()
            self.rest.removed()
        finally:
            self._serving.ends()
            self._sum_up()

    def stop(self) -> None:
        """From another thread: as soon as whoever waits for something has it."""
        self._serving.ends()

    def _sum_up(self) -> None:
        self.totals.operations = self._serving.answers
        self.totals.seconds = monotonic() - self._began
        self.totals.descriptors = self.rest.most_descriptors
        self.totals.memory_mib = self.rest.most_memory_mib

    def _note(self, what: str) -> None:
        self.notes.append(f"{monotonic() - self._began:9.3f} s  {what}")

    # ---- a round

    def _round(self, kind: Round, number: int) -> None:
        self._note(f"round {number}: {kind}")
        self._is_shaken = False
        each = max(1, ASKS_A_ROUND // len(self._members))
        with ThreadPoolExecutor(len(self._members)) as pool:
            asking = [pool.submit(member.go, each, self._until) for member in self._members]
            try:
                while not _is_over(asking):
                    self._life(kind, asking)
            except BaseException:
                self._serving.ends()
                self.host.end_daemon()
                raise
            failed = [error for one in asking if one.done() and (error := one.exception())]
            if failed:
                self._serving.ends()
                # Who is over has nothing to tell, who has found something has.
                raise min(failed, key=lambda error: isinstance(error, Over))
        self._judge()

    def _judge(self) -> None:
        self._live()
        self.rest.judge(is_shaken=self._is_shaken)
        self.host.forget()
        self.totals.censuses += 1
        self._sum_up()
        self._rests()
        self._note(f"at rest, as told: {', '.join(self.rest.things)}")

    def _live(self) -> None:
        """A daemon lives, and nothing is to befall it."""
        if self.host.is_dead():
            self._bury()
            self.host.begin(None)
            self.host.must_be_ready()
            self._serving.begins()

    # ---- a life

    def _life(self, kind: Round, asking: list[Future[None]]) -> None:
        if self.host.is_dead():
            self._bury()
        else:
            self.host.kill()
            self.totals.killed("conmand at an instant")
        self._lives += 1
        life = lives.life(self._terms.seed, self._lives, kind, self._means)
        if kind is not Round.DAEMONS:
            self._shake()
        self.host.begin(life)
        if life.ends is Ends.RECOVERY:
            self._serving.until(self.host.is_dead, life.seconds, _LOOK_S)
            self._end(life)
        elif not self.host.is_ready():
            self._dies(f"conmand {life.ends}")
            self._is_off(life)
        else:
            self._serving.begins()
            self._serve(life, asking)

    def _serve(self, life: Life, asking: list[Future[None]]) -> None:
        """Until its end, or until clients have asked all that they wanted: then it lives on, if it is not armed."""
        for whom in life.kills:
            self._wait(1, asking)
            self._strike(whom)
        self._wait(life.answers, asking)
        self._serving.until(lambda: self._is_to_end(asking), life.seconds, _LOOK_S)
        if life.point:
            self._wait(_UNTIL_POINT, asking)
        if life.point or self.host.is_dead() or not _is_over(asking):
            self._end(life)

    def _wait(self, answers: int, asking: list[Future[None]]) -> None:
        wanted = self._serving.answers + answers
        self._serving.until(
            lambda: self._serving.answers >= wanted or self._is_to_end(asking), _LIFE_S, _LOOK_S
        )

    def _is_to_end(self, asking: list[Future[None]]) -> bool:
        return self.host.is_dead() or _is_over(asking)

    def _strike(self, whom: lives.Kills) -> None:
        chance, struck = Random(f"{self._terms.seed}/strike/{self._lives}"), list[bool]()

        def strikes() -> bool:
            if not struck and self.host.strike(whom, chance):
                struck.append(True)
            return bool(struck) or self.host.is_dead()

        self._serving.until(strikes, _STRIKE_S, _LOOK_S)
        if struck:
            self.totals.killed(whom)

    def _shake(self) -> None:
        self._is_shaken = True
        for member in self._members:
            member.is_shaken = True

    def _end(self, life: Life) -> None:
        if self.host.is_dead():
            self._dies(f"conmand {life.ends}")
        elif life.ends is Ends.TOGETHER:
            self.host.strike_all()
            self.totals.killed(f"conmand {life.ends}")
        else:
            self.host.kill()
            how = life.ends if life.ends is Ends.RECOVERY else Ends.INSTANT
            self.totals.killed(f"conmand {how}")
            # Perhaps of this very kill: then nobody else was, and it is looked at less closely than it could be.
            self._is_shaken |= self.host.disarm()
        self._is_off(life)

    def _is_off(self, life: Life) -> None:
        """The daemon is dead, and perhaps the power goes with it."""
        if life.is_cut:
            self.host.cut()
            self.totals.power_cuts += 1

    def _bury(self) -> None:
        """Who has died of what it was armed with, while nobody looked."""
        if self.host.daemon.process is not None:
            self._dies("conmand at rest")

    def _dies(self, how: str) -> None:
        self.host.buried()
        self.totals.killed(how)
        # What was struck was conmand itself, once.
        self.host.disarm()


def _is_over(asking: list[Future[None]]) -> bool:
    """All have asked what they wanted, or one has failed."""
    return all(one.done() for one in asking) or any(
        one.done() and one.exception() for one in asking
    )
