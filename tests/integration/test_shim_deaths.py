"""A shim is killed, alone and with conmand: its container goes on, is logged, and its end is told honestly."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from conman.primitives.exit_status import exit_status
from scenarios.stages.daemon import PATIENCE_S
from tests.integration.file_events import await_content
from tests.integration.one_conmand import RUNTIMES, Conmand, await_end, serving

pytestmark = pytest.mark.timeout(180)

MARKER = b"conman: the shim died here"
UNKNOWN = (255, "Unknown")


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    yield from serving(request.param)


def kernel_tells() -> bool:
    """Whether this kernel tells through a pidfd how a reaped process ended."""
    pid = os.posix_spawn("/bin/true", ("true",), {})
    handle = os.pidfd_open(pid)
    os.waitpid(pid, 0)
    try:
        return exit_status(handle, 5) is not None
    finally:
        os.close(handle)


def running(conmand: Conmand, *command: str) -> str:
    """A container that was just started; its id.

    What is looked for in its log is in one file: `yes` fills one of the usual size at once.
    """
    words = ("--log-opt", "max-size=100m", "--rootfs", str(conmand.rootfs), "one", "--", *command)
    container_id = str(conmand.ctl("create", *words).json["containerId"])
    assert conmand.ctl("start", "one").code == 0
    return container_id


def log(conmand: Conmand, container_id: str) -> str:
    return f"{conmand.data}/containers/{container_id}/log"


def shim(conmand: Conmand, container_id: str) -> int:
    return int(json.loads((conmand.run / f"shims/{container_id}-1/shim.pid").read_text())["pid"])


def kill(pid: int) -> None:
    """And wait until it is dead."""
    handle = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    await_end(handle)


def ending(status: dict[str, Any]) -> tuple[int, str]:
    assert status["state"] == "EXITED"
    return status["exitCode"], status["reason"]


@pytest.mark.parametrize("command", [("/bin/yes",), ("/bin/sh", "-c", "yes | cat")], ids=" ".join)
def test_what_writes_goes_on_and_is_logged(conmand: Conmand, command: tuple[str, ...]) -> None:
    container_id = running(conmand, *command)
    before = conmand.status("one")
    await_content(log(conmand, container_id), lambda text: b"stdout F y\n" in text)
    kill(shim(conmand, container_id))
    goes_on = lambda text: b"stdout F y\n" in text.partition(MARKER)[2]  # noqa: E731
    text = await_content(log(conmand, container_id), goes_on)
    assert text.count(MARKER) == 1
    assert conmand.status("one") == before
    assert conmand.ctl("stop", "--timeout", "0", "one").code == 0
    told = (137, "Error") if kernel_tells() else UNKNOWN
    assert ending(conmand.status("one")) == told


def test_what_is_being_stopped_goes_on_and_is_logged(conmand: Conmand) -> None:
    """It does not end when it is asked to, and its shim dies meanwhile."""
    words = "trap 'echo word' USR1; trap 'echo asked' TERM; echo ready; while true; do sleep 100 & wait; done"
    container_id = running(conmand, "/bin/sh", "-c", words)
    await_content(log(conmand, container_id), lambda text: b"ready" in text)
    with conmand.begin_ctl("stop", "--timeout", "600", "one") as stopping:
        await_content(log(conmand, container_id), lambda text: b"asked" in text)
        kill(shim(conmand, container_id))
        await_content(log(conmand, container_id), lambda text: MARKER in text)
        os.kill(conmand.status("one")["pid"], signal.SIGUSR1)
        await_content(log(conmand, container_id), lambda text: b"word" in text.partition(MARKER)[2])
        assert stopping.poll() is None
        os.kill(conmand.status("one")["pid"], signal.SIGKILL)
        assert stopping.wait(60) == 0
    assert ending(conmand.status("one")) == ((137, "Error") if kernel_tells() else UNKNOWN)


def test_an_end_after_the_shims_is_told_as_the_kernel_tells_it(conmand: Conmand) -> None:
    container_id = running(conmand, "/bin/sh", "-c", "sleep 3; echo bye; exit 7")
    kill(shim(conmand, container_id))
    ended = conmand.ctl("wait", "one").json["status"]
    assert ending(ended) == ((7, "Error") if kernel_tells() else UNKNOWN)
    text = Path(log(conmand, container_id)).read_bytes()
    assert text.count(MARKER) == 1
    assert b" stdout F bye\n" in text.partition(MARKER)[2]
    record = conmand.data / f"containers/{container_id}/runs/1/exit.json"
    assert json.loads(record.read_text())["by"] == "daemon"


def test_last_words_are_kept_though_nobody_reads(conmand: Conmand) -> None:
    """Shim dead, conmand standing still, then the program ends: conmand holds the FIFOs' other ends."""
    container_id = running(conmand, "/bin/sh", "-c", "sleep 2; echo last words; exit 7")
    handle = os.pidfd_open(conmand.status("one")["pid"])
    assert conmand.process is not None
    conmand.process.send_signal(signal.SIGSTOP)
    kill(shim(conmand, container_id))
    await_end(handle)
    conmand.process.send_signal(signal.SIGCONT)
    ended = conmand.ctl("wait", "one").json["status"]
    assert ending(ended) == ((7, "Error") if kernel_tells() else UNKNOWN)
    assert b" stdout F last words\n" in Path(log(conmand, container_id)).read_bytes()


