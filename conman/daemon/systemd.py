"""What conmand tells systemd, and what it is told: sd_notify(3) and the watchdog, over one datagram socket.

The variables are taken out of the environment at once: with NOTIFY_SOCKET a runtime would tell systemd
about itself, and LISTEN_* would be obeyed by children. Telling must never fail or hold up a daemon.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncGenerator, MutableMapping
from contextlib import asynccontextmanager
from typing import Protocol

from conman.frozen import frozen

_PREFIXES = ("LISTEN_", "WATCHDOG_")
_log = logging.getLogger(__name__)


@frozen
class Systemd:
    """`socket_path` "": nobody started us. `watchdog_s`: how often it wants to hear of us; 0: never."""

    socket_path: str = ""
    watchdog_s: float = 0.0

    def ready(self, status: str) -> None:
        self._tell(f"READY=1\nSTATUS={status}\nMAINPID={os.getpid()}")

    def status(self, status: str) -> None:
        self._tell(f"STATUS={status}")

    def stopping(self) -> None:
        self._tell("STOPPING=1\nSTATUS=ending; containers go on")

    def feed(self) -> None:
        """We are alive."""
        self._tell("WATCHDOG=1")

    def _tell(self, lines: str) -> None:
        if not self.socket_path:
            return
        # An abstract name begins with @, for NUL.
        path = f"\0{self.socket_path[1:]}" if self.socket_path[0] == "@" else self.socket_path
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told:
                told.sendto(lines.encode(), socket.MSG_DONTWAIT, path)
        except OSError as error:
            _log.warning("systemd cannot be told %r: %s", lines, error.strerror)


def take_systemd(environ: MutableMapping[str, str]) -> Systemd:
    """Who started us; removes from `environ` all that is meant for this process alone."""
    path = environ.pop("NOTIFY_SOCKET", "")
    usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    for name in [name for name in environ if name.startswith(_PREFIXES)]:
        del environ[name]
    ours = usec.isdecimal() and pid in ("", str(os.getpid()))
    if path and path[0] not in "/@":
        _log.warning("NOTIFY_SOCKET=%r is no unix socket: systemd is told nothing", path)
        path = ""
    return Systemd(path, int(usec) / 1_000_000 if ours and path else 0.0)


class Alive(Protocol):
    """The engine, as far as it is needed here."""

    def is_alive(self, patience_s: float) -> bool: ...


@asynccontextmanager
async def watched(systemd: Systemd, engine: Alive) -> AsyncGenerator[None]:
    """Feeds the watchdog, twice as often as asked for, as long as loop and store are alive."""
    feeding = asyncio.ensure_future(_feed(systemd, engine)) if systemd.watchdog_s else None
    try:
        yield
    finally:
        if feeding is not None:
            feeding.cancel()


async def _feed(systemd: Systemd, engine: Alive) -> None:
    while True:
        if engine.is_alive(systemd.watchdog_s):
            systemd.feed()
        else:
            _log.error("the store has not answered for %s s", systemd.watchdog_s)
        await asyncio.sleep(systemd.watchdog_s / 2)
