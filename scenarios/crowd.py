"""Several clients at once, and the history of what each asked and was told, on one clock.

Each asks one thing at a time. After an ambiguous answer, and after a daemon's death, it asks again with
the same request id, or gives up and never learns what became of it; chance decides. The history is what
`linearizability` judges: it holds also what the world did (programs that ended, reboots).
"""

from dataclasses import dataclass, field, replace

from conman.core import requests as r
from conman.core.model import State
from scenarios.choices import Choices
from scenarios.clients import (
    MAKE_EXEC,
    NOBODYS_EXEC,
    OF_EXEC,
    Ask,
    Told,
    is_ambiguous,
    request_of,
    told_of,
)
from scenarios.linearizability import ENDS, NEVER, REBOOT, Call, environment
from scenarios.specification import LIVE
from scenarios.story import Befalls
from scenarios.violation import Violation
from scenarios.world import World

#: Whoever asks for these is told the id of what was made.
_MAKES = ("create", *MAKE_EXEC)
#: An end may be theirs: then no program has ended by itself.
_ENDING = ("stop", REBOOT)


@dataclass(slots=True)
class Member:
    """One client. `open`: its call's place in the history, -1: none. `waits`: until time has passed.

    `goes_by`: what its request ids begin with. Two that go by one name are one client on two connections.
    """

    who: str
    asks: tuple[Ask, ...]
    goes_by: str = ""
    position: int = 0
    open: int = -1
    is_asking: bool = False
    waits: bool = False

    def is_over(self) -> bool:
        return self.position == len(self.asks)

    def can_ask(self) -> bool:
        return not (self.is_asking or self.waits or self.is_over())

    def ask(self) -> Ask:
        return self.asks[self.position]

    def request_id(self) -> str:
        return f"{self.goes_by or self.who}-{self.position}"

    def done(self) -> None:
        self.position, self.open, self.waits = self.position + 1, -1, False


