"""Nothing of a play stays on its host, whoever is late and whatever fails meanwhile."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios.soak.host import Host
from scenarios.stages.census import daemons
from scenarios.stages.clearing import clear
from scenarios.stages.daemon import Daemon
from scenarios.stages.loop_disk import LoopDisk
from scenarios.stages.real_host import process
from tests.chaos.test_soak import can_cut

DISK = pytest.mark.skipif(not can_cut(), reason="a disk in a file needs root and mkfs.ext4")


def mounts(top: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if f" {top}/" in line]


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    one = Daemon(Path(tempfile.mkdtemp(prefix="cc", dir="/tmp")), "--runtime", "fakerunc")
    yield one
    shutil.rmtree(one.top)


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in found for child in file.read_text().split()]


def test_a_zygote_that_has_not_noticed_its_daemons_end(daemon: Daemon) -> None:
    """It would enter its cgroup once more, or be in it when that is to be removed."""
    daemon.start()
    assert daemon.process is not None
    [zygote] = children(daemon.process.pid)
    os.kill(zygote, signal.SIGSTOP)
    daemon.kill()
    clear(daemon)
    assert process(zygote) is None
    assert daemons(daemon.place) == []


@DISK
def test_a_disk_that_has_lost_its_power() -> None:
    host = Host("fakerunc", lambda _told: None)
    host.furnish(has_disk=True)
    host.begin(None)
    host.must_be_ready()
    place = host.daemon.place
    assert host.disk is not None
    host.disk.shut()
    host.close()
    assert (daemons(place), mounts(host.top), host.top.exists()) == ([], [], False)


@DISK
def test_a_disk_whose_power_has_not_come_back(tmp_path: Path) -> None:
    disk = LoopDisk(tmp_path)
    disk.shut()
    disk.close()
    disk.close()
    assert mounts(tmp_path) == []
