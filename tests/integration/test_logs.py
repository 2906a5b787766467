"""A container's log, followed through its rotations and the daemon's deaths: every byte once, and then the end."""

import base64
import json
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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