def test_shim_and_conmand_die_together(conmand: Conmand) -> None:
    container_id = running(conmand, "/bin/yes")
    before = conmand.status("one")
    await_content(log(conmand, container_id), lambda text: b"stdout F y\n" in text)
    conmand.kill()
    kill(shim(conmand, container_id))
    conmand.start()
    goes_on = lambda text: b"stdout F y\n" in text.partition(MARKER)[2]  # noqa: E731
    await_content(log(conmand, container_id), goes_on)
    assert conmand.status("one") == before
    assert conmand.ctl("remove", "--force", "one").code == 0


def test_an_end_that_nobody_was_there_for_is_unknown(conmand: Conmand) -> None:
    container_id = running(conmand, "/bin/sh", "-c", "sleep 2; exit 7")
    handle = os.pidfd_open(conmand.status("one")["pid"])
    conmand.kill()
    kill(shim(conmand, container_id))
    await_end(handle)
    conmand.start()
    # A zombie that init has yet to reap may still tell the truth; nothing else may be told.
    assert ending(conmand.status("one")) in {UNKNOWN, (7, "Error")}


def test_shims_that_die_one_after_the_other_are_followed_ever_later(conmand: Conmand) -> None:
    container_id = running(conmand, "/bin/sleep", "1000")
    first = conmand.status("one")
    for count in (1, 2):
        kill(shim(conmand, container_id))
        await_content(log(conmand, container_id), lambda text, n=count: text.count(MARKER) == n)
    kill(shim(conmand, container_id))
    # It may not have been told yet that the second one had come up: the message of that wait is still there then.
    ends = monotonic() + PATIENCE_S
    while "3 times in a row" not in (told := conmand.status("one")).get("message", ""):
        assert monotonic() < ends, told
    assert (told["state"], told["reason"]) == ("RUNNING", "ShimDied")
    assert "; the next is tried 2 s after the last" in told["message"]
    await_content(log(conmand, container_id), lambda text: text.count(MARKER) == 3)
    while "reason" in (told := conmand.status("one")):
        pass
    assert told == first


def test_a_created_container_can_be_started_after_its_shims_death(conmand: Conmand) -> None:
    container_id = conmand.create("one", "/bin/sh", "-c", "echo hello; exit 3")
    kill(shim(conmand, container_id))
    assert conmand.ctl("start", "one").code == 0
    ended = conmand.ctl("wait", "one").json["status"]
    assert ending(ended) == ((3, "Error") if kernel_tells() else UNKNOWN)
    assert b" stdout F hello\n" in Path(log(conmand, container_id)).read_bytes()


@pytest.mark.parametrize("shim_lives", [True, False], ids=["its shim lives", "its shim is dead"])
def test_a_removed_run_directory(conmand: Conmand, *, shim_lives: bool) -> None:
    container_id = running(conmand, "/bin/sleep", "100")
    waiting_id = conmand.create("waits", "/bin/sh", "-c", "exit 3")
    before = conmand.status("one")
    conmand.kill()
    if not shim_lives:
        kill(shim(conmand, container_id))
    shutil.rmtree(conmand.run)
    conmand.start()
    await_note(conmand, "ShimLost")
    told = conmand.status("one")
    assert {**told, "reason": None, "message": None} == {**before, "reason": None, "message": None}
    assert "was removed" in told["message"]
    [listed] = [one for one in conmand.ctl("list").json["containers"] if one["id"] == container_id]
    assert (listed["state"], listed["reason"]) == ("RUNNING", "ShimLost")
    conmand.kill()
    conmand.start()
    await_note(conmand, "ShimLost")
    assert conmand.ctl("stop", "--timeout", "0", "one").code == 0
    # A shim out of reach may have recorded the end before it is itself ended.
    truth = {(137, "Error")}
    assert ending(conmand.status("one")) in (truth if kernel_tells() else {*truth, UNKNOWN})
    assert conmand.ctl("start", "one").code == 0
    assert "reason" not in conmand.status("one")
    assert conmand.ctl("start", "waits").code == 0
    assert ending(conmand.ctl("wait", waiting_id).json["status"]) == (3, "Error")


def await_note(conmand: Conmand, reason: str) -> None:
    """Recovery is over before the shims' deaths have been looked at."""
    while conmand.status("one").get("reason") != reason:
        assert conmand.status("one")["state"] == "RUNNING"
