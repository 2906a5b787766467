"""How long things take and how they end: every saga and every effect, to the log and to whoever measures.

It listens to what goes out of the machine and what comes back, and reads the ledger for names. It must
never change anything, hold the loop up, or be needed: a daemon without it decides the same.
"""

import logging
import time
from typing import Protocol

from conman.core.effects.effect import Conflict, NotCommitted, Outcome, Unknown
from conman.core.effects.vocabulary import Commit
from conman.core.machine import Machine
from conman.core.outputs import Marked, Perform, SagaBegan, SagaEnded, Told
from conman.core.turns import object_of
from conman.errors import Refusal
from conman.frozen import frozen, replace
from conman.primitives import steps as s

_NS = 1_000_000_000
_log = logging.getLogger(__name__)


class Sink(Protocol):
    """Who measures. Called by whoever is at the machine; must return at once. Durations in seconds."""

    def saga(self, name: str, outcome: str, seconds: float) -> None: ...
    def effect(self, name: str, outcome: str, seconds: float) -> None: ...
    def recovered(self, objects: int, seconds: float) -> None: ...
    def commit(self, outcome: str) -> None: ...
    def leak(self) -> None: ...


@frozen
class _Saga:
    """One under way. `name` is the container's, which may be gone at the end."""

    saga: str
    fields: dict[str, str]
    since: int
    #: Of a recovery: what was found open.
    about: str = ""


@frozen
class _Effect:
    point: str
    name: str
    object_id: str
    is_commit: bool
    since: int


