"""One client of a soak: a thread that asks for anything, again after every death, and keeps what it was told.

Names are its own, so its history alone must explain what it is told. It must never take an answer back, nor
ask a second thing before it knows what became of the first.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from time import monotonic

import grpc

from conman.core.model import State
from conman.core.requests import ContainerList, ContainerView, Reply, Request
from conman.errors import Refusal
from scenarios import specification
from scenarios.clients import Ask, Told, is_ambiguous, request_of, told_of
from scenarios.soak.asks import draw
from scenarios.soak.serving import Over, Serving
from scenarios.specification import ABSENT, CREATED, EXITED, PAUSED, RUNNING
from scenarios.stages import over_grpc
from scenarios.violation import Violation

#: A call that takes longer hangs; conmand's own deadlines are shorter.
PATIENCE_S = 90.0
_AGAIN_S = 0.05
_NAMES = 3
_READS = {"status", "wait", "list"}
#: Something of the environment may end any program, from now on or a moment ago.
_ENDS = Told(Ask("befalls", "SOAK"), "ends")
#: How a container came to its state, as short as can be.
_WAYS = {
    CREATED: (),
    RUNNING: ("start",),
    PAUSED: ("start", "pause"),
    EXITED: ("start", "stop"),
}


@dataclass(slots=True)
class Member:
    """`seed`: of all clients. `note`: where it says what it asks and hears.

    `is_shaken`: since the last rest something has befallen more than the daemon. `is_signalled`: since then
    it has sent a signal, and when that ends a program nobody says.
    """

    who: str
    seed: int
    serving: Serving
    socket: str
    names: over_grpc.Names
    note: Callable[[str], None]
    is_shaken: bool = False
    is_signalled: bool = False
    asked: int = 0
    history: list[Told] = field(default_factory=list[Told])
    programs: dict[str, str] = field(default_factory=dict[str, str])
    _life: int = 0
    _dead: int = 0
    _channel: grpc.Channel | None = None

    def go(self, asks: int, until: float) -> None:
        """So many, but none begins after `until`, of the monotonic clock.

        Raises Over, and Violation where its history explains an answer no more.
        """
        try:
            for _ in range(asks):
                if self.serving.is_over:
                    raise Over
                if monotonic() < until:
                    self._ask_one()
        finally:
            self._let_go()

    def may_be(self) -> dict[str, set[str]]:
        """The states of its names. Raises Violation."""
        found = specification.explains(
            tuple(self.history), rebooted=False, disturbed=self.is_shaken
        )
        return {self._name(n): found.get(self._name(n), {ABSENT}) for n in range(_NAMES)}

    def rests(self, listed: dict[str, str]) -> None:
        """What is told at rest must be so; from there a new history begins. Raises Violation."""
        self.history += self._ends()
        for name in self.may_be():
            self.history.append(_seen(name, listed))
        self.may_be()
        self.history = [told for name in self.may_be() for told in self._way(name, listed)]
        # A signal to what stands still arrives when it is thawed, in whichever round that is.
        is_late = any(listed.get(name) == PAUSED for name in self.may_be())
        self.is_signalled = is_late and bool(self._ends())
        self.is_shaken = False

    def _ends(self) -> list[Told]:
        return [_ENDS] if self.is_shaken or self.is_signalled else []

    def _way(self, name: str, listed: dict[str, str]) -> list[Told]:
        if name not in listed:
            return []
        create = Ask("create", name, program=self.programs[name])
        ways = [Told(Ask(verb, name), "ok") for verb in _WAYS[listed[name]]]
        return [Told(create, "ok"), *ways]

    def _name(self, number: int) -> str:
        return f"{self.who}-{number}"

    # ---- one ask

    def _ask_one(self) -> None:
        chance = Random(f"{self.seed}/{self.who}/{self.asked}")
        states = self.may_be()
        ask = draw(chance, list(states), states)
        request_id = f"soak-{self.who}-{self.asked}"
        self.asked += 1
        self.note(f"{self.who} asks {specification.verb_of(ask)} {ask.name} {ask.to}")
        reply = self._answered(request_of(ask, request_id), is_read=ask.verb in _READS)
        self._learn(ask, reply)
        self.serving.answered()

    def _learn(self, ask: Ask, reply: Reply) -> None:
        told = self._told(ask, reply)
        said = ", ".join(one.answer for one in told)
        self.note(f"{self.who} is told {said} of {ask.verb} {ask.name}")
        self.is_signalled |= ask.verb == "kill"
        ends = self._ends()
        self.history += [*ends, *told, *ends]
        if ask.verb == "create" and told[0].answer == "ok":
            self.programs[ask.name] = ask.program
        if ask.verb == "rename" and told[0].answer == "ok":
            self.programs[ask.to] = self.programs[ask.name]
        self.may_be()

    def _told(self, ask: Ask, reply: Reply) -> list[Told]:
        if isinstance(reply, ContainerList):
            listed = {view.name: view.state.value for view in reply.containers}
            unsure = {view.name for view in reply.containers if view.state is State.UNKNOWN}
            return [_seen(name, listed) for name in self.may_be() if name not in unsure]
        if isinstance(reply, ContainerView) and is_ambiguous(reply):
            return []
        return [told_of(ask, reply)]

    # ---- asking until there is an answer

    def _answered(self, request: Request, *, is_read: bool) -> Reply:
        """Raises Over, or Violation when nobody answers for long."""
        unclear_since = monotonic()
        while True:
            reply = self._asked(request)
            if isinstance(reply, Refusal) and reply.reason == over_grpc.NOBODY:
                self._is_dead(request, reply)
                unclear_since = monotonic()
            elif is_ambiguous(reply) and not (is_read and isinstance(reply, ContainerView)):
                if monotonic() - unclear_since > PATIENCE_S:
                    raise Violation("I5", f"{request} is still answered {reply}")
                threading.Event().wait(_AGAIN_S)
            else:
                return reply

    def _is_dead(self, request: Request, reply: Refusal) -> None:
        if reply.code.value != "UNAVAILABLE":
            raise Violation("I5", f"{request} was answered by nobody: {reply.what}")
        self._dead = self._life
        self._let_go()

    def _asked(self, request: Request) -> Reply:
        if self._channel is None:
            self._life = self.serving.after(self._dead)
            alone = (("grpc.use_local_subchannel_pool", 1),)
            self._channel = grpc.insecure_channel(f"unix:{self.socket}", alone)
        answer = over_grpc.call(request, self.names).begin(self._channel, PATIENCE_S)
        return over_grpc.reply(answer)

    def _let_go(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._channel = None


def _seen(name: str, listed: dict[str, str]) -> Told:
    return Told(Ask("status", name), listed.get(name, "ContainerNotFound"))
