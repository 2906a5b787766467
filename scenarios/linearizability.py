"""Whether answers to several clients at once fit one order of their requests, and of what else happened.

A sequential model of the whole API on all names at once; each call takes place at one moment between
its question and its answer, one that was never answered at some moment or not at all. Ends of programs
and reboots are moves of the environment: each is justified by an event of the world, and none happens
before it. The search goes depth first over orders and remembers where it has been; one that does not
come to its end is a violation too. It never looks at the core or the host.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from conman.core.restart import NEVER as NO_RESTART
from scenarios.clients import MAKE_EXEC, OF_EXEC, Ask
from scenarios.specification import (
    ABSENT,
    ALLOWED,
    CREATED,
    ENDING_SIGNALS,
    EXCUSES,
    EXITED,
    LIVE,
    RUNNING,
    verb_of,
)
from scenarios.violation import Violation

ENDS, REBOOT = "program-ends", "reboot"
#: What conman does by itself with what has ended.
RESTARTS, GOES = "restarts", "goes"
_ENVIRONMENT = (ENDS, REBOOT, RESTARTS, GOES)
#: For calls that never were answered, and moves of the environment that may come late.
NEVER = 1 << 60
STEPS_AT_MOST = 200_000

#: Refusals without effect where the host fails: a step of a create may, too.
FORGIVEN = EXCUSES | {"BadRootfs", "BadMountSource", "BadDevice", "BadAccounts"}
#: What may become of a call of which nobody was told.
_UNANSWERED = {"start": ("ok", "StartError")}


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `asked`, `answered`: moments of one clock. `ids`: those that its container may get.

    Of a list `seen` has what it showed of each name; names that are UNKNOWN are in `unsure`. `about`: the exec that
    is meant; `code`: with which it is told to have ended.
    """

    ask: Ask
    asked: int
    answered: int = NEVER
    answer: str = ""
    ids: tuple[str, ...] = ()
    seen: tuple[tuple[str, str], ...] = ()
    unsure: tuple[str, ...] = ()
    who: str = ""
    about: str = ""
    code: int | None = None

    def told(self) -> str:
        what = f"{self.who} {verb_of(self.ask)} {self.ask.name}".strip()
        shown = f" {dict(self.seen)}" if self.ask.verb == "list" else ""
        return f"{what} was answered {self.answer}{shown}"


def environment(verb: str, at: int, *, container_id: str = "", until: int = NEVER) -> Call:
    """A program's end, from this moment on; or a reboot, seen at the latest when conmand is ready."""
    return Call(Ask(verb, ""), at, until, "ok", (container_id,))


@dataclass(frozen=True, slots=True)
class Container:
    """What the model knows of one. `again`: its policy may have it restarted; `is_stopped`: somebody has asked for its end."""

    id: str
    name: str
    state: str
    again: bool = False
    is_stopped: bool = False


#: All containers, by their ids.
Model = tuple[Container, ...]
#: Which calls are done; the containers that others have in hand already (call, id); the model.
Place = tuple[int, tuple[tuple[int, str], ...], Model]