class Spans:
    """Of one machine. All methods are called by whoever is at the machine, in turn."""

    def __init__(self, machine: Machine, sink: Sink | None = None) -> None:
        self._machine = machine
        self._sink = sink
        self._began = time.monotonic_ns()
        #: The last of an object's has its turn; the one before waits meanwhile.
        self._sagas: dict[str, list[_Saga]] = {}
        self._effects: dict[int, _Effect] = {}
        self._current = ""
        self._recoveries = 0

    @property
    def sagas(self) -> int:
        """How many are under way."""
        return sum(map(len, self._sagas.values()))

    @property
    def effects(self) -> int:
        """How many are under way, or wait for a worker."""
        return len(self._effects)

    # ---- what the driver tells

    def told(self, output: Told) -> None:
        match output:
            case SagaBegan():
                self._saga_began(output)
            case SagaEnded():
                self._saga_ended(output)
            case Marked(object_id, reason, message):
                self._marked(object_id, reason, message)

    def effect_began(self, perform: Perform) -> None:
        """Its object is that of the saga whose turn it is: of one object one saga moves at a time."""
        name, is_commit = type(perform.effect).__name__, isinstance(perform.effect, Commit)
        self._effects[perform.ticket] = _Effect(
            perform.point, name, perform.object_id, is_commit, time.monotonic_ns()
        )

    def effect_ended(self, ticket: int, outcome: Outcome) -> None:
        effect = self._effects.pop(ticket, None)
        if effect is None:
            return
        seconds = _seconds_since(effect.since)
        level, word, text = _verdict(outcome)
        if self._sink is not None:
            self._sink.effect(effect.name, word, seconds)
            if effect.is_commit:
                self._sink.commit(type(outcome).__name__)
        if _log.isEnabledFor(level):
            fields = self._fields_of(effect.object_id) | {"duration_ms": _ms(seconds)}
            _log.log(level, "%s: %s", effect.point, text, extra={"fields": fields})

    def ready(self) -> None:
        """Recovery has looked at everything."""
        seconds = _seconds_since(self._began)
        if self._sink is not None:
            self._sink.recovered(self._recoveries, seconds)
        level = logging.INFO if self._recoveries else logging.DEBUG
        _say(level, f"recovered {self._recoveries} containers", {"duration_ms": _ms(seconds)})

    # ---- sagas

    def _saga_began(self, began: SagaBegan) -> None:
        saga = _Saga(began.saga, self._fields(began), time.monotonic_ns())
        if began.saga == "recover":
            self._recoveries += 1
            saga = replace(saga, about=self._found_open(began.object_id))
        elif began.saga == "garbage" and began.object_id:
            if self._sink is not None:
                self._sink.leak()
            _say(logging.WARNING, "garbage: found what no record owns", saga.fields)
        self._sagas.setdefault(began.object_id, []).append(saga)
        _say(logging.DEBUG, f"{began.saga} began", saga.fields)

    def _saga_ended(self, ended: SagaEnded) -> None:
        under_way = self._sagas.get(ended.object_id)
        if under_way is None:
            return
        saga = under_way.pop()
        if not under_way:
            del self._sagas[ended.object_id]
        seconds = _seconds_since(saga.since)
        if self._sink is not None:
            self._sink.saga(saga.saga, _outcome_of(ended.refusal), seconds)
        # A create has its name since its intent; what was removed has it no more.
        fields = self._named(ended.object_id) | saga.fields | {"duration_ms": _ms(seconds)}
        for warning in ended.warnings:
            _say(logging.WARNING, f"{saga.saga}: {warning}", fields)
        about = f" ({saga.about})" if saga.about else ""
        if ended.refusal is None:
            level = logging.INFO if ended.object_id else logging.DEBUG
            _say(level, f"{saga.saga}{about} done", fields)
        else:
            fields["reason"] = ended.refusal.reason
            _say(logging.INFO, f"{saga.saga}{about} refused: {ended.refusal.what}", fields)

    def _marked(self, object_id: str, reason: str, message: str) -> None:
        fields = self._fields_of(object_id)
        if reason:
            _say(logging.WARNING, f"UNKNOWN: {message}", fields | {"reason": reason})
        else:
            _say(logging.INFO, "no longer UNKNOWN", fields)

    def _found_open(self, object_id: str) -> str:
        intent = self._machine.ledger.intents.get(object_id)
        if intent is not None:
            return f"an open {intent.operation.value} of run {intent.run}"
        row = self._machine.ledger.containers.get(object_id)
        return f"{row.state.value}, run {row.run}" if row else ""

    # ---- fields

    def _fields(self, began: SagaBegan) -> dict[str, str]:
        fields = self._named(began.object_id)
        return fields | {"request_id": began.request_id} if began.request_id else fields

    def _fields_of(self, object_id: str) -> dict[str, str]:
        """Container and request, as far as they are known."""
        if object_id in self._sagas:
            return self._named(object_id) | self._sagas[object_id][-1].fields
        return self._named(object_id)

    def _named(self, object_id: str) -> dict[str, str]:
        container_id = object_of(object_id)
        if not container_id:
            return {}
        named = {"container_id": container_id, "container": self._name(container_id)}
        return {key: value for key, value in named.items() if value}

    def _name(self, object_id: str) -> str:
        row = self._machine.ledger.containers.get(object_id)
        return row.name if row else self._machine.ledger.name_of(object_id)


def _verdict(outcome: Outcome) -> tuple[int, str, str]:
    """Level, the word for measures, and what to say."""
    kind = type(outcome).__name__
    match outcome:
        case s.RuntimeAnswer(code, _, stderr) if code != 0:
            return logging.WARNING, "failed", f"the runtime answered {code}: {stderr.strip()}"
        case s.Failed(error, text):
            return logging.WARNING, "failed", f"{error}: {text}"
        case s.TimedOut():
            return logging.WARNING, "timed-out", "did not end in time"
        case s.Remaining(pids) if pids:
            return logging.WARNING, "failed", f"processes {', '.join(map(str, pids))} live"
        case s.Inventory(unreadable=names) if names:
            words = f"no garbage is collected while there are names that are no ids: {names[0]}"
            return logging.WARNING, "done", words
        case Conflict() | NotCommitted() | Unknown():
            return logging.WARNING, "failed", kind
        case _:
            return logging.DEBUG, "done", kind


def _outcome_of(refusal: Refusal | None) -> str:
    return refusal.reason if refusal else "done"


def _say(level: int, words: str, fields: dict[str, str]) -> None:
    _log.log(level, "%s", words, extra={"fields": fields})


def _seconds_since(then: int) -> float:
    return (time.monotonic_ns() - then) / _NS


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f}"
