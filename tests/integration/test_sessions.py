"""People's sessions with real programs: run, attach, start -a, while conmand and shims are killed under them."""

import json
import os
import select
import signal
import subprocess
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from scenarios.stages.daemon import BIN, PATIENCE_S
from tests.integration.one_conmand import RUNTIMES, Conmand, serving

pytestmark = pytest.mark.timeout(180)

#: Says a word when it begins, one for each USR1, and a last one for TERM.
WORDS = """trap 'echo word' USR1; trap 'echo last; echo err >&2; exit 7' TERM; echo begun
while true; do sleep 100 & wait; done"""


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    yield from serving(request.param)


class Person:
    """A conmanctl at work; what it shows is read here."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def sees(self, *lines: str) -> None:
        for line in lines:
            assert self._out.readline() == f"{line}\n"

    def has_something_to_see(self) -> bool:
        """Within a moment; before the first line was read."""
        return bool(select.select([self._out], [], [], 0.05)[0])

    def ends(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out, err

    @property
    def _out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout


@contextmanager
def person(conmand: Conmand, *words: str) -> Iterator[Person]:
    process = subprocess.Popen(
        [f"{BIN}/conmanctl", "--address", f"{conmand.run}/conmand.sock", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Person(process)
    finally:
        process.kill()
        process.communicate()


def run(conmand: Conmand, *command: str, options: tuple[str, ...] = ()) -> tuple[int, str, str]:
    words = ("run", *options, "--rootfs", str(conmand.rootfs), "--", *command)
    with person(conmand, *words) as one:
        return one.ends()


def test_run(conmand: Conmand) -> None:
    assert run(conmand, "/bin/sh", "-c", "echo out; echo err >&2; exit 7") == (7, "out\n", "err\n")
    code, _, err = run(conmand, "/bin/no-such")
    assert code == 127
    assert "the command '/bin/no-such' is not in the root file system" in err
    (conmand.rootfs / "bin/text").write_text("")
    assert run(conmand, "/bin/text")[0] == 126
    assert run(conmand, "/bin/sh", options=("-w", "relative"))[0] == 125
    [name] = conmand.states()
    assert "_" in name
    assert run(conmand, "/bin/sh", "-c", "exit 3", options=("--rm",)) == (3, "", "")
    assert run(conmand, "/bin/no-such", options=("--rm",))[0] == 127
    assert list(conmand.states()) == [name]


def test_a_session_goes_on_while_conmand_is_killed(conmand: Conmand) -> None:
    words = ("run", "--name", "web", "--rootfs", str(conmand.rootfs), "/bin/sh", "-c", WORDS)
    with person(conmand, *words) as one:
        one.sees("begun")
        pid = conmand.status("web")["pid"]
        conmand.kill()
        os.kill(pid, signal.SIGUSR1)
        one.sees("word")
        conmand.start()
        with person(conmand, "attach", "web") as other:
            # It is there once it is told something, too.
            while not other.has_something_to_see():
                os.kill(pid, signal.SIGUSR1)
                one.sees("word")
            other.sees("word")
            conmand.kill()
            os.kill(pid, signal.SIGTERM)
            assert one.ends() == (7, "last\n", "err\n")
            assert other.ends()[0] == 7
    conmand.start()
    assert conmand.states() == {"web": "EXITED"}


def test_signals_are_the_programs(conmand: Conmand) -> None:
    words = ("run", "--name", "web", "--rootfs", str(conmand.rootfs), "/bin/sh", "-c", WORDS)
    with person(conmand, *words) as one:
        one.sees("begun")
        one.process.send_signal(signal.SIGUSR1)
        one.sees("word")
        one.process.send_signal(signal.SIGTERM)
        assert one.ends() == (7, "last\n", "err\n")
    conmand.create("sleeps", "/bin/sleep", "100")
    with person(conmand, "start", "-a", "sleeps") as one:
        while conmand.states()["sleeps"] != "RUNNING":
            pass
        assert conmand.ctl("kill", "sleeps").code == 0
        assert one.ends() == (137, "", "")


def test_a_dead_client_leaves_the_program_alone(conmand: Conmand) -> None:
    words = ("run", "--name", "web", "--rootfs", str(conmand.rootfs), "/bin/sh", "-c", WORDS)
    with person(conmand, *words) as one:
        one.sees("begun")
        one.process.kill()
        one.ends()
    assert conmand.states() == {"web": "RUNNING"}


def test_a_dead_shim_is_followed_by_another(conmand: Conmand) -> None:
    words = ("run", "--name", "web", "--rootfs", str(conmand.rootfs), "/bin/sh", "-c", WORDS)
    with person(conmand, *words) as one:
        one.sees("begun")
        os.kill(conmand.shim_pid("web"), signal.SIGKILL)
        assert one.process.stderr is not None
        # Who is quicker than conmand, which has to hear of the death first, says that it tries again.
        told = (line for line in one.process.stderr if "trying until" not in line)
        assert next(told).startswith(
            "conmanctl: the shim of web died, and another has taken over:"
            " some output may be missing here; `conmanctl logs --since "
        )
        os.kill(conmand.status("web")["pid"], signal.SIGUSR1)
        one.sees("word")
        assert conmand.ctl("stop", "web").code == 0
        code, out, _ = one.ends()
        assert (code, out) == (conmand.status("web")["exitCode"], "last\n")


#: Says nothing but a word for USR1. Its traps are there when its child is.
SILENT = """trap 'echo word' USR1; trap 'exit 7' TERM
while true; do sleep 100 & wait; done"""


def test_what_a_successor_reads_before_its_client_is_there(conmand: Conmand) -> None:
    """It is in the log, and in no session: it is read from there, when the end is known."""
    words = ("run", "--name", "web", "--rootfs", str(conmand.rootfs), "/bin/sh", "-c", SILENT)
    with person(conmand, *words) as one:
        while conmand.states().get("web") != "RUNNING":
            pass
        shim, pid = conmand.shim_pid("web"), conmand.status("web")["pid"]
        children = Path(f"/proc/{pid}/task/{pid}/children")
        while not children.read_text():
            pass
        one.process.send_signal(signal.SIGSTOP)
        os.kill(shim, signal.SIGKILL)
        while conmand.shim_pid("web") == shim:
            pass
        os.kill(pid, signal.SIGUSR1)
        while "word\n" not in written(conmand, "web"):
            pass
        one.process.send_signal(signal.SIGCONT)
        assert one.process.stderr is not None
        assert "another has taken over" in one.process.stderr.readline()
        os.kill(pid, signal.SIGTERM)
        code, out, _ = one.ends()
        assert (code, out) == (conmand.status("web")["exitCode"], "word\n")


def written(conmand: Conmand, name: str) -> str:
    """What its log has."""
    lines = conmand.ctl("logs", name).out.splitlines()
    return "".join(b64decode(json.loads(line)["content"]).decode() for line in lines)


def test_start_shows_what_the_next_run_writes(conmand: Conmand) -> None:
    conmand.create("web", "/bin/sh", "-c", "echo out; echo err >&2; exit 3")
    for _ in range(3):
        with person(conmand, "start", "-a", "web") as one:
            assert one.ends() == (3, "out\n", "err\n")


def test_what_has_ended_cannot_be_attached_to(conmand: Conmand) -> None:
    conmand.create("web", "/bin/true")
    assert conmand.ctl("start", "web").code == 0
    assert conmand.ctl("wait", "web").code == 0
    with person(conmand, "attach", "web") as one:
        code, out, err = one.ends()
    assert (code, out) == (1, "")
    assert "container web has no streams: it is EXITED" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "point",
    [
        "create-container/RecordIntent/after",
        "create-container/CommitCreated/before",
        "create-container/CommitCreated/after",
        "open-stream/OfferStream/before",
        "open-stream/OfferStream/after",
        "start-container/RecordIntent/after",
        "start-container/RuntimeStart/after",
        "start-container/CommitRunning/after",
    ],
)
def test_run_gets_through_a_death_of_conmand(point: str) -> None:
    """At whatever it is asked to do for it: one container, its whole output, its code."""
    one = Conmand(Path(tempfile.mkdtemp(prefix="cm", dir="/tmp")), "--runtime", "fakerunc")
    one.start(CONMAN_CRASH_AT=point)
    script = ("/bin/sh", "-c", "echo out; exit 7")
    with person(one, "run", "--name", "web", "--rootfs", str(one.rootfs), *script) as client:
        assert one.died() == -signal.SIGKILL
        # The marker file has disarmed it.
        one.start(CONMAN_CRASH_AT=point)
        code, out, _ = client.ends()
    assert (code, out) == (7, "out\n")
    assert one.states() == {"web": "EXITED"}
    one.end()