@dataclass(slots=True)
class Crowd:
    """All clients, and the one history of them."""

    choices: Choices
    members: tuple[Member, ...]
    history: list[Call] = field(default_factory=list[Call])
    clock: int = 0
    #: Calls to the daemon that lives, by their numbers.
    _calls: dict[int, Member] = field(default_factory=dict[int, Member])
    #: Where in the history is the end of each run.
    _ends: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    _reboots: list[int] = field(default_factory=list[int])
    #: How much of what conman did by itself is in the history.
    _noted: int = 0
    #: Where in the history is the call of each request id.
    _requests: dict[str, int] = field(default_factory=dict[str, int])

    def remember(self, given: tuple[Told, ...]) -> None:
        """What was given, one client was told before. What befell the host ends programs, as `see` sees."""
        for told in given:
            if told.ask.verb == "befalls":
                if told.ask.name == Befalls.REBOOT.name:
                    self.power_cut()
                continue
            ids = (told.container_id,) if told.ask.verb in _MAKES else ()
            self.history.append(Call(told.ask, self._tick(), self._tick(), told.answer, ids))

    def clone(self) -> "Crowd":
        """What the copy asks and is told from now on, this one does not."""
        members = {member.who: replace(member) for member in self.members}
        return replace(
            self,
            members=tuple(members.values()),
            history=list(self.history),
            _calls={call: members[member.who] for call, member in self._calls.items()},
            _ends=dict(self._ends),
            _reboots=list(self._reboots),
            _requests=dict(self._requests),
        )

    def key(self) -> str:
        """All that matters of it. Calls and ids have the names that chance gave."""
        calls = [(call, member.who) for call, member in self._calls.items()]
        return repr((self.members, self.history, calls, self._ends, self._reboots, self._requests))

    def key_of_the_dead(self) -> str:
        """What matters of it once the daemon has died: who was asking then will ask again."""
        members = [(member.who, member.position, member.open) for member in self.members]
        return repr((members, self.history, self._ends, self._reboots, self._requests))

    def _tick(self) -> int:
        self.clock += 1
        return self.clock

    def is_over(self) -> bool:
        return all(member.is_over() for member in self.members)

    # ---- clients

    def asks(self, member: Member, call: int, entropy: bytes) -> r.Request:
        """The member asks, for the first time or again; its container may get this id."""
        if member.open < 0:
            member.open = self._call_of(member)
        known = self.history[member.open]
        if member.ask().verb in _MAKES and not known.answer:
            self.history[member.open] = replace(known, ids=(*known.ids, entropy.hex()))
        member.is_asking = True
        self._calls[call] = member
        ask = self._about(member.ask())
        return request_of(ask, member.request_id(), known.about)

    def _exec_of(self, name: str) -> str:
        """The exec that was created last in this container, or would be."""
        made = [c for c in self.history if c.ask.verb in MAKE_EXEC and c.ask.name == name and c.ids]
        return made[-1].ids[-1] if made else NOBODYS_EXEC

    def _about(self, ask: Ask) -> Ask:
        """Who waits for a removal means that very container, whoever has its name by then."""
        if ask.verb != "wait-removed":
            return ask
        calls = [
            call
            for call in self.history
            if call.ask.name == ask.name and call.ask.verb == "create" and call.ids
        ]
        return replace(ask, name=calls[-1].ids[-1])

    def _call_of(self, member: Member) -> int:
        """That of its request, which another connection may have asked for before, and not in vain."""
        known = self._requests.get(member.request_id())
        if known is not None and self.history[known].answer in {"", "ok"}:
            return known
        self._requests[member.request_id()] = len(self.history)
        ask = member.ask()
        about = self._exec_of(ask.name) if ask.verb in OF_EXEC else ""
        self.history.append(Call(ask, self._tick(), who=member.who, about=about))
        return len(self.history) - 1

    def is_told(self, call: int, reply: r.Reply) -> tuple[Member, Told | None]:
        """Who, and what; None: it is as wise as before."""
        member = self._calls.pop(call)
        member.is_asking = False
        if is_ambiguous(reply):
            self._in_the_dark(member)
            return member, None
        told = told_of(member.ask(), reply)
        if self.history[member.open].answer:
            self._is_told_again(self.history[member.open], told)
            member.done()
            return member, told
        known = self.history[member.open]
        call_ = replace(known, answered=self._tick(), answer=told.answer, code=told.code)
        if told.container_id and told.ask.verb in _MAKES:
            call_ = replace(call_, ids=(told.container_id,))
        if isinstance(reply, r.ContainerList):
            call_ = _listed(call_, reply)
        self.history[member.open] = call_
        member.done()
        return member, told

    def _is_told_again(self, call: Call, told: Told) -> None:
        """One request has one answer, whoever asks."""
        is_made = told.ask.verb in _MAKES and told.answer == "ok"
        is_another = is_made and (told.container_id,) != call.ids
        if told.answer != call.answer or is_another:
            other = f"{told.answer} {told.container_id}".strip()
            raise Violation("I9", f"{call.told()}, and once more, on another connection, {other}")

    def _in_the_dark(self, member: Member) -> None:
        if self.choices.once_in("gives-up", 4):
            member.done()
        else:
            member.waits = True

    def time_passes(self) -> None:
        for member in self.members:
            member.waits = False

    def go_away(self) -> list[int]:
        """Whoever waits for an end that nobody brings does; their calls."""
        calls = [
            call
            for call, member in self._calls.items()
            if member.ask().verb in {"wait", "wait-removed", "wait-exec"}
        ]
        for call in calls:
            member = self._calls.pop(call)
            member.is_asking = False
            member.done()
        return calls

    def daemon_dies(self) -> None:
        """Nobody who asked will be told."""
        for member in self._calls.values():
            member.is_asking = False
            self._in_the_dark(member)
        self._calls.clear()
        self.time_passes()

    # ---- the environment

    def see(self, world: World) -> None:
        """Note what conman did by itself, and which programs have ended; an undone run's end is forgotten, for its number is used again."""
        for run in [run for run in self._ends if run not in world.exits]:
            at = self._ends.pop(run)
            self.history[at] = replace(self.history[at], ids=("",), answered=NEVER)
        for verb, container_id in world.by_itself[self._noted :]:
            self.history.append(environment(verb, self._tick(), container_id=container_id))
        self._noted = len(world.by_itself)
        for run in world.exits:
            if run not in self._ends:
                self._ends[run] = len(self.history)
                self.history.append(environment(ENDS, self._tick(), container_id=run[0]))

    def observed(self, world: World, run: tuple[str, int]) -> None:
        """The daemon has just seen this end: whoever asks from now on is told of it.

        Not of a start that nobody was told of yet: for that one's row this run is still to come.
        """
        row, at = world.storage.containers.get(run[0]), self._ends.get(run)
        if at is not None and row is not None and row.run == run[1] and row.state.value in LIVE:
            self.history[at] = replace(self.history[at], answered=self._tick())

    def power_cut(self) -> None:
        self._reboots.append(len(self.history))
        self.history.append(environment(REBOOT, self._tick()))

    def is_ready(self, world: World) -> None:
        """The daemon serves: what a reboot has ended is settled, and so is whoever it found ended by itself."""
        by_others = any(call.ask.verb in _ENDING for call in self.history)
        settled = [at for run, at in self._ends.items() if _is_over(world, run) and not by_others]
        for at in (*self._reboots, *settled):
            if self.history[at].answered == NEVER:
                self.history[at] = replace(self.history[at], answered=self._tick())
        self._reboots.clear()

    def at_rest(self, reply: r.ContainerList) -> None:
        """What is listed when all is over, after every call that ever will take place."""
        self.history.append(_listed(Call(Ask("list", ""), self._tick(), self._tick(), "ok"), reply))


def _is_over(world: World, run: tuple[str, int]) -> bool:
    """Its end is committed."""
    row = world.storage.containers.get(run[0])
    return row is not None and row.run == run[1] and row.state is State.EXITED


def _listed(call: Call, reply: r.ContainerList) -> Call:
    seen = tuple((one.name, one.state.value) for one in reply.containers)
    unsure = tuple(one.name for one in reply.containers if one.state is State.UNKNOWN)
    return replace(call, seen=seen, unsure=unsure)
