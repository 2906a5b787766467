"""The end of a process: observed once, of the right process, and not after the driver's own."""

import asyncio
import os
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from conman.core.effects import vocabulary as v
from conman.core.model import Stored
from conman.core.outputs import InitEnded, Output, Perform
from conman.primitives import steps as s
from conman.primitives.processes import boot_id, start_time
from tests.unit.engine_bench import Bench, at_boot, run


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def watch(child: "subprocess.Popen[bytes]", *, later: int = 0) -> v.WatchInit:
    started = start_time(child.pid)
    assert started is not None
    return v.WatchInit("c", 1, s.ProcessId(boot_id(), child.pid, started + later))


def test_a_watched_end_is_observed_once(child: "subprocess.Popen[bytes]") -> None:
    async def test() -> None:
        seen = asyncio.Event()
        performs = [Perform(n, watch(child), "settle/WatchInit") for n in (1, 2)]

        def says(told: tuple[Any, ...]) -> Sequence[Output]:
            if told[0] == "observe":
                seen.set()
            return performs if told[0] == "boot" else ()

        bench = Bench(says)
        bench.driver.boot(Stored())
        await bench.driver.rest()
        assert sorted(bench.script.completed(), key=str) == [(1, s.Done()), (2, s.Done())]
        child.kill()
        await seen.wait()
        await asyncio.sleep(0)
        observed = [told[1] for told in bench.script.told if told[0] == "observe"]
        assert observed == [InitEnded("c", 1)]
        bench.driver.close()

    run(test)


def test_a_stranger_with_the_same_pid_is_not_watched(child: "subprocess.Popen[bytes]") -> None:
    async def test() -> None:
        bench = Bench(at_boot(Perform(1, watch(child, later=1), "settle/WatchInit")))
        bench.driver.boot(Stored())
        await bench.driver.rest()
        assert bench.script.completed() == [(1, s.Gone())]
        bench.driver.close()

    run(test)


def test_a_driver_that_is_closed_watches_nothing(child: "subprocess.Popen[bytes]") -> None:
    async def test() -> None:
        bench = Bench(at_boot(Perform(1, watch(child), "settle/WatchInit")))
        bench.driver.boot(Stored())
        await bench.driver.rest()
        [watched] = bench.driver._watcher._watched.values()
        handle = watched.handle
        bench.driver.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(handle)
        child.kill()
        await asyncio.to_thread(child.wait)
        await asyncio.sleep(0)
        assert [told[0] for told in bench.script.told] == ["boot", "complete"]

    run(test)
