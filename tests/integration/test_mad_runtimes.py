"""Runtimes that hang, lie, rave, die or are not there: a clear answer in bounded time, nothing left behind.

Each is a few lines of shell before fakerunc, chosen by a container's own --runtime; one daemon serves all
of them. What a runtime says is never believed where it can be looked at.
"""

import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.one_conmand import Conmand

pytestmark = pytest.mark.timeout(180)

TIMEOUT_S = 4
#: What a hanging call may cost at most, on a machine that has much else to do: far below its sleep.
PATIENCE_S = 60
FAKE = f"{Path(sys.executable).parent}/fakerunc"
SCRIPT = """#!/bin/sh
operation=none
for word in "$@"; do
    case $word in create|start|delete) operation=$word; break;; esac
done
if [ $operation = {operation} ]; then
    {madness}
fi
exec {fake} "$@"
"""


@pytest.fixture(scope="module")
def conmand() -> Iterator[Conmand]:
    top = Path(tempfile.mkdtemp(prefix="md", dir="/tmp"))
    one = Conmand(top, "--runtime", "fakerunc", "--runtime-timeout", str(TIMEOUT_S))
    one.start()
    yield one
    one.end()


@pytest.fixture(autouse=True)
def nothing_is_left(conmand: Conmand) -> Iterator[None]:
    """After each test: what it made can be removed, and then there is nothing."""
    yield
    for each in conmand.ctl("list").json["containers"]:
        gone = conmand.ctl("remove", "--force", each["id"])
        assert gone.code == 0, gone.error
    assert conmand.leftovers() == []


def mad(conmand: Conmand, operation: str, madness: str) -> str:
    """A runtime's path."""
    path = conmand.top / "mad"
    path.write_text(SCRIPT.format(operation=operation, madness=madness, fake=FAKE))
    path.chmod(0o755)
    return str(path)


def create(conmand: Conmand, runtime: str) -> tuple[int, str]:
    words = ("--rootfs", str(conmand.rootfs), "--runtime", runtime, "c")
    made = conmand.ctl("create", *words, "--", "/bin/sleep", "100")
    return made.code, made.error


def created(conmand: Conmand, runtime: str) -> None:
    code, error = create(conmand, runtime)
    assert code == 0, error


@pytest.mark.parametrize(
    ("madness", "said"),
    [
        ("sleep 600", "create did not end in time and was killed"),
        # Whoever it has started and left behind is ended too.
        ("sleep 600 & wait", "create did not end in time and was killed"),
        ("exit 0", "answered 0 but left no container"),
        ("echo '{\"pid\":'; exit 0", "answered 0 but left no container"),
        ("head -c 200000 /dev/urandom >&2; exit 1", "create failed: "),
        ("head -c 200000 /dev/zero; exit 7", "create failed: "),
        ("kill -9 $$", "create failed: "),
        (f'{FAKE} "$@"; exit 3', "create failed: "),
        (f'{FAKE} "$@"; sleep 600', "create did not end in time and was killed"),
    ],
)
def test_a_create_that_is_mad_did_not_happen(conmand: Conmand, madness: str, said: str) -> None:
    since = time.monotonic()
    code, error = create(conmand, mad(conmand, "create", madness))
    assert code == 1
    assert said in error
    assert "Traceback" not in error
    assert time.monotonic() - since < PATIENCE_S
    assert conmand.states() == {}
    assert conmand.leftovers() == []


def test_what_it_raves_is_not_the_containers(conmand: Conmand) -> None:
    created(conmand, mad(conmand, "create", "echo raving; echo raving >&2"))
    assert conmand.ctl("start", "c").code == 0
    assert conmand.ctl("stop", "--timeout", "0", "c").code == 0
    assert "raving" not in Path(conmand.status("c")["logPath"]).read_text()


@pytest.mark.parametrize("madness", [f'{FAKE} "$@"; sleep 600', f'{FAKE} "$@"; exit 1'])
def test_a_start_that_did_it_and_does_not_say_so_is_seen(conmand: Conmand, madness: str) -> None:
    created(conmand, mad(conmand, "start", madness))
    begun = conmand.ctl("start", "c")
    assert begun.code == 0, begun.error
    assert conmand.states() == {"c": "RUNNING"}


