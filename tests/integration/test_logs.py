"""A container's log, followed through its rotations and the daemon's deaths: every byte once, and then the end."""

import base64
import json
import os
import signal
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conman.core.log_records import chunks
from scenarios.stages.daemon import BIN
from tests.integration.one_conmand import RUNTIMES, Conmand, serving

pytestmark = pytest.mark.timeout(180)

#: As much as one word of a command may have, and twice what a FIFO holds.
LINES = [f"{number:03}{'x' * 997}" for number in range(125)]
BATCH = "".join(f"{line}\n" for line in LINES).encode()
FIRST = b"ready\n"
#: Writes the lines whenever it is told to.
WRITES = (
    f"trap '{'; '.join(f'echo {line}' for line in LINES)}' USR1; trap 'exit 0' TERM; echo ready;"
    " while true; do sleep 1000 & wait; done"
)


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    yield from serving(request.param)


def begins(conmand: Conmand, *options: str) -> None:
    """A container `one` that writes when it is told to."""
    rootfs = ("--rootfs", str(conmand.rootfs))
    made = conmand.ctl("create", *rootfs, *options, "one", "--", "/bin/sh", "-c", WRITES)
    assert made.code == 0, made.error
    assert conmand.ctl("start", "one").code == 0


@contextmanager
def following(conmand: Conmand) -> Generator["subprocess.Popen[bytes]"]:
    words = ["--address", f"{conmand.run}/conmand.sock", "logs", "-f", "one"]
    with subprocess.Popen(
        [f"{BIN}/conmanctl", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as follower:
        try:
            yield follower
        finally:
            follower.kill()


def told(follower: "subprocess.Popen[bytes]", count: int) -> bytes:
    assert follower.stdout is not None
    return follower.stdout.read(count)


def told_last_line(follower: "subprocess.Popen[bytes]") -> None:
    """Of a batch. What comes before it may be gone before it was read: so few files hold no whole batch."""
    assert follower.stdout is not None
    while (line := follower.stdout.readline()) != f"{LINES[-1]}\n".encode():
        assert line


def kept(conmand: Conmand, *options: str) -> bytes:
    """What a script reads."""
    said = conmand.ctl("logs", *options, "one")
    assert said.code == 0, said.error
    chunks = [json.loads(line) for line in said.out.splitlines()]
    assert all(each["stream"] == "stdout" for each in chunks)
    return b"".join(base64.b64decode(each["content"]) for each in chunks)


def files(conmand: Conmand) -> list[Path]:
    return sorted(conmand.data.glob("containers/*/log*"))


def test_followed_over_rotations_and_deaths_of_the_daemon(conmand: Conmand) -> None:
    begins(conmand, "--log-opt", "max-size=20k", "--log-opt", "max-file=100")
    with following(conmand) as follower:
        assert told(follower, len(FIRST)) == FIRST
        for _ in range(5):
            assert conmand.ctl("kill", "-s", "USR1", "one").code == 0
            conmand.kill()
            conmand.start()
            assert told(follower, len(BATCH)) == BATCH
        assert len(files(conmand)) > 10
        assert conmand.ctl("stop", "one").code == 0
        assert told(follower, -1) == b""
        assert follower.wait(30) == 0
    assert kept(conmand) == FIRST + 5 * BATCH


def test_the_newest_files_are_kept(conmand: Conmand) -> None:
    begins(conmand, "--log-opt", "max-size=20k", "--log-opt", "max-file=2")
    with following(conmand) as follower:
        assert told(follower, len(FIRST)) == FIRST
        for _ in range(3):
            assert conmand.ctl("kill", "-s", "USR1", "one").code == 0
            told_last_line(follower)
        assert conmand.ctl("stop", "one").code == 0
        assert follower.wait(30) == 0
    found = kept(conmand)
    assert found
    assert (FIRST + 3 * BATCH).endswith(found)
    assert kept(conmand, "--tail", "3") == found[-3 * 1001 :]
    # One of them at most holds a whole read.
    assert [file.name.partition(".")[0] for file in files(conmand)] == ["log", "log"]
    assert sum(file.stat().st_size for file in files(conmand)) <= 2 * (65536 + 20 * 1024)


def test_a_second_run_goes_on_in_the_same_log(conmand: Conmand) -> None:
    """A follower of the first ends with it, as docker's does."""
    conmand.create("one", "/bin/sh", "-c", "echo 1; echo 2")
    with following(conmand) as follower:
        assert conmand.ctl("start", "one").code == 0
        assert told(follower, -1) == b"1\n2\n"
        assert follower.wait(30) == 0
    assert conmand.ctl("start", "one").code == 0
    assert conmand.ctl("wait", "one").code == 0
    assert kept(conmand) == b"1\n2\n1\n2\n"
    assert kept(conmand, "--tail", "3") == b"2\n1\n2\n"


# ---- moved away, and reopened ------------------------------------------------------------------


def moved(conmand: Conmand) -> Path:
    """As logrotate does it."""
    [log] = conmand.data.glob("containers/*/log")
    return log.rename(log.with_name("log-20260101"))


def output_of(file: Path) -> bytes:
    return b"".join(chunk.content for chunk in chunks(file.read_bytes()))


def batch(conmand: Conmand) -> None:
    assert conmand.ctl("kill", "-s", "USR1", "one").code == 0


def test_a_log_that_is_moved_away_and_reopened(conmand: Conmand) -> None:
    begins(conmand)
    with following(conmand) as follower:
        assert told(follower, len(FIRST)) == FIRST
        away = moved(conmand)
        batch(conmand)
        assert told(follower, len(BATCH)) == BATCH
        assert conmand.ctl("reopen-log", "one").code == 0
        assert conmand.ctl("reopen-log", "one").code == 0
        batch(conmand)
        assert told(follower, len(BATCH)) == BATCH
        assert output_of(away) == FIRST + BATCH
        assert conmand.ctl("stop", "one").code == 0
        assert told(follower, -1) == b""
    assert kept(conmand) == BATCH


@pytest.mark.parametrize("when", ["before", "after"])
def test_reopened_though_its_daemon_dies(conmand: Conmand, when: str) -> None:
    """The client asks the next one again, and a position in what was moved away is none in the new log."""
    begins(conmand)
    with following(conmand) as follower:
        assert told(follower, len(FIRST)) == FIRST
        conmand.terminate()
        conmand.start(CONMAN_CRASH_AT=f"reopen-container-log/ReopenLog/{when}")
        away = moved(conmand)
        with conmand.begin_ctl("reopen-log", "one") as client:
            assert conmand.died() == -signal.SIGKILL
            conmand.start()
            assert client.wait(60) == 0
        batch(conmand)
        assert told(follower, len(BATCH)) == BATCH
        assert output_of(away) == FIRST
    assert kept(conmand) == BATCH


def test_reopened_by_a_dead_shims_successor(conmand: Conmand) -> None:
    begins(conmand)
    with following(conmand) as follower:
        assert told(follower, len(FIRST)) == FIRST
        away = moved(conmand)
        os.kill(conmand.shim_pid("one"), signal.SIGKILL)
        assert conmand.ctl("reopen-log", "one").code == 0
        batch(conmand)
        assert told(follower, len(BATCH)) == BATCH
    assert output_of(away) == FIRST
    assert kept(conmand, "--stdout") == BATCH


def test_reopened_while_its_container_is_stopped(conmand: Conmand) -> None:
    """Who waits for a program that does not obey keeps nobody else waiting."""
    program = "trap 'echo asked' TERM; echo ready; while true; do sleep 1000 & wait; done"
    conmand.create("one", "/bin/sh", "-c", program)
    assert conmand.ctl("start", "one").code == 0
    with following(conmand) as follower:
        assert told(follower, len(FIRST)) == FIRST
        with conmand.begin_ctl("stop", "--timeout", "4", "one") as stopping:
            assert told(follower, 6) == b"asked\n"
            away = moved(conmand)
            assert conmand.ctl("reopen-log", "one").code == 0
            assert conmand.status("one")["state"] == "RUNNING"
            assert stopping.poll() is None
            assert stopping.wait(60) == 0
        assert told(follower, -1) == b""
    assert output_of(away) == FIRST + b"asked\n"
    assert kept(conmand) == b""


def test_nobody_writes_to_the_log_of_one_that_has_ended(conmand: Conmand) -> None:
    conmand.create("one", "/bin/echo", "1")
    assert conmand.ctl("start", "one").code == 0
    assert conmand.ctl("wait", "one").code == 0
    away = moved(conmand)
    said = conmand.ctl("reopen-log", "one")
    assert (said.code, said.out) == (1, "")
    assert "nobody writes to the log of container one: it is EXITED" in said.error
    assert conmand.ctl("start", "one").code == 0
    assert conmand.ctl("wait", "one").code == 0
    assert output_of(away) == b"1\n"
    assert kept(conmand) == b"1\n"


def test_a_log_that_cannot_be_reopened_is_written_to_where_it_was(conmand: Conmand) -> None:
    begins(conmand)
    with following(conmand) as follower:
        assert told(follower, len(FIRST)) == FIRST
        away = moved(conmand)
        in_its_place = away.with_name("log")
        in_its_place.mkdir()
        said = conmand.ctl("reopen-log", "one")
        assert said.code == 1
        assert "the log of container one cannot be reopened: Is a directory; " in said.error
        batch(conmand)
        assert told(follower, len(BATCH)) == BATCH
        in_its_place.rmdir()
        assert conmand.ctl("reopen-log", "one").code == 0
        batch(conmand)
        assert told(follower, len(BATCH)) == BATCH
    assert output_of(away) == FIRST + BATCH
    assert kept(conmand) == BATCH
