"""The end of a process: observed once, of the right process, and not after the driver's own."""

import asyncio
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from conman.core.effects import vocabulary as v
from conman.core.model import Stored
from conman.core.outputs import InitEnded, Observation, Output, Perform
from conman.engine.watcher import Watcher
from conman.primitives import steps as s
from conman.primitives.processes import boot_id, start_time
from tests.unit.engine_bench import Bench, at_boot, run
from tests.unit.few_descriptors import open_now, room_for
from tests.unit.test_shim_keep import Side


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def identity(child: "subprocess.Popen[bytes]") -> s.ProcessId:
    started = start_time(child.pid)
    assert started is not None
    return s.ProcessId(boot_id(), child.pid, started)


def watch(child: "subprocess.Popen[bytes]", *, later: int = 0) -> v.WatchInit:
    found = identity(child)
    return v.WatchInit("c", 1, s.ProcessId(found.boot_id, found.pid, found.start_time + later))


@pytest.fixture
def watcher(child: "subprocess.Popen[bytes]") -> Iterator[Watcher]:
    """On a loop that nobody runs; the child is every shim."""
    loop = asyncio.new_event_loop()
    one = Watcher(loop, lambda _end: None, lambda _step: s.ShimProcess(identity(child)))
    yield one
    one.close()
    loop.close()


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


def test_an_end_is_not_told_of_a_run_that_was_let_go_meanwhile(
    child: "subprocess.Popen[bytes]",
) -> None:
    """Its saga was quicker than the loop: it has read how the run ended, and the next one may have begun."""
    loop, ends = asyncio.new_event_loop(), list[Observation]()
    watcher = Watcher(loop, ends.append, lambda _step: s.Absent())
    watcher.perform(s.WatchProcess("c", 1, identity(child)))
    loop.run_until_complete(asyncio.sleep(0))
    child.kill()
    child.wait()
    # In one turn of the loop: it has seen the end, and somebody else comes first.
    loop.call_soon(watcher.perform, s.Release("c", 1))
    loop.run_until_complete(asyncio.sleep(0))
    assert ends == []
    watcher.close()
    loop.close()


@pytest.mark.parametrize("room", [0, 1])
def test_where_no_descriptor_is_left_nothing_is_watched_and_that_is_said(
    watcher: Watcher, child: "subprocess.Popen[bytes]", room: int
) -> None:
    """Of the pidfd, and of what it is compared with."""
    step = s.WatchProcess("c", 1, identity(child))
    before = open_now()
    with room_for(room):
        answer = watcher.perform(step)
    assert isinstance(answer, s.Failed)
    assert answer.error == "EMFILE"
    assert open_now() == before
    assert watcher.perform(step) == s.Done()


def test_how_it_ended_cannot_be_asked_without_a_descriptor(
    watcher: Watcher, child: "subprocess.Popen[bytes]"
) -> None:
    watcher.perform(s.WatchProcess("c", 1, identity(child)))
    with room_for(0):
        answer = watcher.perform(s.ReadExitStatus("c", 1))
    assert isinstance(answer, s.Failed)
    assert answer.error == "EMFILE"


def test_a_shim_whose_keep_cannot_be_fetched_is_to_be_watched_again(
    watcher: Watcher, tmp_path: Path
) -> None:
    """There is room for what watches it, and one more."""
    step = s.WatchShim("c", 1, str(tmp_path))
    side = Side(tmp_path)
    side.keep.hold(2)
    with room_for(2):
        answer = watcher.perform(step)
    assert isinstance(answer, s.Failed)
    assert answer.error == "EMFILE"
    side.during(threading.Thread(target=watcher.perform, args=(step,)))
    assert len(watcher._output._kept) == 1
    side.keep.close()
