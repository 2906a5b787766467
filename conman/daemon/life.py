"""One life of conmand: from a host taken over to its end, on the event loop.

It serves once recovery has looked at everything. A signal ends the serving, never a container. A bug ends
the daemon at once, and so does the loss of RUN: what it left is the next one's to recover.
"""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from conman.api.service import About
from conman.core.layout import Layout
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
from conman.host.roots import of_layers
from conman.host.run_watch import RunWatch
from conman.host.writers import Writers
from conman.version import VERSION

if TYPE_CHECKING:
    from conman.engine.recorder import Recorder

#: How long calls and effects under way may take to end; what has not is left to recovery.
GRACE_S = 5.0

#: conmand's exit code for what a person can mend.
CANNOT_GO_ON = 1

#: "": a signal said so; else what of RUN was removed.
_End: TypeAlias = "asyncio.Future[str]"

_log = logging.getLogger(__name__)


async def live(config: Config, host: Host, recorder: "Recorder | None", systemd: Systemd) -> int:
    """Returns conmand's exit code. Raises ConmanError before it serves."""
    began = time.time_ns()
    stored = host.store.read()
    machine = Machine(host.setting)
    feed, logs = Feed(host.store), LogFeed()
    writers = Writers(host.setting.layout, of_layers)
    looks = Looks(host.setting.layout, host.performer.perform, writers, memory_bytes())
    about = About(VERSION, host.store.instance, config.runtime_shown)
    turn = Lock()
    measuring = Measuring.begin(config, machine, about, turn)
    driver = Driver(
        machine,
        writers.first(host.performer.perform),
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
        with _end_awaited(host.setting.layout) as end:
            if not end.done():
                driver.boot(stored)
            await server.grpc.start()
            async with watched(systemd, driver):
                code = await _serve(config, server, driver, end, systemd)
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
    config: Config, server: Server, driver: Driver, end: _End, systemd: Systemd
) -> int:
    ready = asyncio.ensure_future(driver.ready.wait())
    first = asyncio.FIRST_COMPLETED
    await asyncio.wait({ready, end, driver.failure}, return_when=first)
    if driver.ready.is_set() and not driver.failure.done():
        await server.tell_health(up=True)
        _announce(config.target)
        systemd.ready(f"serving on {config.target}")
        await asyncio.wait({end, driver.failure}, return_when=first)
    if driver.failure.done():
        _log.critical(
            "conmand met an error of its own and ends", exc_info=driver.failure.exception()
        )
        return BROKEN
    if lost := end.result():
        # At once: to whoever goes on, an absent lock says that nobody was ever started.
        _log.error(
            "%s is gone from its place, and conmand ends: start it again; containers go on", lost
        )
        return CANNOT_GO_ON
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


@contextmanager
def _end_awaited(layout: Layout) -> Generator[_End]:
    """Done by a signal, or when RUN is taken away."""
    loop = asyncio.get_running_loop()
    end: _End = loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _ends, end, "")
    with _run_watched(layout, partial(_ends, end)):
        yield end


def _ends(end: _End, lost: str) -> None:
    if not end.done():
        end.set_result(lost)


@contextmanager
def _run_watched(layout: Layout, tell: Callable[[str], None]) -> Generator[None]:
    try:
        watch = RunWatch(layout)
    except FileNotFoundError as lost:
        tell(lost.filename)
        yield
        return
    except OSError as error:
        _log.warning("if %s is removed, nobody will notice: %s", layout.run, error.strerror)
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_reader(watch, lambda: (lost := watch.lost()) and tell(lost))
    try:
        yield
    finally:
        loop.remove_reader(watch)
        watch.close()


def _forget_socket(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
