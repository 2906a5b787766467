"""The gRPC server on conmand's socket: conman's service, health, reflection.

Whoever may open the socket may do everything, so it is never open to others, not for a moment. Nobody who
listens there is ever pushed away.
"""

import os
import socket
import stat
from collections.abc import Callable
from typing import Protocol, cast

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from conman.api.info import Facts
from conman.api.service import SERVER_OPTIONS, SERVICE, About, Service, Submit
from conman.daemon.calls import Sink, interceptors
from conman.daemon.config import Config
from conman.daemon.feed import Feed
from conman.daemon.late_reflection import LateReflection
from conman.daemon.log_feed import LogFeed
from conman.daemon.looks import Looks
from conman.errors import Code, HostError, Refusal
from conman.frozen import frozen

_UP = health_pb2.HealthCheckResponse.SERVING
_DOWN = health_pb2.HealthCheckResponse.NOT_SERVING


class Health(Protocol):
    """The one method of grpc's health service that is called; it comes without types."""

    async def set(self, service: str, status: int) -> None: ...


@frozen
class Server:
    """Bound and not yet started."""

    grpc: grpc.aio.Server
    health: Health
    feed: Feed
    logs: LogFeed

    async def tell_health(self, *, up: bool) -> None:
        for name in ("", SERVICE):
            await self.health.set(name, _UP if up else _DOWN)


async def bind(
    config: Config,
    submit: Submit,
    about: About,
    *,
    feed: Feed,
    logs: LogFeed,
    looks: Looks,
    facts: Callable[[], Facts],
    sink: Sink | None = None,
) -> Server:
    """Raises HostError when the socket cannot be had."""
    server = grpc.aio.server(interceptors=interceptors(sink), options=SERVER_OPTIONS)
    Service(submit, about, feed, facts, container_logs=logs, looks=looks).add_to(server)
    checks = cast("Health", health.aio.HealthServicer())  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)  # pyright: ignore[reportUnknownMemberType]
    server.add_generic_rpc_handlers((LateReflection((SERVICE, health.SERVICE_NAME)),))
    made = Server(server, checks, feed, logs)
    await made.tell_health(up=False)
    _make_way(config.socket)
    _bind(server, config)
    return made


def _make_way(path: str) -> None:
    """Remove the socket of a daemon that is dead."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise _unusable(path, "something else is there")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)
        raise _unusable(path, "another process listens there")
    except FileNotFoundError:
        return
    except ConnectionRefusedError:
        os.unlink(path)
    except OSError as error:
        raise _unusable(path, str(error.strerror)) from error


def _bind(server: grpc.aio.Server, config: Config) -> None:
    directory = os.path.dirname(config.socket)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise _unusable(config.socket, f"no socket can be made in {directory}")
    mask = os.umask(0o177)
    try:
        server.add_insecure_port(config.target)
    except RuntimeError as error:
        raise _unusable(config.socket, str(error)) from error
    finally:
        os.umask(mask)


def _unusable(path: str, why: str) -> HostError:
    return HostError(
        Refusal(
            Code.FAILED_PRECONDITION,
            "SocketUnusable",
            f"conmand cannot serve on {path}: {why}",
            "name another --address",
            "address",
        )
    )
