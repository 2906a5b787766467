"""One life of conmand: from a host taken over to its end, on the event loop.

It serves once recovery has looked at everything. A signal ends the serving, never a container. A bug ends
the daemon at once: what it left is the next one's to recover.
"""

import asyncio
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from conman.api.service import About
from conman.core.machine import Machine
from conman.daemon.config import BROKEN, Config
from conman.daemon.facts import facts
from conman.daemon.feed import Feed
from conman.daemon.log_feed import LogFeed
from conman.daemon.looks import Looks
from conman.daemon.measuring import Measuring
from conman.daemon.server import Server, bind
from conman.daemon.startup import Host
from conman.daemon.systemd import Systemd, watched
from conman.daemon.warming import warming
from conman.engine.driver import Driver
from conman.host.facts import memory_bytes
from conman.version import VERSION

if TYPE_CHECKING:
    from conman.engine.recorder import Recorder

#: How long calls and effects under way may take to end; what has not is left to recovery.
GRACE_S = 5.0

_log = logging.getLogger(__name__)


async def live(config: Config, host: Host, recorder: "Recorder | None", systemd: Systemd) -> int:
    """Returns conmand's exit code. Raises ConmanError before it serves."""
    began = time.time_ns()
    stored = host.store.read()
    machine = Machine(host.setting)
    feed, logs = Feed(host.store), LogFeed()
    looks = Looks(host.setting.layout, host.performer.perform, memory_bytes())
    about = About(VERSION, host.store.instance, config.runtime_shown)
    turn = Lock()
    measuring = Measuring.begin(config, machine, about, turn)
    driver = Driver(
        machine,
        host.performer.perform,
        feed,
        host.points,
        recorder=recorder,
        spans=measuring.spans,
        turn=turn,
    )
    try:
        server = await bind(
            config,
            warming(driver.submit, host.cgroup_lock),
            about,
            feed=feed,
            logs=logs,
            looks=looks,
            facts=partial(facts, config, host, began),
            sink=measuring.metrics,
        )
        stop = _stop_by_signal()
        driver.boot(stored)
        await server.grpc.start()
        async with watched(systemd, driver):
            code = await _serve(config, server, driver, stop, systemd)
        _forget_socket(config.socket)
    finally:
        measuring.close()
        has_ended = driver.close()
    feed.close()
    logs.close()
    looks.close()
    if has_ended:
        host.store.close()
    host.zygote.close()
    if host.shim_cgroup is not None:
        host.shim_cgroup.remove()
    return code


async def _serve(
    config: Config, server: Server, driver: Driver, stop: asyncio.Event, systemd: Systemd
) -> int:
    ready = asyncio.ensure_future(driver.ready.wait())
    stopped = asyncio.ensure_future(stop.wait())
    first = asyncio.FIRST_COMPLETED
    await asyncio.wait({ready, stopped, driver.failure}, return_when=first)
    if driver.ready.is_set() and not driver.failure.done():
        await server.tell_health(up=True)
        _announce(config.target)
        systemd.ready(f"serving on {config.target}")
        await asyncio.wait({stopped, driver.failure}, return_when=first)
    if driver.failure.done():
        _log.critical(
            "conmand met an error of its own and ends", exc_info=driver.failure.exception()
        )
        return BROKEN
    systemd.stopping()
    await _end(server, driver)
    return 0


def _announce(target: str) -> None:
    try:
        sys.stdout.write(f"conman's here: {target}\n")
        sys.stdout.flush()
    except OSError as error:
        _log.warning("stdout cannot be written (%s), so nobody was told that conman's here", error)
    _log.info("serving on %s", target)


async def _end(server: Server, driver: Driver) -> None:
    """Take no more calls; let those end that can."""
    _log.info("ending; containers go on")
    server.feed.end()
    server.logs.end()
    await server.tell_health(up=False)
    stopping = asyncio.ensure_future(server.grpc.stop(GRACE_S))
    with suppress(TimeoutError):
        await asyncio.wait_for(driver.rest(), GRACE_S)
    # Whoever still waits (for an exit, say) asks the next daemon.
    await server.grpc.stop(0)
    await stopping


def _stop_by_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _forget_socket(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
