"""Where metrics may be served: a unix socket, or a port of a loopback address. Nowhere else.

Whoever reads them needs no permission, so they must never be open to a network.
"""

import ipaddress
import os
from typing import NoReturn

from conman.daemon.settings import bad
from conman.frozen import frozen

_FIELD = "metrics-address"
_PATH_BYTES = 107


@frozen
class Endpoint:
    """Either `path`, or `host` and `port`."""

    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoint(address: str) -> Endpoint:
    """Raises ConfigError for anything else."""
    if address.startswith(("unix:", "/", ".")):
        return _unix(address)
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65535:
        _refuse(f"the metrics address {address!r} names no socket and no port")
    host = host.removeprefix("[").removesuffix("]")
    host = "127.0.0.1" if host == "localhost" else host
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        _refuse(f"the metrics address {address!r} has {host!r} for a host, which is no IP address")
    if not is_loopback:
        _refuse(f"the metrics address {address!r} is open to a network, and metrics need no login")
    return Endpoint(host=host, port=int(port))


def _unix(address: str) -> Endpoint:
    path = address.removeprefix("unix:").removeprefix("//")
    if not path or path.endswith("/"):
        _refuse(f"the metrics address {address!r} names no socket")
    path = os.path.abspath(path)
    if (length := len(os.fsencode(path))) > _PATH_BYTES:
        _refuse(
            f"the metrics socket {path} has {length} bytes, and only {_PATH_BYTES} are possible"
        )
    return Endpoint(path=path)


def _refuse(what: str) -> NoReturn:
    bad(what, "give unix:PATH, 127.0.0.1:PORT or [::1]:PORT", _FIELD)
