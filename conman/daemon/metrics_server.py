"""Serves the metrics over HTTP, on a thread of its own: GET /metrics.

What must be looked up is asked of the event loop, for a bounded time; a loop that is busy costs a reader
its gauges' freshness, never the daemon a call. It listens on loopback or a unix socket, nowhere else.
"""

import asyncio
import logging
import os
import socket
import stat
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from conman.daemon.endpoint import Endpoint
from conman.daemon.metrics import Metrics, Present
from conman.errors import Code, HostError, Refusal

_LOOK_S = 2.0
_log = logging.getLogger(__name__)


def on_loop(loop: asyncio.AbstractEventLoop, look: Callable[[], Present]) -> Callable[[], Present]:
    """`look`, as any thread may call it. Raises TimeoutError when the loop does not get to it."""

    async def ask() -> Present:
        return look()

    def asked() -> Present:
        return asyncio.run_coroutine_threadsafe(ask(), loop).result(_LOOK_S)

    return asked


class MetricsServer:
    """Listens from its construction on, which raises HostError; serves from `start` to `close`."""

    def __init__(self, endpoint: Endpoint, metrics: Metrics, look: Callable[[], Present]) -> None:
        """`look` is called by a reader's thread."""
        self._endpoint = endpoint
        try:
            self._server = _Server(endpoint, _handler(metrics, look))
        except OSError as error:
            raise _unusable(endpoint, error.strerror or str(error)) from error
        # A daemon thread: a reader who never finishes must not keep the process from ending.
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )

    @property
    def address(self) -> str:
        """Where it listens; a port 0 has become a real one."""
        if self._endpoint.path:
            return str(self._endpoint)
        port: int = self._server.socket.getsockname()[1]
        return str(Endpoint(host=self._endpoint.host, port=port))

    def start(self) -> None:
        self._thread.start()
        _log.info("metrics on %s", self.address)

    def close(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        if self._endpoint.path:
            with suppress(FileNotFoundError):
                os.unlink(self._endpoint.path)


class _Server(ThreadingHTTPServer):
    """On either kind of address; a thread a reader."""

    daemon_threads = True
    request_queue_size = 16

    def __init__(self, endpoint: Endpoint, handler: type[BaseHTTPRequestHandler]) -> None:
        self._is_unix = bool(endpoint.path)
        if endpoint.path:
            self.address_family = socket.AF_UNIX
            _make_way(endpoint)
        elif ":" in endpoint.host:
            self.address_family = socket.AF_INET6
        where = endpoint.path or (endpoint.host, endpoint.port)
        super().__init__(where, handler)  # pyright: ignore[reportArgumentType]

    def server_bind(self) -> None:
        """Not HTTPServer's, which asks the DNS for our name."""
        if not self._is_unix:
            TCPServer.server_bind(self)
            return
        mask = os.umask(0o177)
        try:
            TCPServer.server_bind(self)
        finally:
            os.umask(mask)


def _make_way(endpoint: Endpoint) -> None:
    """Remove the socket of a daemon that is dead."""
    try:
        if not stat.S_ISSOCK(os.lstat(endpoint.path).st_mode):
            raise _unusable(endpoint, "something else is there")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(endpoint.path)
        raise _unusable(endpoint, "another process listens there")
    except FileNotFoundError:
        return
    except ConnectionRefusedError:
        os.unlink(endpoint.path)


def _handler(metrics: Metrics, look: Callable[[], Present]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path.partition("?")[0] not in ("/", "/metrics"):
                self.send_error(404, "metrics are at /metrics")
                return
            try:
                metrics.refresh(look())
            except (TimeoutError, CancelledError, RuntimeError):
                _log.warning("the event loop is busy: gauges are not fresh")
            body = generate_latest(metrics.registry)
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            _log.debug("metrics: %s", format % args)

        def address_string(self) -> str:
            return "a reader"

    return Handler


def _unusable(endpoint: Endpoint, why: str) -> HostError:
    return HostError(
        Refusal(
            Code.FAILED_PRECONDITION,
            "MetricsAddressUnusable",
            f"metrics cannot be served on {endpoint}: {why}",
            "name another --metrics-address",
            "metrics-address",
        )
    )
