"""The object that counts system calls, preloaded into small programs: what it counts, whom it strikes, what it refuses.

A point that has two names, or one name for two, would be swept past without a word; so would a variable that is
misread.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios.syscalls import preload
from scenarios.syscalls.preload import passed

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
BEGINS = "import ctypes, os, socket, sys\nc = ctypes.CDLL(None)\n"
#: PR_SET_NAME.
NAMED = BEGINS + "def name(text): c.prctl(15, text.encode(), 0, 0, 0)\nname('first')\n"


@pytest.fixture(scope="module", autouse=True)
def counting() -> None:
    assert preload.missing() == ""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (found := tmp_path / "place").mkdir()
    (tmp_path / "processes").mkdir()
    return found


def run(script: str, place: Path, *, log: Path, **told: str) -> "subprocess.CompletedProcess[str]":
    """With the place as its directory, and all of what it is told."""
    words = (sys.executable, "-ISEc", script)
    environ = os.environ | preload.environ([str(place)], log=str(log)) | told
    return subprocess.run(
        words, env=environ, cwd=place, capture_output=True, text=True, timeout=30, check=False
    )


def counted(script: str, place: Path, **told: str) -> list[tuple[str, str, str]]:
    """Points, calls and what they were about, below the place."""
    log = place.parent / "log"
    told = {"SYSCALL_POINTS_PROCESSES": str(place.parent / "processes")} | told
    done = run(script, place, log=log, **told)
    assert done.returncode == 0, done.stderr
    return [(one.point, one.call, one.what.removeprefix(f"{place}/")) for one in passed(log)]


SOCKET = """
name('first')
way, other = os.open('.', os.O_PATH), os.open('.', os.O_PATH)
listener, client = (socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2))
listener.bind(f'/proc/self/fd/{way}/shim.sock'); listener.listen()
client.connect(f'/proc/self/fd/{other}/shim.sock'); taken, _ = listener.accept()
os.close(way); os.close(other)
client.send(b'x'); taken.send(b'x'); os.write(client.fileno(), b'x')
"""


def test_a_socket_is_where_the_way_to_it_leads(place: Path) -> None:
    """As conman goes it: through a directory that is open, and closed by the time that something is sent."""
    seen = counted(NAMED + SOCKET, place)
    assert {what for _, _, what in seen} == {"shim.sock"}
    assert [call for _, call, _ in seen] == ["bind", "connect", "send", "send", "write"]


def test_the_socket_of_clients_does_not_count(place: Path) -> None:
    assert counted(NAMED + SOCKET.replace("shim.sock", "conmand.sock"), place) == []


FORKS = """
os.mkdir('a')
if os.fork() == 0:
    os.mkdir('b'); name('second'); os.mkdir('c')
    os._exit(0)
os.wait()
if os.fork() == 0:
    os.mkdir('d'); name('second'); os.mkdir('e'); os.mkdir('f')
    os._exit(0)
os.wait(); os.mkdir('g')
"""


def test_each_process_of_a_name_has_points_of_its_own(place: Path) -> None:
    assert [(point, what or call) for point, call, what in counted(NAMED + FORKS, place)] == [
        ("first@1", "a"),
        ("first@2", "fork"),
        ("first#2@1", "b"),
        ("second@1", "c"),
        ("first@3", "fork"),
        ("first#3@1", "d"),
        ("second#2@1", "e"),
        ("second#2@2", "f"),
        ("first@4", "g"),
    ]


def test_a_second_process_is_struck_where_it_is_meant(place: Path) -> None:
    counted(NAMED + FORKS, place, SYSCALL_POINTS_STRIKE="second#2@2")
    assert sorted(os.listdir(place)) == ["a", "b", "c", "d", "e", "g"]


@pytest.mark.parametrize("how", ["rename('a', '/nowhere/a')", "rename('/nowhere/a', 'a')"])
def test_what_is_moved_out_of_a_place_counts_as_what_is_moved_in(how: str, place: Path) -> None:
    script = f"{NAMED}try: os.{how}\nexcept OSError: pass\n"
    assert [(point, call) for point, call, _ in counted(script, place)] == [("first@1", "rename")]


def test_the_longest_path_is_written_whole_and_nothing_else(place: Path) -> None:
    script = (
        f"{NAMED}os.mkdir('{'y' * 250}'); os.chdir('{'y' * 250}'); c.mkdir(b'{'x' * 8000}', 0)\n"
    )
    _, (_, _, what) = counted(script, place)
    assert what == "y" * 250 + "/" + "x" * 4095


def test_more_names_than_can_be_counted_are_said(place: Path) -> None:
    script = f"{NAMED}for number in range(300): name(str(number)); os.mkdir(str(number))\n"
    done = run(script, place, log=place.parent / "log")
    assert (done.returncode, "more names than can be counted" in done.stderr) == (2, True)
    assert not any(one.point.endswith("@0") for one in passed(place.parent / "log"))


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        *(("ERROR", text) for text in ("abc", "5x", "0", "-1", "99999", "")),
        *(("UNDER", text) for text in ("/tmp/", ":/tmp", "/tmp:", "/a::/b", "tmp", "/", "")),
        *(("STRIKE", text) for text in ("x@x3", "x", "@1", "x@0", "x@01", "x#1@1", "x#@1", "")),
        *(("ONCE", text) for text in ("/nowhere/once", "once", "/", "")),
        *(("FILL", text) for text in ("/nowhere/ballast", "")),
        *(("PROCESSES", text) for text in ("/nowhere", "/dev/null", "")),
        *(("LOG", text) for text in ("/nowhere/log", "/", "")),
    ],
)
def test_a_variable_that_makes_no_sense_ends_it(variable: str, text: str, place: Path) -> None:
    """Whoever goes on would count nothing, or strike nobody."""
    name = f"SYSCALL_POINTS_{variable}"
    done = run("print('goes on')", place, log=place.parent / "log", **{name: text})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"syscall points: {name}: ")


# ---- a disk that is full ---------------------------------------------------------------------------

WRITES = "try: os.mkdir('a'); open('b', 'wb', 0).write(b'x' * 5000)\nexcept OSError as error: print(error)\n"


@pytest.fixture
def disk(place: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A small one, of a kind."""
    words = ("mount", "-t", request.param, "-o", "size=1m", "none", str(place))
    subprocess.run(words, check=True)
    yield place
    subprocess.run(("umount", place), check=True)


def filled(disk: Path) -> tuple[str, bool, bool]:
    """What the program says; whether it was struck; whether what fills the disk is there."""
    once, ballast = disk.parent / "once", disk / "ballast"
    told = {"STRIKE": "first@2", "FILL": str(ballast), "ONCE": str(once)}
    environ = {f"SYSCALL_POINTS_{name}": text for name, text in told.items()}
    done = run(NAMED + WRITES, disk, log=disk.parent / "log", **environ)
    return done.stdout.strip(), once.exists(), ballast.exists()


@ROOT
@pytest.mark.parametrize("disk", ["tmpfs"], indirect=True)
def test_a_disk_is_filled_to_its_last_block(disk: Path) -> None:
    assert filled(disk) == ("[Errno 28] No space left on device", True, True)


@ROOT
@pytest.mark.parametrize("disk", ["ramfs"], indirect=True)
def test_a_disk_that_cannot_be_filled_is_not_taken_for_full(disk: Path) -> None:
    assert filled(disk) == ("", False, False)
