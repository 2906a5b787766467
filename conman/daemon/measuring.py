"""Brings together who measures: spans, and metrics where they are asked for.

The library for metrics is loaded only then.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from conman.api.service import About
from conman.core.machine import Machine
from conman.daemon.config import Config
from conman.daemon.endpoint import parse_endpoint
from conman.engine.spans import Spans
from conman.frozen import frozen

if TYPE_CHECKING:
    from conman.daemon.metrics import Metrics, Present
    from conman.daemon.metrics_server import MetricsServer


@frozen
class Measuring:
    """`metrics` and `server` are None where nobody asked for any."""

    spans: Spans
    metrics: "Metrics | None" = None
    server: "MetricsServer | None" = None

    @classmethod
    def begin(cls, config: Config, machine: Machine, about: About, turn: Lock) -> "Measuring":
        """On the event loop. `turn`: for looks at the machine. Raises HostError: no such address."""
        if not config.metrics_address:
            return cls(Spans(machine))
        from conman.daemon import metrics, metrics_server  # noqa: PLC0415 - late on purpose

        labels = {
            "version": about.version,
            "instance": about.instance,
            "runtime": about.runtime,
        }
        made = metrics.Metrics(labels)
        spans = Spans(machine, made)
        look = partial(_in_turn, turn, partial(metrics.present, machine, spans))
        server = metrics_server.MetricsServer(
            parse_endpoint(config.metrics_address),
            made,
            metrics_server.on_loop(asyncio.get_running_loop(), look),
        )
        server.start()
        return cls(spans, made, server)

    def close(self) -> None:
        if self.server is not None:
            self.server.close()


def _in_turn(turn: Lock, look: "Callable[[], Present]") -> "Present":
    with turn:
        return look()
