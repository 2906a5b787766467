"""What systemd is told, over a real datagram socket, and when its watchdog is fed."""

import asyncio
import itertools
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.daemon.systemd import Systemd, take_systemd, watched


class Listener:
    """A socket as systemd's."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(10)

    def heard(self) -> list[str]:
        return self.socket.recv(4096).decode().split("\n")


class Engine:
    """Alive as long as it is told so."""

    def __init__(self) -> None:
        self.alive = True
        self.asked = asyncio.Event()

    def is_alive(self, patience_s: float) -> bool:
        assert patience_s > 0
        self.asked.set()
        return self.alive

    async def asked_again(self) -> None:
        """Until it was asked from now on, and what came of it was done."""
        self.asked.clear()
        await asyncio.wait_for(self.asked.wait(), 10)


def drain(systemd: Listener) -> int:
    """How many datagrams were there."""
    systemd.socket.setblocking(False)
    for count in itertools.count():
        try:
            systemd.heard()
        except BlockingIOError:
            return count
    raise AssertionError


@pytest.fixture
def path() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="sm", dir="/tmp") as top:
        yield f"{top}/notify"


@pytest.fixture
def systemd(path: str) -> Iterator[Listener]:
    one = Listener(path)
    yield one
    one.socket.close()


def test_it_hears_of_readiness_status_and_the_end(systemd: Listener, path: str) -> None:
    manager = Systemd(path)
    manager.ready("serving")
    assert systemd.heard()[:2] == ["READY=1", "STATUS=serving"]
    manager.status("recovering")
    assert systemd.heard() == ["STATUS=recovering"]
    manager.stopping()
    assert systemd.heard()[0] == "STOPPING=1"


def test_an_abstract_name() -> None:
    name = f"conman-test-{os.getpid()}"
    systemd = Listener(f"\0{name}")
    Systemd(f"@{name}").feed()
    assert systemd.heard() == ["WATCHDOG=1"]
    systemd.socket.close()


def test_telling_nobody_is_no_error(path: str, caplog: pytest.LogCaptureFixture) -> None:
    Systemd().ready("serving")
    assert caplog.records == []
    Systemd(path).ready("serving")
    assert "systemd cannot be told" in caplog.text


def test_nothing_of_it_is_left_for_children(path: str) -> None:
    environ = {
        "NOTIFY_SOCKET": path,
        "WATCHDOG_USEC": "30000000",
        "WATCHDOG_PID": str(os.getpid()),
        "LISTEN_FDS": "1",
        "LISTEN_PID": "1",
        "PATH": "/bin",
    }
    assert take_systemd(environ) == Systemd(path, 30.0)
    assert environ == {"PATH": "/bin"}


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"NOTIFY_SOCKET": "relative"},
        {"WATCHDOG_USEC": "1000000"},
    ],
    ids=str,
)
def test_nobody_started_us(environ: dict[str, str]) -> None:
    assert take_systemd(environ) == Systemd()
    assert environ == {}


@pytest.mark.parametrize(("usec", "pid"), [("1000000", "1"), ("soon", ""), ("-1", "")])
def test_a_watchdog_that_is_not_ours(path: str, usec: str, pid: str) -> None:
    environ = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": usec, "WATCHDOG_PID": pid}
    assert take_systemd(environ) == Systemd(path, 0.0)


def test_the_watchdog_is_fed_by_the_living_only(
    systemd: Listener, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Engine()

    async def live() -> None:
        async with watched(Systemd(path, 0.01), engine):
            for _ in range(2):
                assert await asyncio.to_thread(systemd.heard) == ["WATCHDOG=1"]
            engine.alive = False
            await engine.asked_again()
            drain(systemd)
            for _ in range(3):
                await engine.asked_again()

    asyncio.run(live())
    assert drain(systemd) == 0
    assert "the store has not answered" in caplog.text


def test_without_a_watchdog_nobody_is_asked() -> None:
    engine = Engine()

    async def live() -> None:
        async with watched(Systemd(), engine):
            await asyncio.sleep(0)

    asyncio.run(live())
    assert not engine.asked.is_set()


def test_the_unit_asks_for_what_host_md_says() -> None:
    unit = Path(__file__).resolve().parents[2] / "packaging" / "conman.service"
    lines = unit.read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
    wanted = {
        "Type": "notify",
        "NotifyAccess": "main",
        "KillMode": "process",
        "Restart": "always",
        "StartLimitIntervalSec": "0",
        "RuntimeDirectory": "conman",
        "RuntimeDirectoryPreserve": "yes",
        "TasksMax": "infinity",
        "TimeoutStartSec": "infinity",
    }
    assert {name: settings.get(name) for name in wanted} == wanted
    assert int(settings["WatchdogSec"]) >= 30
    namespaced = (
        "Private",
        "Protect",
        "ReadOnlyPaths",
        "ReadWritePaths",
        "InaccessiblePaths",
        "BindPaths",
        "BindReadOnlyPaths",
        "TemporaryFileSystem",
        "MountAPIVFS",
        "RootDirectory",
        "RootImage",
        "DynamicUser",
        "MountFlags",
        "Delegate",
    )
    assert not [name for name in settings if name.startswith(namespaced)]


def test_each_of_the_units_options_says_why() -> None:
    unit = Path(__file__).resolve().parents[2] / "packaging" / "conman.service"
    service = unit.read_text().split("[Service]\n", 1)[1].split("[Install]", 1)[0]
    for block in filter(None, service.split("\n\n")):
        assert block.strip().startswith("#"), block
