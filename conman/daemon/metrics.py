"""What conmand counts, in Prometheus' words: the registry, and who feeds it.

Imported only when metrics are asked for, for the library takes as long to load as a tenth of conmand's start.
It must never be needed, nor hold anybody up: a count is an addition, and what must be looked up (containers
by state, queues) is asked for when somebody reads.
"""

import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.process_collector import ProcessCollector

from conman.core.execs import running
from conman.core.machine import Machine
from conman.core.model import State
from conman.engine.spans import Spans
from conman.frozen import frozen

#: Seconds. From a warm store commit to a runtime call that is about to be killed.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@frozen
class Present:
    """What holds at one moment. `states`: containers by state; `execs`: those that run."""

    states: Mapping[str, int]
    shims: int
    execs: int
    sagas: int
    effects: int


class Metrics:
    """All of them. Counts come by the methods that calls and spans tell; gauges by `refresh`."""

    def __init__(self, about: Mapping[str, str]) -> None:
        self.registry = registry = CollectorRegistry()
        Info("conman", "Which conmand this is.", registry=registry).info(dict(about))
        self._calls = Counter(
            "conman_calls",
            "Finished gRPC calls, by method and code.",
            ("method", "code"),
            registry=registry,
        )
        self._call_seconds = Histogram(
            "conman_call_seconds",
            "How long gRPC calls took.",
            ("method",),
            registry=registry,
            buckets=_BUCKETS,
        )
        self._sagas = Counter(
            "conman_sagas",
            "Finished sagas, by name and outcome: done, or the refusal's reason.",
            ("saga", "outcome"),
            registry=registry,
        )
        self._saga_seconds = Histogram(
            "conman_saga_seconds",
            "How long sagas took.",
            ("saga",),
            registry=registry,
            buckets=_BUCKETS,
        )
        self._effects = Counter(
            "conman_effects",
            "Finished effects, by name and outcome: done, failed, timed-out.",
            ("effect", "outcome"),
            registry=registry,
        )
        self._effect_seconds = Histogram(
            "conman_effect_seconds",
            "How long effects took, with their wait for a worker or for the store.",
            ("effect",),
            registry=registry,
            buckets=_BUCKETS,
        )
        self._commits = Counter(
            "conman_commits",
            "Transactions handed to the store, by outcome.",
            ("outcome",),
            registry=registry,
        )
        self._leaks = Counter(
            "conman_leaks_found",
            "Objects of ours found on the host that no record owns.",
            registry=registry,
        )
        self._recovery_seconds = Gauge(
            "conman_recovery_seconds", "From the start of recovery to readiness.", registry=registry
        )
        self._recovered = Gauge(
            "conman_recovered_containers",
            "Containers that the recovery looked at.",
            registry=registry,
        )
        self._containers = Gauge(
            "conman_containers", "Containers, by state.", ("state",), registry=registry
        )
        self._shims = Gauge(
            "conman_shims", "Runs that are prepared, with a shim each.", registry=registry
        )
        self._execs = Gauge("conman_execs", "Execs that run.", registry=registry)
        self._open_sagas = Gauge("conman_open_sagas", "Sagas under way.", registry=registry)
        self._open_effects = Gauge(
            "conman_open_effects",
            "Effects under way, or in wait for a worker or the store.",
            registry=registry,
        )
        self._asked = Gauge(
            "conman_scrape_timestamp_seconds",
            "When the gauges were last looked up.",
            registry=registry,
        )
        ProcessCollector(registry=self.registry)

    # ---- told by calls and spans

    def call(self, method: str, code: str, seconds: float) -> None:
        self._calls.labels(method, code).inc()
        self._call_seconds.labels(method).observe(seconds)

    def saga(self, name: str, outcome: str, seconds: float) -> None:
        self._sagas.labels(name, outcome).inc()
        self._saga_seconds.labels(name).observe(seconds)

    def effect(self, name: str, outcome: str, seconds: float) -> None:
        self._effects.labels(name, outcome).inc()
        self._effect_seconds.labels(name).observe(seconds)

    def commit(self, outcome: str) -> None:
        self._commits.labels(outcome).inc()

    def recovered(self, objects: int, seconds: float) -> None:
        self._recovered.set(objects)
        self._recovery_seconds.set(seconds)

    def leak(self) -> None:
        self._leaks.inc()

    # ---- for a reader

    def refresh(self, present: Present) -> None:
        """What was looked up just now."""
        for state in State:
            self._containers.labels(state.value).set(present.states.get(state.value, 0))
        self._shims.set(present.shims)
        self._execs.set(present.execs)
        self._open_sagas.set(present.sagas)
        self._open_effects.set(present.effects)
        self._asked.set(time.time())


def present(machine: Machine, spans: Spans) -> Present:
    """On the machine's own thread only."""
    ledger, layout, states = machine.ledger, machine.setting.layout, dict[str, int]()
    for object_id in ledger.listed():
        state = ledger.view(object_id, layout).state.value
        states[state] = states.get(state, 0) + 1
    # Of an earlier boot nothing lives, though its rows are settled one after the other.
    prepared = [row for row in ledger.containers.values() if row.is_prepared(layout.boot_id)]
    execs = sum(len(running(row.execs)) for row in prepared)
    return Present(states, len(prepared), execs, spans.sagas, spans.effects)