@pytest.mark.parametrize(
    ("madness", "said"),
    [
        ("sleep 600", "start did not end in time and was killed"),
        ("echo no; echo no >&2; exit 1", "start failed: no"),
        ("kill -9 $$", "start failed: "),
        ("exit 0", "start answered 0 but started nothing"),
    ],
)
def test_a_start_that_did_nothing_is_an_end(conmand: Conmand, madness: str, said: str) -> None:
    created(conmand, mad(conmand, "start", madness))
    begun = conmand.ctl("start", "c")
    assert begun.code == 1
    assert said in begun.error
    ended = conmand.status("c")
    assert (ended["state"], ended["exitCode"], ended["reason"]) == ("EXITED", 128, "StartError")


@pytest.mark.parametrize("madness", ["sleep 600", "exit 0", "exit 1", "kill -9 $$", "rm -f $0"])
def test_no_delete_is_needed(conmand: Conmand, madness: str) -> None:
    created(conmand, mad(conmand, "delete", madness))
    assert conmand.ctl("start", "c").code == 0
    since = time.monotonic()
    assert conmand.ctl("stop", "--timeout", "0", "c").code == 0
    assert time.monotonic() - since < PATIENCE_S
    assert conmand.status("c")["exitCode"] == 137
    assert conmand.ctl("remove", "c").code == 0


def test_a_runtime_that_goes_away_is_in_nobodys_way(conmand: Conmand) -> None:
    runtime = mad(conmand, "none", "true")
    created(conmand, runtime)
    assert conmand.ctl("start", "c").code == 0
    Path(runtime).unlink()
    assert conmand.ctl("stop", "--timeout", "0", "c").code == 0
    again = conmand.ctl("start", "c")
    assert again.code == 1
    assert f"the runtime {runtime} is not installed" in again.error
    ended = conmand.status("c")
    assert (ended["state"], ended["exitCode"], ended["run"]) == ("EXITED", 137, 1)
    assert conmand.ctl("remove", "c").code == 0


@pytest.mark.parametrize(
    ("runtime", "said"),
    [
        ("crunch", "apt-get install crunch"),
        ("/nowhere/crun", "apt-get install crun"),
    ],
)
def test_a_runtime_that_is_not_there(conmand: Conmand, runtime: str, said: str) -> None:
    code, error = create(conmand, runtime)
    assert code == 1
    assert f"the runtime {runtime} is not installed" in error
    assert said in error
    assert conmand.states() == {}


def test_a_file_that_is_no_runtime(conmand: Conmand) -> None:
    runtime = conmand.top / "mad"
    for content, mode in (("#!/nowhere/sh\n", 0o755), ("#!/bin/sh\n", 0o644), ("\x7fELF", 0o755)):
        runtime.write_text(content)
        runtime.chmod(mode)
        code, error = create(conmand, str(runtime))
        assert code == 1
        assert str(runtime) in error
        assert conmand.states() == {}
        assert conmand.leftovers() == []
    code, error = create(conmand, str(conmand.top))
    assert code == 1
    assert stat.S_ISDIR(conmand.top.stat().st_mode)
    assert conmand.states() == {}


def test_each_container_has_its_own(conmand: Conmand) -> None:
    """By name, by path, by default: side by side."""
    shutil.copy(mad(conmand, "none", "true"), conmand.top / "other")
    for name, choice in (("a", ()), ("b", ("--runtime", str(conmand.top / "other")))):
        words = ("--rootfs", str(conmand.rootfs), *choice, name, "--", "/bin/sleep", "100")
        assert conmand.ctl("create", *words).code == 0
        assert conmand.ctl("start", name).code == 0
    assert conmand.status("a")["runtime"] == "fakerunc"
    assert conmand.status("b")["runtime"] == str(conmand.top / "other")
    conmand.kill()
    conmand.start()
    assert conmand.states() == {"a": "RUNNING", "b": "RUNNING"}
