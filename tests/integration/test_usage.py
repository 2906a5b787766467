"""What a container really uses, and its processes, by the kernel's own counters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.file_events import await_content
from tests.integration.one_conmand import RUNTIMES, Conmand, serving

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    yield from serving(request.param)


def test_counters_and_processes(conmand: Conmand) -> None:
    limits = ("-m", "64m", "--pids-limit", "50")
    words = ("--", "/bin/sh", "-c", "sleep 1000 & echo ready; wait")
    made = conmand.ctl("create", "--rootfs", str(conmand.rootfs), *limits, "one", *words)
    assert made.code == 0, made.error
    idle = conmand.ctl("stats", "--no-stream", "one").json["containers"]
    assert [(each["state"], "usage" in each) for each in idle] == [("CREATED", False)]
    assert conmand.ctl("stats", "--no-stream").json == {"containers": []}
    assert conmand.ctl("start", "one").code == 0
    await_content(conmand.status("one")["logPath"], lambda log: b"ready" in log)

    processes = conmand.ctl("top", "one").json["processes"]
    init = conmand.status("one")["pid"]
    assert [each["ppid"] for each in processes if each["pid"] != init] == [init]
    assert all(Path(f"/proc/{each['pid']}").exists() for each in processes)

    [told] = conmand.ctl("stats", "--no-stream").json["containers"]
    usage = {name: int(value) for name, value in told["usage"].items()}
    assert (told["name"], told["state"], told["run"]) == ("one", "RUNNING", 1)
    assert usage["pids"] == len(processes) == 2
    assert usage["memoryBytes"] > 0
    assert usage["cpuNs"] > 0
    if conmand.status("one")["runtime"] == "runc":  # what fakerunc acts out has no cgroups
        assert usage["memoryLimitBytes"] == 64 * 1024 * 1024
        assert usage["pidsLimit"] == 50

    assert conmand.ctl("stop", "-t", "0", "one").code == 0
    over = conmand.ctl("top", "one")
    assert over.code == 1
    assert "it has no processes" in over.error
