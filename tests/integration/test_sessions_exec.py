"""People's execs in real containers: output, input, a terminal, codes, and conmand killed under them."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from scenarios.stages.daemon import BIN, PATIENCE_S
from tests.integration.one_conmand import RUNTIMES, Conmand, serving
from tests.unit.one_terminal import terminal

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    for one in serving(request.param):
        one.create("web", "/bin/sleep", "100000")
        assert one.ctl("start", "web").code == 0
        yield one


def execute(conmand: Conmand, *words: str, typed: str = "") -> tuple[int, str, str]:
    done = subprocess.run(
        [f"{BIN}/conmanctl", "--address", f"{conmand.run}/conmand.sock", "exec", *words],
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_exec(conmand: Conmand) -> None:
    script = ("/bin/sh", "-c", "echo out; echo err >&2; exit 7")
    assert execute(conmand, "web", *script) == (7, "out\n", "err\n")
    assert execute(conmand, "-w", "/bin", "web", "/bin/sh", "-c", "pwd") == (0, "/bin\n", "")
    assert execute(conmand, "-i", "web", "/bin/cat", typed="typed\n") == (0, "typed\n", "")
    assert execute(conmand, "-d", "web", "/bin/true") == (0, "", "")
    assert execute(conmand, "--timeout", "0.1", "web", "/bin/sleep", "1000")[0] == 137
    code, _, err = execute(conmand, "web", "/bin/no-such")
    assert code == 127
    assert err.count("\n") == 1
    assert execute(conmand, "no-such", "/bin/true")[0] == 125


def test_an_exec_that_asks_for_its_size_at_once(conmand: Conmand) -> None:
    words = ("exec", "-it", "web", "/bin/sh", "-c", "stty size")
    with terminal(f"{conmand.run}/conmand.sock", *words, columns=132) as one:
        one.screen.expect_exact("24 132\r\n")
        one.ends()
        assert one.process.returncode == 0


def test_an_exec_goes_on_while_conmand_is_killed(conmand: Conmand) -> None:
    path = f"{conmand.run}/conmand.sock"
    with terminal(path, "exec", "-it", "web", "/bin/sh") as one:
        one.screen.send('echo a""b\r')
        one.screen.expect_exact("ab\r\n")
        one.resize(50, 132)
        one.screen.send("stty size\r")
        one.screen.expect_exact("50 132\r\n")
        conmand.kill()
        one.screen.send('echo still""here\r')
        one.screen.expect_exact("stillhere\r\n")
        one.screen.send("exit 7\r")
        one.ends()
        assert one.process.returncode == 7
        assert one.cooked
    conmand.start()
    assert conmand.states() == {"web": "RUNNING"}


def test_an_exec_ends_with_its_container(conmand: Conmand) -> None:
    words = [f"{BIN}/conmanctl", "--address", f"{conmand.run}/conmand.sock", "exec", "web"]
    script = "echo begun; while true; do sleep 100; done"
    with subprocess.Popen([*words, "/bin/sh", "-c", script], stdout=subprocess.PIPE) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == b"begun\n"
        os.kill(conmand.status("web")["pid"], signal.SIGKILL)
        assert one.wait(PATIENCE_S) == 137


def test_an_exec_whose_shim_dies(conmand: Conmand) -> None:
    """Its output is read by nobody then: that is said. It can be killed yet, and its end is conmand's to tell."""
    words = [f"{BIN}/conmanctl", "--address", f"{conmand.run}/conmand.sock", "exec", "web"]
    program = ("/bin/sh", "-c", "echo begun; while true; do sleep 100; done")
    out = subprocess.PIPE
    with subprocess.Popen([*words, *program], stdout=out, stderr=out) as one:
        assert one.stdout is not None
        assert one.stderr is not None
        assert one.stdout.readline() == b"begun\n"
        os.kill(conmand.shim_pid("web"), signal.SIGKILL)
        told = b"conmanctl: the shim of /bin/sh in web died, and some output may be missing\n"
        assert one.stderr.readline() == told
        one.send_signal(signal.SIGTERM)
        assert one.wait(PATIENCE_S) == 255