@dataclass(slots=True)
class Search:
    """One history. `disturbed`: refusals for the host's reasons are forgiven, if without effect."""

    history: Sequence[Call]
    disturbed: bool
    steps: int = 0
    deepest: int = -1
    stuck: str = ""
    _seen: set[Place] = field(default_factory=set[Place])

    def check(self) -> None:
        """Raises Violation."""
        if not self._goes_on((0, (), ())):
            raise Violation("I9", f"no order of calls explains it: {self.stuck}")

    def _goes_on(self, start: Place) -> bool:
        stack = [start]
        while stack:
            place = stack.pop()
            if place in self._seen:
                continue
            self._seen.add(place)
            self.steps += 1
            if self.steps > STEPS_AT_MOST:
                raise Violation("I9", "the check of the history does not come to its end")
            if self._is_over(place[0]):
                return True
            stack += reversed(list(self._moves(place)))
        return False

    def _is_over(self, done: int) -> bool:
        return all(done >> n & 1 or c.answered == NEVER for n, c in enumerate(self.history))

    def _moves(self, place: Place) -> Iterator[Place]:
        """The next calls: those that nobody's answer precedes. Whoever was answered first goes first."""
        done, held, model = place
        left = [n for n in range(len(self.history)) if not done >> n & 1]
        first = min(self.history[n].answered for n in left)
        open_calls = [n for n in left if self.history[n].asked < first]
        open_calls.sort(key=lambda n: (self.history[n].answered, n))
        for n in open_calls:
            yield from self._one(n, done, held, model)
        self._note(done, first)

    def _note(self, done: int, first: int) -> None:
        depth = done.bit_count()
        if depth > self.deepest and first != NEVER:
            self.deepest = depth
            self.stuck = next(c.told() for c in self.history if c.answered == first)

    def _one(
        self, n: int, done: int, held: tuple[tuple[int, str], ...], model: Model
    ) -> Iterator[Place]:
        call, mine = self.history[n], dict(held).get(n)
        rest = tuple(one for one in held if one[0] != n)
        target = mine if mine is not None else _resolved(model, call.ask.name)
        for after in self._effects(call, target, model):
            yield done | 1 << n, rest, after
        if mine is None and target and self._may_wait(n):
            yield done, tuple(sorted((*held, (n, target)))), model

    def _may_wait(self, n: int) -> bool:
        """Between a name's look-up and the call's turn somebody may rename or remove what it means."""
        call = self.history[n]
        return call.ask.verb not in {"create", "list", "status", *_ENVIRONMENT} and any(
            other.ask.verb in {"rename", "remove"} and other is not call and _overlap(call, other)
            for other in self.history
        )

    # ---- what a call does

    def _effects(self, call: Call, target: str, model: Model) -> Iterator[Model]:
        match call.ask.verb:
            case "create":
                yield from self._create(call, model)
            case "list":
                shown = {c.name: c.state for c in model if c.name not in call.unsure}
                if shown == {name: s for name, s in call.seen if name not in call.unsure}:
                    yield model
            case "program-ends":
                yield from _ended(model, call.ids[0])
            case "restarts":
                yield from _restarted(model, call.ids[0])
            case "goes":
                yield from _gone(model, call.ids[0])
            case "wait-removed":
                # What it is told is `removing`'s to judge.
                yield model
            case "reboot":
                yield tuple(replace(c, state=EXITED) if c.state in LIVE else c for c in model)
            case _:
                yield from self._on_container(call, target, model)
        if self.disturbed and call.answer in FORGIVEN:
            yield model

    def _create(self, call: Call, model: Model) -> Iterator[Model]:
        is_taken = any(c.name == call.ask.name for c in model)
        if call.answer == "NameTaken":
            if is_taken or self._is_reserved(call, call.ask.name):
                yield model
        elif call.answer and ("create", ABSENT, call.answer) in ALLOWED and call.answer != "ok":
            yield model
        elif call.answer in {"", "ok"} and not is_taken:
            for one in call.ids:
                yield _with(model, Container(one, call.ask.name, CREATED, _has_policy(call.ask)))

    def _is_reserved(self, call: Call, name: str) -> bool:
        """A name is held from the intent on: by a create that was not yet answered, and may be undone."""
        return any(
            other is not call and _overlap(call, other) and other.ask.name == name
            for other in self.history
            if other.ask.verb == "create"
        )

    def _on_container(self, call: Call, target: str, model: Model) -> Iterator[Model]:
        found = next((c for c in model if c.id == target), None)
        if found is None:
            if call.answer == "ContainerNotFound":
                yield model
            return
        for state in _states(call, found.state):
            if state == ABSENT:
                yield tuple(c for c in model if c.id != found.id)
            elif call.ask.verb == "rename" and call.answer in {"", "ok"}:
                yield from _renamed(model, found, call.ask.to)
            elif call.answer != "NameTaken" or self._is_in_the_way(call, found, model):
                yield _with(model, _policed(call, replace(found, state=state)))

    def _is_in_the_way(self, call: Call, found: Container, model: Model) -> bool:
        is_taken = any(c.name == call.ask.to and c.id != found.id for c in model)
        return is_taken or self._is_reserved(call, call.ask.to)


def _states(call: Call, before: str) -> tuple[str, ...]:
    """How a program ends is told by the world, and not by who found it ended or sent it a signal."""
    verb = verb_of(call.ask)
    keeps = verb in {"kill", "attach", "reopen-log", *MAKE_EXEC, *OF_EXEC}
    # Of an exec it is another process that has ended.
    if (call.answer == "NotRunning" and (not keeps or verb == "kill")) or verb == "wait":
        return (EXITED,) if before == EXITED else ()
    answers = (call.answer,) if call.answer else _UNANSWERED.get(verb, ("ok",))
    after = tuple(s for a in answers for s in ALLOWED.get((verb, before, a), ()))
    return (before,) if after and keeps else after


def _resolved(model: Model, name: str) -> str:
    return next((c.id for c in model if c.name == name), "")


def _with(model: Model, one: Container) -> Model:
    return tuple(sorted((*(c for c in model if c.id != one.id), one), key=lambda c: c.id))


def _ended(model: Model, container_id: str) -> Iterator[Model]:
    for one in model:
        if one.id == container_id and one.state in LIVE:
            yield _with(model, replace(one, state=EXITED))


def _restarted(model: Model, container_id: str) -> Iterator[Model]:
    """By its policy, which never undoes an explicit stop."""
    for one in model:
        if one.id == container_id and one.state == EXITED and one.again and not one.is_stopped:
            yield _with(model, replace(one, state=RUNNING))


def _gone(model: Model, container_id: str) -> Iterator[Model]:
    for one in model:
        if one.id == container_id and one.state == EXITED:
            yield tuple(each for each in model if each is not one)


def _policed(call: Call, one: Container) -> Container:
    """What a call says of restarts to come. Who was told that it was refused has said nothing."""
    ask, verb = call.ask, call.ask.verb
    if call.answer not in {"", "ok", "SignalMayBeSent"}:
        return one
    if verb == "stop" or (verb == "kill" and ask.signal in ENDING_SIGNALS):
        return replace(one, is_stopped=True)
    if verb == "start":
        return replace(one, is_stopped=False)
    if verb == "update" and ask.policy is not None:
        return replace(one, again=_has_policy(ask))
    return one


def _has_policy(ask: Ask) -> bool:
    return ask.policy is not None and ask.policy != NO_RESTART


def _renamed(model: Model, found: Container, to: str) -> Iterator[Model]:
    if not any(c.name == to and c.id != found.id for c in model):
        yield _with(model, replace(found, name=to))


def _overlap(one: Call, other: Call) -> bool:
    return one.asked < other.answered and other.asked < one.answered


def check(history: Sequence[Call], *, disturbed: bool) -> None:
    """Raises Violation I9 when no order of these calls explains their answers."""
    Search(history, disturbed).check()
